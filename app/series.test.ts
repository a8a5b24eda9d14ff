/** How many series an instance shows under everything that can happen to it, and that no caller can add any. */
import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { ANSWER_KINDS } from '../loadtest/simulator/answer-faults.ts';
import { FAULT_KINDS, type Fault } from '../loadtest/simulator/faults.ts';
import { type Simulator, startSimulator } from '../loadtest/simulator/server.ts';
import { type Ask, callsOf, OTHER_CALLS, REFUSED_CALLS } from './testing/every-call.ts';
import { eventually } from './testing/poll.ts';
import { type Sample, scrape } from './testing/samples.ts';
import { type ServiceProcess, startService } from './testing/service-process.ts';

const BUDGET = 3_000;
const names = (n: number, prefix: string) => Array.from({ length: n }, (_, i) => `${prefix}-${i}`);
const MODELS = [
  'claude-opus-5-5',
  'claude-sonnet-5-5',
  'claude-haiku-5-5',
  'claude-opus-4-5',
  'claude-sonnet-4-5',
];
const UPSTREAMS = ['eu', 'us', 'ap'];
const keyOf = (alias: string) => ({ [alias]: `sim-${alias}-for-tests` });
/** Four keys: two of the first upstream and one of each other. */
const KEYS = {
  EU_KEYS: { ...keyOf('blue'), ...keyOf('green') },
  US_KEYS: keyOf('us'),
  AP_KEYS: keyOf('ap'),
};
const CALLERS = names(10, 'caller');
const tokenOf = (caller: string) => `token-of-${caller}-0123456789`;
const digest = (text: string) => createHash('sha256').update(text).digest('hex');

describe('series', { concurrency: false }, () => {
  let simulators: Simulator[] = [];
  let service: ServiceProcess;
  let turn = 0;

  before(async () => {
    simulators = await Promise.all(
      Object.values(KEYS).map((keys) => startSimulator({ keys: Object.values(keys) })),
    );
    const upstreams = UPSTREAMS.map((name, i) => ({
      name,
      url: simulators[i]?.url,
      keys: `env:${name.toUpperCase()}_KEYS`,
    }));
    const callers = CALLERS.map((name, i) => ({
      name,
      token_sha256: digest(tokenOf(name)),
      // The last one runs into its quota.
      ...(i === CALLERS.length - 1 && { requests_per_minute: 60 }),
    }));
    service = await startService(
      {
        CLAUDE_UPSTREAMS: JSON.stringify(upstreams),
        ...Object.fromEntries(
          Object.entries(KEYS).map(([name, keys]) => [name, JSON.stringify(keys)]),
        ),
        CALLERS: JSON.stringify(callers),
        CLAUDE_MODELS: MODELS.join(','),
        ATTEMPT_TIMEOUT_MS: '400',
        FIRST_EVENT_TIMEOUT_MS: '400',
        BODY_LIMIT_BYTES: '200000',
        ADMISSION_LIMIT: '1000',
        RETRY_MAX: '1',
        // Nothing listens there.
        OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9',
        OTEL_LOGS_EXPORTER: 'otlp',
        OTEL_BSP_SCHEDULE_DELAY: '50',
      },
      {
        stream: { silenceMs: 400 },
        backoff: { baseMs: 1, capMs: 2 },
        retryBudget: { capacity: 100_000 },
        breaker: { minAttempts: 1_000_000 },
      },
    );
  });
  after(async () => {
    await service?.stop();
    await Promise.all(simulators.map((simulator) => simulator.close()));
  });

  /** Sends a request as the next caller in turn; whatever becomes of it is part of the load. */
  async function send({ method, path, body }: Ask, headers: Record<string, string> = {}) {
    const caller = CALLERS[turn++ % CALLERS.length] ?? '';
    const sent = request(service.url + path, {
      method,
      agent: false,
      headers: {
        'content-type': 'application/json',
        authorization: `Bearer ${tokenOf(caller)}`,
        ...headers,
      },
    });
    sent.end(typeof body === 'string' ? body : body && JSON.stringify(body));
    const [response] = await once(sent, 'response').catch(() => []);
    await new Promise((resolve) =>
      response ? response.resume().once('close', resolve) : resolve(0),
    );
  }

  const everything = [...[...MODELS, 'claude-of-nobody'].flatMap(callsOf), ...OTHER_CALLS];
  async function under(fault: Fault | undefined, asks: readonly Ask[], headers = {}) {
    for (const simulator of simulators) simulator.setFaults(fault ? [fault] : []);
    await Promise.all(asks.map((ask) => send(ask, headers)));
  }

  /** Every series that is shown, once no call is in progress. */
  async function shown(): Promise<readonly Sample[]> {
    const { samples } = await eventually(async () => {
      const now = await scrape(service.metricsUrl);
      return now.sum('claude_api_calls_in_flight') === 0 && now;
    });
    return samples;
  }

  test(`series: under every fault, operation and refusal an instance shows fewer than ${BUDGET}`, async (t) => {
    // Every caller asks every model, so that each pair has a cost.
    for (const caller of CALLERS) {
      const asks = MODELS.flatMap((model) => callsOf(model).slice(0, 2));
      await under(undefined, asks, { authorization: `Bearer ${tokenOf(caller)}` });
    }
    await under(undefined, everything);
    for (const kind of FAULT_KINDS) {
      await under({ kind, retryAfterS: 0, delayMs: 1_000, everyMs: 40 }, everything);
    }
    for (const kind of ANSWER_KINDS) {
      await under({ kind, retryAfterS: 0 }, MODELS.flatMap(callsOf).slice(0, 10));
    }
    // Callers who wait no longer, and who have no token.
    await under({ kind: 'slow', delayMs: 300 }, everything, { 'x-deadline-ms': '20' });
    await under(undefined, REFUSED_CALLS);
    await under(undefined, everything, { authorization: 'Bearer of-nobody' });
    // Every method that is none of a route, a header that is refused, and a host that is not served.
    for (const method of ['PUT', 'GET', 'DELETE', 'POST']) {
      await under(
        undefined,
        everything.map((ask) => ({ ...ask, method })),
      );
    }
    await under(undefined, everything, { 'x-deadline-ms': 'soon' });
    const samples = await shown();
    for (const line of tableOf(samples)) t.diagnostic(line);
    assert(samples.length < BUDGET, `${samples.length} series`);
  });

  test('series: a flood of invented names, by callers and by an upstream, adds none', async () => {
    const before = new Set((await shown()).map(nameOf));
    for (const simulator of simulators) simulator.setFaults([]);
    for (let i = 0; i < 20; i++) {
      const invented = `invented-${randomUUID()}`;
      const headers = {
        'x-correlation-id': invented,
        'x-request-id': invented,
        'anthropic-version': invented,
        'anthropic-beta': invented,
        'user-agent': invented,
        'x-claude-code-session-id': invented,
      };
      const asks = [
        ...callsOf(invented),
        ...['PROPFIND', 'PURGE', 'OPTIONS', 'HEAD', 'TRACE', 'PATCH'].map((method) => {
          return { method, path: i % 2 ? '/v1/messages' : `/v1/models/${invented}` };
        }),
        { method: 'GET', path: `/v1/${invented}` },
        { method: 'POST', path: `/v1/messages?${invented}=1`, body: callsOf(invented)[0]?.body },
      ];
      await under(undefined, asks, headers);
      await under(undefined, asks.slice(0, 2), { host: `${invented}.example` });
    }
    await floodByUpstream();
    const after = await shown();
    const added = after.map(nameOf).filter((name) => !before.has(name) && OURS.test(name));
    assert.deepEqual(added, []);
    assert(after.length < BUDGET, `${after.length} series`);
  });

  /** The third upstream answers with models, stop reasons and error codes of its own invention. */
  async function floodByUpstream(): Promise<void> {
    const { port = 0 } = simulators[2] ?? {};
    await simulators.pop()?.close();
    const hostile = createServer((_, response) => {
      const invented = `invented-${randomUUID()}`;
      const message = { id: invented, model: invented, stop_reason: invented, content: [] };
      const details = { error_code: invented };
      const error = { type: 'error', error: { type: invented, message: invented, details } };
      const isError = Math.random() < 0.5;
      response.writeHead(isError ? 400 : 200, { 'content-type': 'application/json' });
      response.end(JSON.stringify(isError ? error : { type: 'message', ...message }));
    }).listen(port, '127.0.0.1');
    await once(hostile, 'listening');
    for (let i = 0; i < 10; i++)
      await under(
        undefined,
        MODELS.map((model) => callsOf(model)[0] as Ask),
      );
    hostile.closeAllConnections();
    hostile.close();
  }
});

/** Series that the runtime adds by itself, such as those of open handles, are counted but nobody's flood. */
const OURS = /^(claude|gen_ai|http)_/;

function nameOf({ name, labels }: Sample): string {
  return `${name} ${JSON.stringify(labels)}`;
}

/** @returns how many series each metric has, most first, and all of them together */
function tableOf(samples: readonly Sample[]): readonly string[] {
  const metrics = Map.groupBy(samples, ({ name }) => name.replace(/_(bucket|sum|count)$/, ''));
  const rows = [...metrics].map(([name, all]) => ({ name, n: all.length }));
  rows.sort((a, b) => b.n - a.n);
  return [...rows.map(({ name, n }) => `${n} ${name}`), `${samples.length} series`];
}
