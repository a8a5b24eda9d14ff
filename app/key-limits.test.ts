/** Rate limits end to end: a 429 of one family of models leaves the key in use for all others. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Simulator } from '../loadtest/simulator/server.ts';
import {
  BLUE,
  GREEN,
  gaugeOf,
  HAIKU,
  KEYS,
  OPUS,
  serviceWith,
  simulatorFor,
  statusOf,
} from './testing/limited-service.ts';
import type { ServiceProcess } from './testing/service-process.ts';

/** Enough that each of two keys, or upstreams, of equal weight is picked. */
const CALLS = 40;

/** @returns the statuses of some calls, each once */
async function statusesOf(service: ServiceProcess, body: object): Promise<readonly number[]> {
  const statuses = new Set<number>();
  for (let i = 0; i < CALLS; i++) statuses.add(await statusOf(service, body));
  return [...statuses];
}

/** @returns the keys of the requests for a model that a simulator has answered well, each once */
function keysFor(simulator: Simulator, model: string): readonly string[] {
  const found = simulator.requests().filter((r) => r.model === model && r.status === 200);
  return [...new Set(found.map(({ headers }) => headers['x-api-key'] ?? ''))].sort();
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
      CLAUDE_API_KEY: KEYS.blue,
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
      CLAUDE_API_KEY: JSON.stringify(KEYS),
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
      CLAUDE_API_KEY: JSON.stringify(KEYS),
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
      FIRST_KEY: KEYS.blue,
      SECOND_KEY: KEYS.green,
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
      CLAUDE_API_KEY: KEYS.blue,
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
