/** The service as a process, against the simulator and a real OTLP receiver. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { after, before, describe, type TestContext, test } from 'node:test';
import { startSimulator } from '../loadtest/simulator/server.ts';
import { startSpanStore } from '../observability/local/span-store.ts';
import { eventually } from './testing/poll.ts';
import { type ServiceProcess, spawnService, startService } from './testing/service-process.ts';

const KEY = 'sim-key-for-local-use';
const BODY = JSON.stringify({
  model: 'claude-sonnet-5-5',
  max_tokens: 16,
  messages: [{ role: 'user', content: 'hello' }],
});

type Simulator = Awaited<ReturnType<typeof startSimulator>>;
type SpanStore = Awaited<ReturnType<typeof startSpanStore>>;
type Span = ReturnType<SpanStore['spans']>[number];

function envFor(simulator: Simulator, store?: SpanStore): Record<string, string> {
  return {
    CLAUDE_BASE_URL: simulator.url,
    CLAUDE_API_KEY: KEY,
    CLAUDE_UPSTREAM_NAME: 'simulator',
    TRUST_INBOUND_TRACE: 'true',
    ADMISSION_LIMIT: '5000',
    OTEL_BSP_SCHEDULE_DELAY: '50',
    OTEL_BSP_MAX_QUEUE_SIZE: '20000',
    OTEL_EXPORTER_OTLP_ENDPOINT: store?.url ?? 'http://127.0.0.1:9',
  };
}

function ask(url: string, headers: Record<string, string> = {}, body = BODY): Promise<Response> {
  return fetch(`${url}/v1/messages`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  });
}

function ofTrace(store: SpanStore, uuid: string): Span[] {
  const traceId = uuid.replaceAll('-', '');
  return store.spans().filter((span) => span.traceId === traceId);
}

async function withUpstream(t: TestContext, env: Record<string, string> = {}) {
  const simulator = await startSimulator();
  const service = await startService({ ...envFor(simulator), ...env });
  t.after(async () => {
    await service.stop();
    await simulator.close();
  });
  return { simulator, service };
}

describe('one service, watched', { concurrency: false }, () => {
  let simulator: Simulator;
  let store: SpanStore;
  let service: ServiceProcess;

  before(async () => {
    simulator = await startSimulator();
    store = await startSpanStore({ port: 0 });
    service = await startService(envFor(simulator, store));
  });
  after(async () => {
    await service.stop();
    await simulator.close();
    await store.close();
  });

  test('one UUID is found in response, log, spans and at the upstream', async () => {
    const uuid = randomUUID();
    const response = await ask(service.url, { 'x-correlation-id': uuid });
    assert.equal(response.status, 200);
    assert.equal(response.headers.get('x-correlation-id'), uuid);
    await service.line((l) => l['msg'] === 'call' && l['correlation_id'] === uuid);

    const spans = await eventually(() => {
      const found = ofTrace(store, uuid);
      return found.length === 4 ? found : undefined;
    });
    const byId = new Map(spans.map((span) => [span.spanId, span]));
    const roots = spans.filter((span) => !span.parentSpanId);
    assert.deepEqual(
      roots.map((s) => s.name),
      ['POST /v1/messages'],
    );
    for (const span of spans) assert(!span.parentSpanId || byId.has(span.parentSpanId), span.name);
    const chain = ['POST', 'attempt', 'chat claude-sonnet-5-5', 'POST /v1/messages'];
    let span = spans.find((s) => s.name === 'POST');
    for (const name of chain) {
      assert.equal(span?.name, name);
      span = byId.get(span.parentSpanId ?? '');
    }
    const chat = spans.find((s) => s.name === 'chat claude-sonnet-5-5')?.attributes ?? {};
    assert.equal(chat['gen_ai.provider.name'], 'anthropic');
    assert.equal(chat['gen_ai.request.model'], 'claude-sonnet-5-5');
    assert.equal(chat['correlation.id'], uuid);
    assert(Number(chat['gen_ai.usage.input_tokens']) > 0);
    assert(Number(chat['gen_ai.usage.output_tokens']) > 0);

    const seen = simulator.requests().find((r) => r.headers['x-correlation-id'] === uuid);
    const attempt = spans.find((s) => s.name === 'attempt');
    assert.equal(
      seen?.headers['traceparent'],
      `00-${uuid.replaceAll('-', '')}-${attempt?.spanId}-01`,
    );
    assert.equal(seen.headers['tracestate'], undefined);
  });

  test('1,000 requests at once, each with its own ID, 0 wrong', async () => {
    const uuids = Array.from({ length: 1000 }, () => randomUUID());
    const returned = await Promise.all(
      uuids.map(async (uuid) => {
        const response = await ask(service.url, { 'x-correlation-id': uuid });
        await response.text();
        return response.headers.get('x-correlation-id');
      }),
    );
    assert.deepEqual(returned, uuids);
    const complete = () => uuids.every((u) => ofTraceCount.get(u) === 4);
    const ofTraceCount = new Map<string, number>();
    await eventually(() => {
      ofTraceCount.clear();
      const wanted = new Map(uuids.map((u) => [u.replaceAll('-', ''), u]));
      for (const span of store.spans()) {
        const uuid = wanted.get(span.traceId);
        if (!uuid) continue;
        assert.equal(span.attributes['correlation.id'] ?? uuid, uuid);
        ofTraceCount.set(uuid, (ofTraceCount.get(uuid) ?? 0) + 1);
      }
      return complete();
    });
    const upstream = new Set(simulator.requests().map((r) => r.headers['x-correlation-id']));
    assert(uuids.every((uuid) => upstream.has(uuid)));
  });

  test('a reused ID gives two roots in one trace', async () => {
    const uuid = randomUUID();
    await Promise.all([1, 2].map(() => ask(service.url, { 'x-correlation-id': uuid })));
    const spans = await eventually(() => {
      const found = ofTrace(store, uuid);
      return found.length === 8 ? found : undefined;
    });
    assert.equal(spans.filter((s) => !s.parentSpanId).length, 2);
  });

  test('an ID that is no trace ID travels beside the trace', async () => {
    const id = `order-${randomUUID().slice(0, 8)}:7`;
    const response = await ask(service.url, { 'x-correlation-id': id });
    assert.equal(response.headers.get('x-correlation-id'), id);
    const spans = await eventually(() => {
      const found = store.spans().filter((s) => s.attributes['correlation.id'] === id);
      return found.length >= 2 ? found : undefined;
    });
    assert.equal(new Set(spans.map((s) => s.traceId)).size, 1);
  });

  test('without an ID the trace ID is the correlation ID', async () => {
    const id = (await ask(service.url)).headers.get('x-correlation-id') ?? '';
    assert.match(id, /^[0-9a-f]{32}$/);
    await eventually(() => ofTrace(store, id).length === 4);
  });

  test('retries are attempts of one trace', async () => {
    const uuid = randomUUID();
    simulator.setFaults([{ kind: 'error_500', probability: 1 }]);
    const response = await ask(service.url, { 'x-correlation-id': uuid });
    simulator.setFaults([]);
    assert.equal(response.status, 500);
    assert.equal(response.headers.get('x-should-retry'), 'false');
    const spans = await eventually(() => {
      const found = ofTrace(store, uuid);
      return found.length === 8 ? found : undefined;
    });
    assert.equal(spans.filter((s) => s.name === 'attempt').length, 3);
  });

  test('what /metrics prints: names, types and labels', async (t) => {
    for (const stream of [true, false]) {
      await (await ask(service.url, {}, BODY.replace('{', `{"stream":${stream},`))).text();
    }
    const text = await (await fetch(service.metricsUrl)).text();
    assert(/http_server_request_duration_count\{[^}]*http_route="\/v1\/messages"/.test(text));
    assert(text.includes('claude_api_request_duration_seconds_bucket'));
    assert(/claude_api_request_duration_seconds_bucket\{[^}]*le="0.5"/.test(text));
    assert(/claude_api_request_duration_seconds_bucket\{[^}]*le="300"/.test(text));
    assert(!text.includes(KEY));
    t.assert.snapshot(shape(text));
  });

  test('neither prompts, answers nor anybody’s data are in spans and lines', async () => {
    const prompt = `${randomUUID()} is the prompt`;
    const id = `redact-${randomUUID()}`;
    const query = '?api_key=planted-in-query&mail=bob%40example.com';
    for (const stream of [true, false]) {
      const response = await fetch(`${service.url}/v1/messages${query}`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'user-agent': 'agent/1 (+4915123456789)',
          'x-correlation-id': id,
          authorization: 'Bearer planted-in-header',
        },
        body: BODY.replace('"hello"', JSON.stringify(prompt)).replace('{', `{"stream":${stream},`),
      });
      assert.equal(response.status, 200);
      const answer = await response.text();
      assert(stream || answer.includes(prompt), 'the simulator answers with the prompt');
    }
    const spans = await eventually(() => {
      const found = store.spans().filter((s) => s.attributes['correlation.id'] === id);
      const traces = new Set(found.map((s) => s.traceId));
      const all = store.spans().filter((s) => traces.has(s.traceId));
      return all.length === 8 ? all : undefined;
    });
    await service.line((l) => l['msg'] === 'request' && l['correlation_id'] === id);
    const seen = JSON.stringify([spans, service.lines], (_, v) =>
      typeof v === 'bigint' ? `${v}` : v,
    );
    for (const text of [prompt, 'planted-in', 'bob', '+4915']) assert(!seen.includes(text), text);
    assert(seen.includes('api_key=[redacted]&mail=[redacted:email]'));
    assert(seen.includes('agent/1 ([redacted:phone])'));
  });

  test('the key is in no span and no log line', () => {
    assert(store.spans().length > 1000);
    const spans = JSON.stringify(store.spans(), (_, v) => (typeof v === 'bigint' ? `${v}` : v));
    assert(!spans.includes(KEY));
    assert(!JSON.stringify(service.lines).includes(KEY));
    assert(spans.includes('/v1/messages'));
  });

  test('every series of an objective exists at zero', async () => {
    const text = await (await fetch(service.metricsUrl)).text();
    for (const type of ['upstream_error', 'overloaded', 'timeout', 'network_error', 'truncated']) {
      assert(
        text.includes(`claude_api_errors_total{upstream="simulator",error_type="${type}"}`),
        type,
      );
    }
  });
});

/** A scrape without its values: `name type {labels}`, one line a metric, sorted. */
function shape(text: string): string[] {
  const labels = new Map<string, Set<string>>();
  const types = new Map<string, string>();
  for (const line of text.split('\n')) {
    const type = /^# TYPE (\S+) (\S+)/.exec(line);
    if (type) types.set(type[1] ?? '', type[2] ?? '');
    const sample = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? /.exec(line);
    if (!sample) continue;
    const base = (sample[1] ?? '').replace(/_(bucket|sum|count)$/, '');
    const name = types.has(base) ? base : (sample[1] ?? '');
    const set = labels.get(name) ?? new Set();
    for (const [, label] of (sample[2] ?? '').matchAll(/(\w+)="/g)) set.add(label ?? '');
    labels.set(name, set);
  }
  const ours = [...types].filter(([name]) =>
    /^(claude|gen_ai|http|otel_sdk_processor)_/.test(name),
  );
  return ours
    .map(([name, type]) => `${name} ${type} {${[...(labels.get(name) ?? [])].sort().join(', ')}}`)
    .sort();
}

test('with tracing off the correlation ID works all the same', async (t) => {
  for (const off of [
    { OTEL_SDK_DISABLED: 'true' },
    { OTEL_TRACES_EXPORTER: 'none' },
    { OTEL_TRACES_SAMPLER: 'always_off' },
  ] as Record<string, string>[]) {
    const { simulator, service } = await withUpstream(t, off);
    const uuid = randomUUID();
    const response = await ask(service.url, { 'x-correlation-id': uuid });
    assert.equal(response.status, 200, JSON.stringify(off));
    assert.equal(response.headers.get('x-correlation-id'), uuid);
    assert.equal(simulator.requests()[0]?.headers['x-correlation-id'], uuid);
    await service.line((l) => l['msg'] === 'call' && l['correlation_id'] === uuid);
  }
});

test('a collector that is down is not noticed, and its lost spans are counted', async (t) => {
  const { service } = await withUpstream(t, { OTEL_BSP_MAX_QUEUE_SIZE: '512' });
  const statuses = await Promise.all(
    Array.from({ length: 400 }, async () => (await ask(service.url)).status),
  );
  assert.deepEqual([...new Set(statuses)], [200]);
  const lost = await eventually(async () => {
    const text = await (await fetch(service.metricsUrl)).text();
    return text
      .split('\n')
      .find((l) => l.startsWith('otel_sdk_processor_span_processed') && l.includes('error_type'));
  });
  assert(Number(lost.split(' ').at(-1)) > 0, lost);
});

test('SIGTERM: a stream in flight is finished, new calls are refused, the exit is 0', async (t) => {
  const { simulator, service } = await withUpstream(t, { OTEL_TRACES_EXPORTER: 'none' });
  simulator.setFaults([{ kind: 'slow', delayMs: 300, probability: 1 }]);
  const pending = ask(service.url, {}, BODY.replace('{', '{"stream":true,'));
  await eventually(() => simulator.requests().length > 0);
  const stopped = service.stop();
  const text = await (await pending).text();
  assert(text.includes('event: message_stop'));
  assert.equal(await stopped, 0);
  await assert.rejects(ask(service.url));
  assert(service.lines.some((l) => l['msg'] === 'stopped'));
});

test('bad configuration: exit 78 before listening, every key listed, no secret printed', async () => {
  const child = spawnService({ PORT: 'x', LOG_LEVEL: 'loud', CLAUDE_API_KEY: 'planted secret' });
  let printed = '';
  child.stderr?.on('data', (c) => (printed += c));
  child.stdout?.on('data', (c) => (printed += c));
  const [code] = await once(child, 'close');
  assert.equal(code, 78);
  for (const key of ['PORT', 'LOG_LEVEL', 'CLAUDE_API_KEY'])
    assert(printed.includes(`${key}:`), key);
  assert(!printed.includes('planted'));
});

test('a taken port is said, and ends the process', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  t.after(() => taken.close());
  const child = spawnService({ PORT: String((taken.address() as AddressInfo).port) });
  let printed = '';
  child.stdout?.on('data', (c) => (printed += c));
  const [code] = await once(child, 'close');
  assert.equal(code, 1);
  assert(printed.includes('EADDRINUSE'));
});

test('switched on, prompts and answers are on the call’s span, redacted', async (t) => {
  const spans = await startSpanStore({ port: 0 });
  t.after(spans.close);
  const { service } = await withUpstream(t, {
    OTEL_EXPORTER_OTLP_ENDPOINT: spans.url,
    OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT: 'true',
  });
  for (const stream of [true, false]) {
    const id = randomUUID();
    const body = BODY.replace('hello', 'ask bob@example.com').replace('{', `{"stream":${stream},`);
    const answer = await ask(service.url, { 'x-correlation-id': id }, body);
    assert.match(await answer.text(), stream ? /message_stop/ : /bob@example.com/);
    const { attributes } = await eventually(() =>
      ofTrace(spans, id).find(({ name }) => name.startsWith('chat ')),
    );
    const input = String(attributes['gen_ai.input.messages']);
    assert.deepEqual(JSON.parse(input), [
      { role: 'user', parts: [{ type: 'text', content: 'ask [redacted:email]' }] },
    ]);
    const output = String(attributes['gen_ai.output.messages']);
    assert.match(JSON.parse(output)[0].parts[0].content, /^You said: ask \[redacted:email\]/);
  }
});

/** A module for `node --import`, before the service's own. */
const imported = (code: string) => ({
  NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(code)}`,
});

test('a crash ends the process with 1, and prints no secret and nobody’s data', async () => {
  const error = `new Error('of ${KEY}, bob@example.com, sk-ant-x1')`;
  const get = `get(env, key) { if (key === 'CLAUDE_API_KEY') throw ${error}; return env[key]; }`;
  const before = `process.env = new Proxy(process.env, { ${get} });`;
  const thrown = `process.on('SIGUSR2', () => { throw ${error}; });`;
  const rejected = `process.on('SIGUSR2', () => { Promise.reject(${error}); });`;
  for (const code of [before, thrown, rejected]) {
    const child = spawnService({ CLAUDE_API_KEY: KEY, ...imported(code) });
    let printed = '';
    const read = (chunk: Buffer) => {
      printed += chunk;
      if (printed.includes('"listening"')) child.kill('SIGUSR2');
    };
    child.stderr?.on('data', read);
    child.stdout?.on('data', read);
    const [status] = await once(child, 'close');
    assert.equal(status, 1, printed);
    assert(printed.includes('Error: of '), printed);
    for (const text of ['bob', 'sk-ant']) assert(!printed.includes(text), printed);
    // Before the settings are read nobody knows what is a secret.
    if (code !== before) assert(!printed.includes(KEY), printed);
  }
});

test('log lines go out by OTLP too when that is asked for; a dead collector holds up nothing', async (t) => {
  const bodies: Buffer[] = [];
  const collector = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      if (request.url === '/v1/logs') bodies.push(Buffer.concat(chunks));
      response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
    });
  }).listen(0, '127.0.0.1');
  await once(collector, 'listening');
  t.after(() => collector.close().closeAllConnections());
  const { port } = collector.address() as AddressInfo;
  const { service } = await withUpstream(t, {
    OTEL_LOGS_EXPORTER: 'otlp',
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
  });
  const uuid = randomUUID();
  await ask(service.url, { 'x-correlation-id': uuid });
  const traceId = Buffer.from(uuid.replaceAll('-', ''), 'hex');
  await eventually(() => bodies.find((b) => b.includes(uuid) && b.includes(traceId)));
  await service.line((line) => line['msg'] === 'call' && line['correlation_id'] === uuid);
  const metrics = await (await fetch(service.metricsUrl)).text();
  assert.match(metrics, /otel_sdk_processor_log_processed_total\{[^}]*\} [1-9]/);

  collector.close().closeAllConnections();
  for (let i = 0; i < 20; i++) assert.equal((await ask(service.url)).status, 200);
  assert.equal(await service.stop(), 0);
  assert(!bodies.some((body) => body.includes(KEY)));
});
