/** Rate limits end to end: a 429 of one family of models leaves the key in use for all others. */
import assert from 'node:assert/strict';
import type { RequestListener } from 'node:http';
import { type TestContext, test } from 'node:test';
import { type Simulator, startSimulator } from '../loadtest/simulator/server.ts';
import { postJson } from './testing/http.ts';
import { ASK } from './testing/messages.ts';
import { serviceBefore } from './testing/service-before.ts';
import { type ServiceProcess, startService } from './testing/service-process.ts';

const [OPUS, HAIKU] = ['claude-opus-5-5', 'claude-haiku-4-5'];
/** By what the simulator's log shows of them. */
const KEYS = { 'blu…key': 'blue-test-key', 'gre…key': 'green-test-key' };
const [BLUE, GREEN] = Object.keys(KEYS) as [string, string];
/** Enough that each of two keys, or upstreams, of equal weight is picked. */
const CALLS = 40;

async function simulatorFor(t: TestContext): Promise<Simulator> {
  const simulator = await startSimulator({ keys: Object.values(KEYS) });
  t.after(() => simulator.close());
  return simulator;
}

async function serviceWith(t: TestContext, env: Record<string, string>): Promise<ServiceProcess> {
  const service = await startService(
    {
      CLAUDE_MODELS: [OPUS, HAIKU].join(','),
      RETRY_MAX: '0',
      OTEL_TRACES_EXPORTER: 'none',
      ...env,
    },
    { breaker: { minAttempts: 1_000_000 } },
  );
  t.after(() => service.stop());
  return service;
}

async function statusOf({ url }: ServiceProcess, body: object, path = '/v1/messages') {
  return (await postJson(url + path, { ...ASK, ...body })).status;
}

/** @returns the statuses of some calls, each once */
async function statusesOf(service: ServiceProcess, body: object): Promise<readonly number[]> {
  const statuses = new Set<number>();
  for (let i = 0; i < CALLS; i++) statuses.add(await statusOf(service, body));
  return [...statuses];
}

/** @returns the keys of the requests for a model that a simulator has answered with this status, each once */
function keysFor(simulator: Simulator, model: string, status = 200): readonly string[] {
  const found = simulator.requests().filter((r) => r.model === model && r.status === status);
  return [...new Set(found.map(({ headers }) => headers['x-api-key'] ?? ''))].sort();
}

/**
 * @param owner what the series must contain, where there is more than one upstream
 * @returns the values of a metric by the values of its labels, those of the one key and its owner left out
 */
async function gaugeOf(
  service: ServiceProcess,
  name: string,
  owner = '',
): Promise<Record<string, number>> {
  const text = await (await fetch(service.metricsUrl)).text();
  const lines = text
    .split('\n')
    .filter((line) => new RegExp(`^claude_api_${name}[{ ]`).test(line) && line.includes(owner));
  return Object.fromEntries(
    lines.map((line) => {
      const labels = [...line.matchAll(/(model_family|limit|state)="([^"]*)"/g)];
      return [labels.map(([, , value]) => value).join(' '), Number(line.split(' ').at(-1))];
    }),
  );
}

for (const [how, stream] of [
  ['whole', false],
  ['streamed', true],
] as const) {
  const opus = { model: OPUS, stream };
  const haiku = { model: HAIKU, stream };

  test(`key limits: a 429 of one family rests the only key for no other, ${how}`, async (t) => {
    const simulator = await simulatorFor(t);
    const service = await serviceWith(t, {
      CLAUDE_BASE_URL: simulator.url,
      CLAUDE_API_KEY: KEYS[BLUE as keyof typeof KEYS],
    });
    simulator.setFaults([{ kind: 'rate_limited', model: OPUS, retryAfterS: 600 }]);
    assert.equal(await statusOf(service, haiku), 200);
    assert.equal(await statusOf(service, opus), 429);
    assert.equal(await statusOf(service, haiku), 200);
    assert.deepEqual(await gaugeOf(service, 'key_resting'), { [HAIKU]: 0, [OPUS]: 1 });
    const states = await gaugeOf(service, 'key_state');
    assert.deepEqual([states['cooling_down'], states['active']], [1, 0]);
    const left = await gaugeOf(service, 'rate_limit_remaining');
    assert.equal(left[`${OPUS} output-tokens`], 0);
    assert.equal(left[`${HAIKU} requests`], 1_000_000 - 2);
    simulator.setFaults([]);
    assert.equal(await statusOf(service, opus), 200, 'the last key is never withheld');
    assert.deepEqual(await gaugeOf(service, 'key_resting'), { [HAIKU]: 0, [OPUS]: 0 });
  });

  test(`key limits: a 429 of one family leaves both keys to the others, ${how}`, async (t) => {
    const simulator = await simulatorFor(t);
    const service = await serviceWith(t, {
      CLAUDE_BASE_URL: simulator.url,
      CLAUDE_API_KEY: JSON.stringify({ blue: 'blue-test-key', green: 'green-test-key' }),
    });
    simulator.setFaults([{ kind: 'rate_limited', model: OPUS, key: BLUE, retryAfterS: 600 }]);
    assert.deepEqual(await statusesOf(service, opus), [200]);
    assert.deepEqual(await statusesOf(service, haiku), [200]);
    assert.deepEqual(keysFor(simulator, OPUS), [GREEN]);
    assert.deepEqual(keysFor(simulator, HAIKU), [BLUE, GREEN]);
    const refused = simulator.requests().filter(({ status }) => status === 429);
    assert.equal(refused.length, 1, 'the key rests after its first 429');
  });

  test(`key limits: calls of two families at once all succeed while one key rests for one of them, ${how}`, async (t) => {
    const simulator = await simulatorFor(t);
    const service = await serviceWith(t, {
      CLAUDE_BASE_URL: simulator.url,
      CLAUDE_API_KEY: JSON.stringify({ blue: 'blue-test-key', green: 'green-test-key' }),
    });
    simulator.setFaults([{ kind: 'rate_limited', model: OPUS, key: BLUE, retryAfterS: 600 }]);
    const bodies = Array.from({ length: 2 * CALLS }, (_, i) => (i % 2 ? opus : haiku));
    const statuses = await Promise.all(bodies.map((body) => statusOf(service, body)));
    assert.deepEqual([...new Set(statuses)], [200]);
    assert.deepEqual(keysFor(simulator, OPUS), [GREEN]);
    assert.deepEqual(keysFor(simulator, HAIKU), [BLUE, GREEN]);
  });

  test(`key limits: a 429 of one family leaves the upstream to the others, ${how}`, async (t) => {
    const [first, second] = [await simulatorFor(t), await simulatorFor(t)];
    const service = await serviceWith(t, {
      FIRST_KEY: 'blue-test-key',
      SECOND_KEY: 'green-test-key',
      CLAUDE_UPSTREAMS: JSON.stringify([
        { name: 'first', url: first.url, keys: 'env:FIRST_KEY' },
        { name: 'second', url: second.url, keys: 'env:SECOND_KEY', priority: 1 },
      ]),
    });
    first.setFaults([{ kind: 'rate_limited', model: OPUS, retryAfterS: 600 }]);
    assert.deepEqual(await statusesOf(service, opus), [200]);
    assert.deepEqual(await statusesOf(service, haiku), [200]);
    assert.equal(first.requests().filter(({ model }) => model === OPUS).length, 1);
    assert.deepEqual(keysFor(first, HAIKU), [BLUE]);
    assert.deepEqual(keysFor(second, OPUS), [GREEN]);
    assert.deepEqual(keysFor(second, HAIKU), [], 'no call passes the first upstream over');
  });

  test(`key limits: a 429 in fast mode leaves standard speed alone, ${how}`, async (t) => {
    const simulator = await simulatorFor(t);
    const service = await serviceWith(t, {
      CLAUDE_BASE_URL: simulator.url,
      CLAUDE_API_KEY: 'blue-test-key',
    });
    simulator.setFaults([{ kind: 'rate_limited', speed: 'fast', retryAfterS: 600 }]);
    assert.equal(await statusOf(service, { ...opus, speed: 'fast' }), 429);
    assert.equal(await statusOf(service, opus), 200);
    const resting = { [OPUS]: 0, [`${OPUS}-fast`]: 1 };
    assert.deepEqual(await gaugeOf(service, 'key_resting'), resting);
    const left = await gaugeOf(service, 'rate_limit_remaining');
    assert.equal(left[`${OPUS}-fast output-tokens`], 0);
    assert.equal(left[`${OPUS} requests`], 1_000_000 - 1);
  });
}

for (const [path, family, body] of [
  ['/v1/messages/count_tokens', 'count_tokens', {}],
  ['/v1/messages/batches', 'batches', { requests: [{ custom_id: 'a', params: ASK }] }],
] as const) {
  test(`key limits: a 429 of ${path} leaves messages alone`, async (t) => {
    const [first, second] = [await simulatorFor(t), await simulatorFor(t)];
    const service = await serviceWith(t, {
      CLAUDE_KEY: 'blue-test-key',
      CLAUDE_UPSTREAMS: JSON.stringify([
        { name: 'first', url: first.url, keys: 'env:CLAUDE_KEY' },
        { name: 'second', url: second.url, keys: 'env:CLAUDE_KEY', priority: 1 },
      ]),
    });
    first.setFaults([{ kind: 'rate_limited', path, retryAfterS: 600 }]);
    assert.equal(await statusOf(service, { ...body, model: OPUS }, path), 200, 'from the second');
    assert.equal(await statusOf(service, { model: OPUS }), 200);
    const answered = (simulator: Simulator) =>
      simulator.requests().flatMap((r) => (r.status === 200 ? [r.path] : []));
    assert.deepEqual([answered(first), answered(second)], [['/v1/messages'], [path]]);
    const resting = await gaugeOf(service, 'key_resting', 'upstream="first"');
    assert.deepEqual(resting, { [family]: 1, [OPUS]: 0 });
  });
}

test('key limits: a list of models teaches nothing about a family', async (t) => {
  const simulator = await simulatorFor(t);
  const service = await serviceWith(t, {
    CLAUDE_BASE_URL: simulator.url,
    CLAUDE_API_KEY: 'blue-test-key',
  });
  assert.equal((await fetch(`${service.url}/v1/models`)).status, 200);
  assert.equal((await fetch(`${service.url}/v1/models/${OPUS}`)).status, 200);
  assert.deepEqual(await gaugeOf(service, 'rate_limit_max'), {});
});

test('key limits: invented models, whole, streamed and fast, add the series of one family', async (t) => {
  const simulator = await simulatorFor(t);
  const service = await serviceWith(t, {
    CLAUDE_BASE_URL: simulator.url,
    CLAUDE_API_KEY: 'blue-test-key',
  });
  for (let i = 0; i < CALLS; i++) {
    const speed = i % 3 === 0 ? 'fast' : `invented-${i}`;
    const model = `claude-opus-4-${100 + i}`;
    assert.equal(await statusOf(service, { model, stream: i % 2 === 0, speed }), 200);
  }
  assert.deepEqual(Object.keys(await gaugeOf(service, 'key_resting')), ['other', 'other-fast']);
  assert.equal(Object.keys(await gaugeOf(service, 'rate_limit_max')).length, 4 + 2);
});

const TOLD: Readonly<Record<string, readonly string[]>> = {
  limit: ['-1', 'NaN', '9'.repeat(400), '1e9', ' ', '100'],
  remaining: ['Infinity', '-0', '0x7', '', '999999999999999'],
  reset: [
    'soon',
    '1',
    '-271821-04-20T00:00:00Z',
    '+275760-09-13T00:00:00.001Z',
    '9999-12-31T23:59:59Z',
  ],
};

test('key limits: headers that no API sends end neither a call nor in a series', async (t) => {
  let n = 0;
  const answer: RequestListener = (_request, response) => {
    n += 1;
    for (const prefix of ['anthropic-ratelimit', 'anthropic-fast']) {
      for (const name of ['requests', 'tokens', 'input-tokens', 'output-tokens']) {
        for (const [part, values] of Object.entries(TOLD)) {
          const value = values[n % values.length] ?? '';
          // Every third comes twice, every seventh not at all.
          if (n % 7 > 0)
            response.setHeader(`${prefix}-${name}-${part}`, n % 3 ? value : [value, '1']);
        }
      }
    }
    response.setHeader('content-type', 'application/json');
    response.end('{"id":"m","type":"message","usage":{}}');
  };
  const service = await serviceBefore(t, answer, { CLAUDE_MODELS: [OPUS, HAIKU].join(',') });
  for (let i = 0; i < 210; i++) {
    const model = i % 2 ? OPUS : HAIKU;
    assert.equal(await statusOf(service, { model, speed: i % 4 ? 'standard' : 'fast' }), 200);
  }
  assert.equal((await gaugeOf(service, 'rate_limit_remaining'))[`${HAIKU} tokens`], 100);
  for (const name of ['rate_limit_remaining', 'rate_limit_max']) {
    for (const [series, value] of Object.entries(await gaugeOf(service, name))) {
      assert(Number.isSafeInteger(value) && value >= 0, `${series} is ${value}`);
    }
  }
});

test('key limits: a ramp limit rests the key for the family that grew too fast', async (t) => {
  const simulator = await simulatorFor(t);
  const service = await serviceWith(t, {
    CLAUDE_BASE_URL: simulator.url,
    CLAUDE_API_KEY: 'blue-test-key',
  });
  const kind = 'error_code:ramp_limit_exceeded';
  simulator.setFaults([{ kind, model: OPUS, retryAfterS: 600 }]);
  assert.equal(await statusOf(service, { model: HAIKU }), 200);
  assert.equal(await statusOf(service, { model: OPUS }), 429);
  assert.deepEqual(await gaugeOf(service, 'key_resting'), { [HAIKU]: 0, [OPUS]: 1 });
});

test('limits: the most connections and calls are those of the settings, for each host of the upstreams', async (t) => {
  const service = await serviceWith(t, {
    CLAUDE_API_KEY: 'blue-test-key',
    POOL_CONNECTIONS: '30',
    ADMISSION_LIMIT: '70',
    CLAUDE_UPSTREAMS: JSON.stringify([
      { name: 'eu', url: 'http://127.0.0.1:9/eu' },
      { name: 'us', url: 'http://127.0.0.1:9/us' },
      { name: 'other', url: 'http://127.0.0.2:9', priority: 1 },
    ]),
  });
  assert.deepEqual(await gaugeOf(service, 'pool_connections_limit'), { '': 60 });
  assert.deepEqual(await gaugeOf(service, 'admission_limit'), { active: 70, queued: 20 });
});
