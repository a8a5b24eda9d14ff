/** Calls made to the simulator itself, and judged for each of its faults. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { FaultKind } from '../simulator/faults.ts';
import { DEFAULT_KEY, type Simulator, startSimulator } from '../simulator/server.ts';
import { CALLS } from './all.ts';
import type { CallKind } from './kinds.ts';
import { ASKED, makeCall } from './testing-calls.ts';

let simulator: Simulator;
before(async () => {
  simulator = await startSimulator({ profile: 'none' });
});
after(() => simulator.close());

async function reasonOf(kind: CallKind, token = DEFAULT_KEY): Promise<string> {
  const { verdict } = await makeCall(CALLS[kind]({ ...ASKED, token }), simulator.url);
  return verdict.ok ? 'ok' : verdict.reason;
}

test('calls: a wrong key is a failure', async () => {
  simulator.setFaults([]);
  assert.equal(await reasonOf('complete', 'sim-key-that-is-wrong'), 'status_401');
});

/** `hang` and `stream_hang` give no answer to judge; the slow ones give a good one. */
const table: Record<
  Exclude<FaultKind, 'hang' | 'slow' | 'stream_hang' | 'stream_pause' | 'slow_tokens'>,
  [complete: string, streaming: string]
> = {
  rate_limited: ['status_429', 'status_429'],
  overloaded: ['status_529', 'status_529'],
  error_500: ['status_500', 'status_500'],
  error_502: ['status_502', 'status_502'],
  error_503: ['status_503', 'status_503'],
  reset: ['network_error', 'network_error'],
  malformed_json: ['not_json', 'bad_event_data'],
  html: ['status_502', 'status_502'],
  stream_error: ['ok', 'error_event'],
  stream_cut: ['ok', 'no_message_stop'],
};

// It is one test, because the faults are shared state of the simulator.
test('calls: every fault is judged a failure, for the right reason', async () => {
  for (const [kind, expected] of Object.entries(table)) {
    simulator.setFaults([{ kind: kind as FaultKind }]);
    assert.deepEqual([await reasonOf('complete'), await reasonOf('streaming')], expected, kind);
  }
});
