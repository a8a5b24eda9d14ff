/** The service over real HTTP: the official SDK as its caller, the simulator as its upstream. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import Anthropic from '@anthropic-ai/sdk';
import type { Fault } from '../loadtest/simulator/faults.ts';
import { DEFAULT_KEY, startSimulator } from '../loadtest/simulator/server.ts';
import { eventually } from './testing/poll.ts';
import { type ServiceProcess, startService } from './testing/service-process.ts';

const CALLER_KEY = 'sk-of-the-caller-himself';
const MODEL = 'claude-haiku-5-5';
const ASK = {
  model: MODEL,
  max_tokens: 64,
  messages: [{ role: 'user' as const, content: 'Hello' }],
};
const BODY = JSON.stringify(ASK);
const TOOLS = [
  {
    name: 'weather',
    input_schema: {
      type: 'object' as const,
      properties: { city: { type: 'string' } },
      required: ['city'],
    },
  },
];

describe('the service', { concurrency: false }, () => {
  let simulator: Awaited<ReturnType<typeof startSimulator>>;
  let service: ServiceProcess;
  let sdk: Anthropic;

  before(async () => {
    simulator = await startSimulator();
    service = await startService({
      CLAUDE_API_KEY: DEFAULT_KEY,
      CLAUDE_BASE_URL: simulator.url,
      TRUST_INBOUND_TRACE: 'true',
      OTEL_TRACES_EXPORTER: 'none',
      ATTEMPT_TIMEOUT_MS: '300',
      FIRST_EVENT_TIMEOUT_MS: '60000',
      CALL_DEADLINE_MS: '30000',
      RETRY_BUDGET_CAPACITY: '1000',
      // Faults come in rows here: no circuit is to open.
      BREAKER_MIN_ATTEMPTS: '100000',
      IDLE_TIMEOUT_MS: '2000',
      RETRY_MAX: '1',
      RETRY_BASE_MS: '1',
      BATCH_MAX_ITEMS: '20',
      BATCH_CONCURRENCY: '3',
      BODY_LIMIT_BYTES: '200000',
    });
    sdk = new Anthropic({ apiKey: CALLER_KEY, baseURL: service.url, maxRetries: 0 });
  });
  after(async () => {
    assert.equal(await service.stop(), 0);
    await simulator.close();
  });

  function post(path: string, body: string | Buffer, headers: Record<string, string> = {}) {
    return fetch(service.url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body,
    });
  }

  async function withFaults<T>(faults: Fault[], work: () => Promise<T>): Promise<T> {
    simulator.setFaults(faults);
    return work().finally(() => simulator.setFaults([]));
  }

  /** How the service says that the call with this ID ended. */
  async function outcomeOf(id: string): Promise<unknown> {
    const line = await service.line((l) => l['msg'] === 'call' && l['correlation_id'] === id);
    return line['outcome'];
  }

  const recorded = (id: string) =>
    simulator.requests().filter((r) => r.headers['x-correlation-id'] === id);

  /** A request is recorded when it has ended, a hung one when it was let go. */
  async function simulatorSaw(id: string, count: number): Promise<void> {
    await eventually(() => recorded(id).length >= count, { timeoutMs: 5_000 });
    assert.equal(recorded(id).length, count);
  }

  test('SDK: a whole answer', async () => {
    const { data, response } = await sdk.messages.create(ASK).withResponse();
    assert.equal(data.content[0]?.type, 'text');
    assert.equal(data.stop_reason, 'end_turn');
    assert(data.usage.input_tokens > 0 && data.usage.output_tokens > 0);
    assert.match(response.headers.get('request-id') ?? '', /^req_sim_/);
    assert.match(response.headers.get('server-timing') ?? '', /upstream;dur=.*overhead;dur=/);
    assert.equal(response.headers.get('anthropic-organization-id'), null);
    assert(response.headers.get('anthropic-ratelimit-requests-remaining'));
  });

  test('SDK: a streamed answer', async () => {
    const types: string[] = [];
    const stream = sdk.messages.stream(ASK).on('streamEvent', ({ type }) => types.push(type));
    const message = await stream.finalMessage();
    assert.equal(types[0], 'message_start');
    assert.equal(types.at(-1), 'message_stop');
    const [block] = message.content;
    assert(block?.type === 'text' && block.text.includes('Hello'));
  });

  test('SDK: a tool is used, whole and streamed', async () => {
    const ask = { ...ASK, tools: TOOLS, tool_choice: { type: 'tool' as const, name: 'weather' } };
    const whole = await sdk.messages.create(ask);
    const streamed = await sdk.messages.stream(ask).finalMessage();
    for (const { content, stop_reason } of [whole, streamed]) {
      assert.equal(stop_reason, 'tool_use');
      assert(content[0]?.type === 'tool_use');
      assert.deepEqual(content[0].input, { city: 'simulated' });
    }
  });

  test('SDK: token counts and models', async () => {
    const counted = await sdk.messages.countTokens({ model: MODEL, messages: ASK.messages });
    const { usage } = await sdk.messages.create(ASK);
    assert.equal(counted.input_tokens, usage.input_tokens);
    const odd = await post('/v1/messages/count_tokens', JSON.stringify({ ...ASK, stream: true }));
    assert.deepEqual(Object.keys((await odd.json()) as object), ['input_tokens']);
    assert((await sdk.models.list()).data.some(({ id }) => id === MODEL));
    assert.equal((await sdk.models.retrieve(MODEL)).id, MODEL);
    await assert.rejects(sdk.models.retrieve('none'), Anthropic.NotFoundError);
  });

  test('SDK: cancelled half-way: the upstream is let go, the outcome is client_cancelled', async () => {
    const id = randomUUID();
    await withFaults([{ kind: 'hang' }], async () => {
      const controller = new AbortController();
      const pending = sdk.messages.create(ASK, {
        signal: controller.signal,
        headers: { 'x-correlation-id': id },
      });
      setTimeout(() => controller.abort(), 100);
      await assert.rejects(pending, Anthropic.APIUserAbortError);
      assert.equal(await outcomeOf(id), 'client_cancelled');
    });
    await simulatorSaw(id, 1);
    assert.equal(recorded(id)[0]?.status, 0);
  });

  test('SDK: a stream left half-way is cancelled, and its upstream closed', async () => {
    const id = randomUUID();
    await withFaults([{ kind: 'stream_hang' }], async () => {
      const stream = await sdk.messages.create(
        { ...ASK, stream: true },
        { headers: { 'x-correlation-id': id } },
      );
      for await (const event of stream) if (event.type === 'content_block_delta') break;
      assert.equal(await outcomeOf(id), 'client_cancelled');
    });
    await simulatorSaw(id, 1);
  });

  const ERRORS: readonly {
    readonly fault: Fault;
    readonly error: abstract new (...args: never[]) => Error;
    readonly status: number;
    readonly outcome: string;
    readonly attempts: number;
  }[] = [
    {
      fault: { kind: 'rate_limited', retryAfterS: 60 },
      error: Anthropic.RateLimitError,
      status: 429,
      outcome: 'rate_limited',
      attempts: 1,
    },
    {
      fault: { kind: 'overloaded' },
      error: Anthropic.InternalServerError,
      status: 529,
      outcome: 'overloaded',
      attempts: 2,
    },
    {
      fault: { kind: 'error_500' },
      error: Anthropic.InternalServerError,
      status: 500,
      outcome: 'upstream_error',
      attempts: 2,
    },
    {
      fault: { kind: 'error_502' },
      error: Anthropic.InternalServerError,
      status: 502,
      outcome: 'upstream_error',
      attempts: 2,
    },
    {
      fault: { kind: 'error_503' },
      error: Anthropic.InternalServerError,
      status: 503,
      outcome: 'upstream_error',
      attempts: 2,
    },
    {
      fault: { kind: 'reset' },
      error: Anthropic.InternalServerError,
      status: 502,
      outcome: 'network_error',
      attempts: 2,
    },
    {
      fault: { kind: 'hang' },
      error: Anthropic.InternalServerError,
      status: 504,
      outcome: 'timeout',
      attempts: 2,
    },
    {
      fault: { kind: 'slow', delayMs: 5_000 },
      error: Anthropic.InternalServerError,
      status: 504,
      outcome: 'timeout',
      attempts: 2,
    },
    {
      fault: { kind: 'html' },
      error: Anthropic.InternalServerError,
      status: 502,
      outcome: 'upstream_error',
      attempts: 2,
    },
    {
      fault: { kind: 'malformed_json' },
      error: Anthropic.InternalServerError,
      status: 502,
      outcome: 'upstream_error',
      attempts: 2,
    },
  ];
  for (const { fault, error, status, outcome, attempts } of ERRORS) {
    test(`SDK: ${fault.kind} → ${status}, ${outcome}, ${attempts} attempt(s)`, async () => {
      const id = randomUUID();
      const headers = { 'x-correlation-id': id };
      const thrown = await withFaults([fault], () =>
        sdk.messages.create(ASK, { headers }).then(
          () => undefined,
          (e: unknown) => e,
        ),
      );
      assert(thrown instanceof error && thrown instanceof Anthropic.APIError, String(thrown));
      assert.equal(thrown.status, status);
      assert.equal((thrown.error as { type: string }).type, 'error');
      assert.equal(thrown.headers?.get('x-correlation-id'), id);
      assert.equal(await outcomeOf(id), outcome);
      await simulatorSaw(id, attempts);
    });
  }

  const BEFORE_CONTENT: readonly [fault: Fault, status: number, outcome: string][] = [
    [{ kind: 'stream_error', afterChunks: 0 }, 529, 'overloaded'],
    [{ kind: 'stream_cut', afterChunks: 0 }, 502, 'truncated'],
  ];
  for (const [fault, status, outcome] of BEFORE_CONTENT) {
    test(`SDK: a stream’s ${fault.kind} before content is retried, then ${status}`, async () => {
      const id = randomUUID();
      const headers = { 'x-correlation-id': id };
      const thrown = await withFaults([fault], () =>
        sdk.messages.create({ ...ASK, stream: true }, { headers }).then(
          () => assert.fail('it began'),
          (e: unknown) => e as InstanceType<typeof Anthropic.APIError>,
        ),
      );
      assert.equal(thrown.status, status);
      assert.equal(thrown.headers?.get('x-should-retry'), 'false');
      assert.equal(await outcomeOf(id), outcome);
      await simulatorSaw(id, 2);
    });
  }

  test('the caller’s own deadline is obeyed, and a bad one said', async () => {
    await withFaults([{ kind: 'slow', delayMs: 5_000 }], async () => {
      const startedMs = performance.now();
      const id = randomUUID();
      const late = await post('/v1/messages', BODY, {
        'x-deadline-ms': '100',
        'x-correlation-id': id,
      });
      assert.equal(await outcomeOf(id), 'client_cancelled');
      assert.equal(late.status, 504);
      assert.equal(late.headers.get('x-should-retry'), 'false');
      assert.match(await late.text(), /deadline of 100 ms/);
      assert(performance.now() - startedMs < 3_000);
    });
    for (const bad of ['0', '-5', 'soon', '1.5', '99999999']) {
      const refused = await post('/v1/messages', BODY, { 'x-deadline-ms': bad });
      assert.equal(refused.status, 400, bad);
      assert.match(await refused.text(), /x-deadline-ms/);
    }
  });

  for (const [kind, outcome] of [
    ['stream_error', 'overloaded'],
    ['stream_cut', 'truncated'],
    ['stream_hang', 'timeout'],
  ] as const) {
    test(`SDK: ${kind} inside a 200 stream is thrown, and counted as ${outcome}`, async () => {
      const id = randomUUID();
      await withFaults([{ kind }], async () => {
        const stream = sdk.messages.stream(ASK, { headers: { 'x-correlation-id': id } });
        await assert.rejects(stream.finalMessage(), Anthropic.APIError);
      });
      assert.equal(await outcomeOf(id), outcome);
      const text = await (await fetch(service.metricsUrl)).text();
      const errors = `claude_api_errors_total\\{[^}]*error_type="${outcome}"\\} [1-9]`;
      assert.match(text, new RegExp(errors));
      const failed = service.lines.filter((l) => l['msg'] === 'attempt failed');
      assert(failed.some((l) => l['correlation_id'] === id && l['outcome'] === outcome));
    });
  }

  test('a key that the upstream refuses is our fault, not the caller’s', async () => {
    const other = await startService({
      CLAUDE_API_KEY: 'sk-wrong-key-of-ours',
      CLAUDE_BASE_URL: simulator.url,
      OTEL_TRACES_EXPORTER: 'none',
    });
    const caller = new Anthropic({ apiKey: 'x', baseURL: other.url, maxRetries: 0 });
    await assert.rejects(caller.messages.create(ASK), Anthropic.AuthenticationError);
    const line = await other.line((l) => l['msg'] === 'call');
    assert.equal(line['outcome'], 'auth_error');
    assert(!JSON.stringify(other.lines).includes('sk-wrong'));
    await other.stop();
  });

  test('without a key the service is alive, not ready, and says why', async () => {
    const other = await startService({ OTEL_SDK_DISABLED: 'true' });
    assert.equal((await fetch(`${other.url}/healthz`)).status, 200);
    const ready = await fetch(`${other.url}/readyz`);
    assert.equal(ready.status, 503);
    assert.equal(((await ready.json()) as { checks: { key: boolean } }).checks.key, false);
    const refused = await fetch(`${other.url}/v1/models`);
    assert.equal(refused.status, 503);
    await other.stop();
  });

  test('headers cross by allow-lists alone', async () => {
    const id = randomUUID();
    const response = await post('/v1/messages', BODY, {
      'x-correlation-id': id,
      'x-api-key': CALLER_KEY,
      authorization: `Bearer ${CALLER_KEY}`,
      cookie: 'session=1',
      'anthropic-beta': 'some-beta',
      'x-internal': 'secret',
      baggage: 'user=1',
      tracestate: 'a=1',
    });
    assert.equal(response.status, 200);
    const [seen] = recorded(id);
    assert.equal(seen?.headers['anthropic-beta'], 'some-beta');
    assert.equal(seen.headers['anthropic-version'], '2023-06-01');
    assert.equal(seen.headers['x-api-key'], 'sim…use');
    for (const name of ['authorization', 'cookie', 'x-internal', 'baggage', 'tracestate']) {
      assert.equal(seen.headers[name], undefined, name);
    }
    assert(!JSON.stringify(service.lines).includes(CALLER_KEY));
  });

  test('readyz, healthz: ready with a key, the upstreams shown; /metrics is not public', async () => {
    const ready = await fetch(`${service.url}/readyz`);
    assert.equal(ready.status, 200);
    const body = (await ready.json()) as { upstreams: object[] };
    assert.deepEqual(body.upstreams, [{ name: 'anthropic', state: 'closed' }]);
    assert.equal((await fetch(`${service.url}/metrics`)).status, 404);
    assert.equal((await fetch(service.metricsUrl)).status, 200);
  });

  const BAD_BODIES: readonly [name: string, body: string | Buffer, status: number, says: RegExp][] =
    [
      ['empty', '', 400, /empty/],
      ['not JSON', '{"model":', 400, /not valid JSON/],
      ['not UTF-8', Buffer.from([0x22, 0xff, 0x22]), 400, /not valid JSON/],
      ['an array', '[]', 400, /object/],
      ['null', 'null', 400, /object/],
      ['no model', '{"max_tokens":1,"messages":[{"role":"user"}]}', 400, /^model: Field required/],
      [
        'model of a wrong type',
        '{"model":1,"max_tokens":1,"messages":[{"role":"user"}]}',
        400,
        /^model:/,
      ],
      ['no messages', '{"model":"m","max_tokens":1,"messages":[]}', 400, /^messages:/],
      [
        'a message without role',
        '{"model":"m","max_tokens":1,"messages":[{}]}',
        400,
        /^messages\.0\.role: Field required/,
      ],
      [
        'max_tokens 0',
        '{"model":"m","max_tokens":0,"messages":[{"role":"user"}]}',
        400,
        /^max_tokens:/,
      ],
      [
        'stream as text',
        '{"model":"m","max_tokens":1,"stream":"yes","messages":[{"role":"user"}]}',
        400,
        /^stream:/,
      ],
      ['too large', `{"model":"${'x'.repeat(200_001)}"}`, 413, /exceeds/],
      ['deep', '['.repeat(99_000) + ']'.repeat(99_000), 400, /object/],
    ];
  for (const [name, body, status, says] of BAD_BODIES) {
    test(`a body that is ${name}: ${status}, counted, never sent`, async () => {
      const id = randomUUID();
      const response = await post('/v1/messages', body, { 'x-correlation-id': id });
      const answer = (await response.json()) as Anthropic.ErrorResponse;
      assert.equal(response.status, status);
      assert.equal(answer.type, 'error');
      assert.equal(
        answer.error.type,
        status === 413 ? 'request_too_large' : 'invalid_request_error',
      );
      assert.match(answer.error.message, says);
      assert.equal(answer.request_id, id);
      assert.equal(await outcomeOf(id), 'invalid_request');
      assert.deepEqual(recorded(id), []);
    });
  }

  test('a body that inflates beyond the limit is too large', async () => {
    const bomb = gzipSync(Buffer.alloc(10_000_000, 0x20));
    const response = await post('/v1/messages', bomb, { 'content-encoding': 'gzip' });
    assert.equal(response.status, 413);
  });

  test('another charset is refused, gzip is read', async () => {
    const latin = await post('/v1/messages', BODY, {
      'content-type': 'application/json; charset=latin1',
    });
    assert.equal(latin.status, 400);
    const zipped = await post('/v1/messages', gzipSync(BODY), { 'content-encoding': 'gzip' });
    assert.equal(zipped.status, 200);
  });

  test('unknown fields, a __proto__ key and an unknown model pass', async () => {
    const odd =
      '{"__proto__":{"polluted":1},"brand_new":[1],"model":"my-model","max_tokens":5,"messages":[{"role":"user","content":"x","__proto__":{"a":1}}]}';
    const response = await post('/v1/messages', odd);
    assert.equal(response.status, 200);
    assert.equal(((await response.json()) as { model: string }).model, 'my-model');
    const metrics = await (await fetch(service.metricsUrl)).text();
    assert(!metrics.includes('my-model'));
    assert(
      /claude_api_requests_total\{[^}]*model="other"[^}]*outcome="success"\} [1-9]/.test(metrics),
    );
  });

  test('where anybody may call, pages of other origins may not', async () => {
    const own = new URL(service.url);
    const from = async (origin: string) =>
      (await post('/v1/messages', BODY, { origin, 'content-type': 'text/plain' })).status;
    for (const origin of ['https://evil.example', `http://localhost:1`, 'null']) {
      assert.equal(await from(origin), 403, origin);
    }
    assert.equal(await from(own.origin), 200);
  });

  test('404 and 405 are in Anthropic’s shape', async () => {
    const lost = await post('/v1/nothing', '{}');
    assert.equal(lost.status, 404);
    assert.equal(((await lost.json()) as Anthropic.ErrorResponse).error.type, 'not_found_error');
    const wrong = await fetch(`${service.url}/v1/messages`);
    assert.equal(wrong.status, 405);
    assert.equal(wrong.headers.get('allow'), 'POST');
  });

  test('a batch: results in order, one failure alone, at most three at once', async () => {
    const requests = Array.from({ length: 12 }, (_, i) => ({
      custom_id: `item-${i}`,
      params:
        i === 4 ? { model: MODEL } : { ...ASK, messages: [{ role: 'user', content: `n${i}` }] },
    }));
    const response = await post('/v1/batch', JSON.stringify({ requests }));
    assert.equal(response.status, 200);
    const { results, counts } = (await response.json()) as {
      results: {
        index: number;
        custom_id: string;
        type: string;
        status: number;
        message?: unknown;
      }[];
      counts: unknown;
    };
    assert.deepEqual(counts, { succeeded: 11, errored: 1 });
    assert.deepEqual(
      results.map((r) => r.custom_id),
      requests.map((r) => r.custom_id),
    );
    for (const [i, result] of results.entries()) {
      assert.equal(result.type, i === 4 ? 'errored' : 'succeeded');
      if (i !== 4) assert(JSON.stringify(result.message).includes(`n${i}`));
    }
  });

  test('a batch in the article’s form; a stream inside is refused; too many are refused', async () => {
    const prompts = { model: MODEL, max_tokens: 9, prompts: ['a', 'b'] };
    const simple = await post('/v1/batch', JSON.stringify(prompts));
    assert.deepEqual(((await simple.json()) as { counts: unknown }).counts, {
      succeeded: 2,
      errored: 0,
    });
    const streamed = { requests: [{ params: { ...ASK, stream: true } }] };
    const refused = await post('/v1/batch', JSON.stringify(streamed));
    assert.match(await refused.text(), /never streamed/);
    const many = { requests: Array.from({ length: 21 }, () => ({ params: ASK })) };
    assert.equal((await post('/v1/batch', JSON.stringify(many))).status, 400);
  });

  test('hostile correlation IDs are replaced, said once, and forge nothing', async () => {
    const hostile = [
      'x'.repeat(10_240),
      'Gr\u00fc\u00dfe',
      '00000000-0000-0000-0000-000000000000',
      'a b',
      '{"level":"fatal"}',
    ];
    for (const value of hostile) {
      const socket = connect(Number(new URL(service.url).port), '127.0.0.1');
      await once(socket, 'connect');
      socket.write(
        `GET /v1/models HTTP/1.1\r\nhost: x\r\nconnection: close\r\nx-correlation-id: ${value}\r\n\r\n`,
        'latin1',
      );
      let answer = '';
      for await (const chunk of socket) answer += chunk;
      const id = /\r\nx-correlation-id: ([^\r]*)\r\n/.exec(answer)?.[1] ?? '';
      assert.match(id, /^[0-9a-f]{32}$/, value.slice(0, 20));
      await service.line((l) => l['msg'] === 'request' && l['correlation_id'] === id);
      const said = service.lines.filter(
        (l) => l['correlation_id'] === id && String(l['msg']).includes('replaced'),
      );
      assert.equal(said.length, 1);
      assert(!JSON.stringify(service.lines).includes(value.slice(0, 200).padEnd(40)));
    }
    const text = await (await fetch(service.metricsUrl)).text();
    assert(/claude_correlation_ids_replaced_total(\{\})? [1-9]/.test(text));
  });

  /** Sends the text as it is, and gives the whole answer. */
  async function raw(text: string): Promise<string> {
    const socket = connect(Number(new URL(service.url).port), '127.0.0.1');
    await once(socket, 'connect');
    socket.write(text, 'latin1');
    let answer = '';
    for await (const chunk of socket) answer += chunk;
    return answer;
  }

  test('no request target leads the key to another host or path', async (t) => {
    const seen: string[] = [];
    const stranger = createServer((request, response) => {
      seen.push(`${request.method} ${request.url} ${request.headers['x-api-key']}`);
      response.end('{}');
    }).listen(0, '127.0.0.1');
    t.after(() => stranger.close().closeAllConnections());
    await once(stranger, 'listening');
    const { port } = stranger.address() as AddressInfo;
    const targets: [method: string, target: string, upstream: string | undefined][] = [
      ['GET', `http://127.0.0.1:${port}/v1/models`, '/v1/models'],
      ['GET', `http://127.0.0.1:${port}/v1/models/${MODEL}`, `/v1/models/${MODEL}`],
      ['POST', `http://127.0.0.1:${port}/v1/messages?beta=true`, '/v1/messages'],
      ['POST', `http://127.0.0.1:${port}/v1/messages/count_tokens`, '/v1/messages/count_tokens'],
      ['GET', `//127.0.0.1:${port}/v1/models`, undefined],
      ['GET', '/v1/models/..', undefined],
      ['GET', '/v1/models/%2e%2e', undefined],
      ['GET', '/v1/models/%2e', undefined],
      ['GET', '/v1/models/%ff', undefined],
      ['GET', '/v1/models/..%2fmessages', '/v1/models/..%2Fmessages'],
      [
        'GET',
        `/v1/models/http:%2f%2f127.0.0.1:${port}`,
        `/v1/models/http%3A%2F%2F127.0.0.1%3A${port}`,
      ],
      ['GET', '/v1/models/a%3fb%23c%0d%0ax', '/v1/models/a%3Fb%23c%0D%0Ax'],
      ['GET', '/V1/Models/', '/v1/models'],
    ];
    for (const [method, target, upstream] of targets) {
      const id = randomUUID();
      const body = method === 'POST' ? BODY : '';
      const answer = await raw(
        `${method} ${target} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n` +
          `x-correlation-id: ${id}\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
      );
      assert.match(answer, /^HTTP\/1\.1 (200|400|404) /, target);
      const asked = recorded(id).map(({ path }) => path);
      assert.deepEqual(asked, upstream === undefined ? [] : [upstream], target);
    }
    assert.deepEqual(seen, []);
  });

  test('a folded header cannot smuggle a second one', async () => {
    const socket = connect(Number(new URL(service.url).port), '127.0.0.1');
    await once(socket, 'connect');
    socket.end('GET /healthz HTTP/1.1\r\nhost: x\r\nx-correlation-id: a\nx-evil: 1\r\n b\r\n\r\n');
    let answer = '';
    for await (const chunk of socket) answer += chunk;
    assert(!answer.includes('x-evil'));
  });
});
