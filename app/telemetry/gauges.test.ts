import assert from 'node:assert/strict';
import { test } from 'node:test';
import { measuredInstruments } from '../testing/metrics.ts';
import { observeGauges } from './gauges.ts';
import type { CircuitState } from './vocabulary.ts';

test('observeGauges: each scrape reads the sources as they are then', async (t) => {
  const { instruments, points } = measuredInstruments(t);
  let state: CircuitState = 'closed';
  let left = 10;
  observeGauges(instruments, {
    pool: () => ({ open: 3, free: 2, pending: 1 }),
    admission: {
      counts: () => ({ active: 5, queued: 4, paused: 3 }),
      limits: () => ({ active: 10, queued: 2 }),
    },
    poolLimit: () => 100,
    upstreams: () => [{ name: 'one', state }],
    budget: () => left,
  });
  const read = async (name: string) =>
    Object.fromEntries(
      (await points(name)).map(({ attributes, value }) => [attributes['state'] ?? 'all', value]),
    );
  assert.deepEqual(await read('claude_api_pool_connections'), { open: 3, free: 2, pending: 1 });
  assert.deepEqual(await read('claude_api_admission_calls'), {
    active: 5,
    queued: 4,
    paused: 3,
  });
  assert.deepEqual(await read('claude_api_pool_connections_limit'), { all: 100 });
  assert.deepEqual(await read('claude_api_admission_limit'), { active: 10, queued: 2 });
  assert.deepEqual(await read('claude_api_retry_budget'), { all: 10 });
  assert.deepEqual(await read('claude_api_circuit_state'), { closed: 1, half_open: 0, open: 0 });
  state = 'open';
  left = 0;
  assert.deepEqual(await read('claude_api_circuit_state'), { closed: 0, half_open: 0, open: 1 });
  assert.deepEqual(await read('claude_api_retry_budget'), { all: 0 });
});
