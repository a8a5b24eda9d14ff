/** The calls of the smoke load, made to the simulator and judged for each of its faults. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { request } from 'undici';
import type { FaultKind } from '../simulator/faults.ts';
import { DEFAULT_KEY, type Simulator, startSimulator } from '../simulator/server.ts';
import { type Answer, type CallType, messageCall, observe } from './call.ts';

let simulator: Simulator;
before(async () => {
  simulator = await startSimulator({ profile: 'none' });
});
after(() => simulator.close());

async function answerOf(type: CallType, key = DEFAULT_KEY): Promise<Answer> {
  const { path, headers, body } = messageCall(type, 'an-id');
  const options = { method: 'POST', headers: { ...headers, 'x-api-key': key }, body } as const;
  try {
    const { statusCode, headers, body } = await request(simulator.url + path, options);
    return { status: statusCode, headers, body: await body.text() };
  } catch {
    return { status: 0, headers: {}, body: '', broken: 'network_error' };
  }
}

async function reasonOf(type: CallType, key?: string): Promise<string> {
  const { verdict } = observe(type, 'an-id', await answerOf(type, key));
  return verdict.ok ? 'ok' : verdict.reason;
}

test('call: without a fault both types are good, and the correlation ID is sent', async () => {
  simulator.setFaults([]);
  assert.equal(await reasonOf('complete'), 'ok');
  assert.equal(await reasonOf('streaming'), 'ok');
  assert.equal(simulator.requests().at(-1)?.headers['x-correlation-id'], 'an-id');
});

test('call: a wrong key is a failure', async () => {
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
test('call: every fault is judged a failure, for the right reason', async () => {
  for (const [kind, expected] of Object.entries(table)) {
    simulator.setFaults([{ kind: kind as FaultKind }]);
    assert.deepEqual([await reasonOf('complete'), await reasonOf('streaming')], expected, kind);
  }
});

test('observe: reads the overhead of complete answers, and the correlation ID of all', () => {
  const headers = { 'x-correlation-id': 'an-id', 'server-timing': 'overhead;dur=2' };
  const answer = { status: 500, headers, body: '' };
  assert.equal(observe('complete', 'an-id', answer).overheadMs, 2);
  assert.equal(observe('streaming', 'an-id', answer).overheadMs, undefined);
  assert.equal(observe('streaming', 'an-id', answer).correlated, true);
  assert.equal(observe('complete', 'another', answer).correlated, false);
  assert.equal(observe('complete', 'an-id', { ...answer, status: 0 }).correlated, undefined);
});
