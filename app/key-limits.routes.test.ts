/** Rate limits end to end: routes, batches, callers' keys, invented models and headers that no API sends. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import type { RequestListener } from 'node:http';
import { test } from 'node:test';
import type { Simulator } from '../loadtest/simulator/server.ts';
import { postJson } from './testing/http.ts';
import {
  gaugeOf,
  HAIKU,
  KEYS,
  OPUS,
  serviceWith,
  simulatorFor,
  statusOf,
} from './testing/limited-service.ts';
import { ASK } from './testing/messages.ts';
import { serviceBefore } from './testing/service-before.ts';

for (const [path, family, body] of [
  ['/v1/messages/count_tokens', 'count_tokens', {}],
  ['/v1/messages/batches', 'batches', { requests: [{ custom_id: 'a', params: ASK }] }],
] as const) {
  test(`key limits: a 429 of ${path} leaves messages alone`, async (t) => {
    const [first, second] = [await simulatorFor(t), await simulatorFor(t)];
    const service = await serviceWith(t, {
      CLAUDE_KEY: KEYS.blue,
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

test('key limits: items of a batch that ask for fast mode count against its limits, in both forms', async (t) => {
  for (const batch of [
    { requests: [{ params: { ...ASK, model: OPUS, speed: 'fast' } }] },
    { prompts: ['Hello'], model: OPUS, max_tokens: 16, speed: 'fast' },
  ]) {
    const simulator = await simulatorFor(t);
    const service = await serviceWith(t, {
      CLAUDE_BASE_URL: simulator.url,
      CLAUDE_API_KEY: KEYS.blue,
    });
    simulator.setFaults([{ kind: 'rate_limited', speed: 'fast', retryAfterS: 600 }]);
    assert.equal((await postJson(`${service.url}/v1/batch`, batch)).status, 200);
    const resting = { [OPUS]: 0, [`${OPUS}-fast`]: 1 };
    assert.deepEqual(await gaugeOf(service, 'key_resting'), resting, JSON.stringify(batch));
  }
});

test('key limits: a caller’s own keys rest by family too', async (t) => {
  const token = 'token-of-the-test-0123456789';
  const simulator = await simulatorFor(t);
  const service = await serviceWith(t, {
    CLAUDE_BASE_URL: simulator.url,
    CLAUDE_API_KEY: KEYS.green,
    CLAUDE_UPSTREAM_NAME: 'up',
    OWN_KEYS: JSON.stringify({ own: KEYS.blue }),
    CALLERS: JSON.stringify([
      {
        name: 'search',
        token_sha256: createHash('sha256').update(token).digest('hex'),
        keys: { up: 'env:OWN_KEYS' },
      },
    ]),
  });
  simulator.setFaults([{ kind: 'rate_limited', model: OPUS, retryAfterS: 600 }]);
  const send = (model: string) =>
    postJson(`${service.url}/v1/messages`, { ...ASK, model }, { 'x-api-key': token });
  assert.equal((await send(OPUS)).status, 429);
  assert.equal((await send(HAIKU)).status, 200);
  const resting = await gaugeOf(service, 'key_resting', 'caller="search"');
  assert.deepEqual(resting, { [OPUS]: 1, [HAIKU]: 0 });
  assert.deepEqual(await gaugeOf(service, 'key_resting', 'caller="shared"'), {});
});

test('key limits: a list of models teaches nothing about a family', async (t) => {
  const simulator = await simulatorFor(t);
  const service = await serviceWith(t, {
    CLAUDE_BASE_URL: simulator.url,
    CLAUDE_API_KEY: KEYS.blue,
  });
  assert.equal((await fetch(`${service.url}/v1/models`)).status, 200);
  assert.equal((await fetch(`${service.url}/v1/models/${OPUS}`)).status, 200);
  assert.deepEqual(await gaugeOf(service, 'rate_limit_max'), {});
});

test('key limits: invented models, whole, streamed and fast, add the series of one family', async (t) => {
  const simulator = await simulatorFor(t);
  const service = await serviceWith(t, {
    CLAUDE_BASE_URL: simulator.url,
    CLAUDE_API_KEY: KEYS.blue,
  });
  for (let i = 0; i < 40; i++) {
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
    CLAUDE_API_KEY: KEYS.blue,
  });
  const kind = 'error_code:ramp_limit_exceeded';
  simulator.setFaults([{ kind, model: OPUS, retryAfterS: 600 }]);
  assert.equal(await statusOf(service, { model: HAIKU }), 200);
  assert.equal(await statusOf(service, { model: OPUS }), 429);
  assert.deepEqual(await gaugeOf(service, 'key_resting'), { [HAIKU]: 0, [OPUS]: 1 });
});

test('limits: the most connections and calls are those of the settings, for each host of the upstreams', async (t) => {
  const service = await serviceWith(t, {
    CLAUDE_API_KEY: KEYS.blue,
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
