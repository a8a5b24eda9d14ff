/** What the simulator tells Prometheus. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { postJson } from '../../app/testing/http.ts';
import { ASK } from '../../app/testing/messages.ts';
import { eventually } from '../../app/testing/poll.ts';
import { DEFAULT_KEY, startSimulator } from './server.ts';

test('GET /metrics: has a series for each fault that is switched on, and none for one that is not', async () => {
  const simulator = await startSimulator();
  const active = async () => {
    const response = await fetch(`${simulator.url}/metrics`);
    assert.match(response.headers.get('content-type') ?? '', /^text\/plain; version=0\.0\.4/);
    const text = await response.text();
    return text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  };
  try {
    assert.deepEqual(await active(), []);
    const cut = { kind: 'stream_cut', region: 'a"b' } as const;
    simulator.setFaults([{ kind: 'error_500' }, cut, { ...cut, probability: 0.5 }]);
    assert.deepEqual(await active(), [
      'simulator_fault_active{kind="error_500",region="all"} 1',
      'simulator_fault_active{kind="stream_cut",region="a\\"b"} 1',
    ]);
    simulator.setFaults([]);
    assert.deepEqual(await active(), []);
  } finally {
    await simulator.close();
  }
});

test('GET /metrics: counts the spans of Claude that a collector has not accepted', async (t) => {
  const simulator = await startSimulator({ spansTo: 'http://127.0.0.1:9' });
  t.after(() => simulator.close());
  const shows = async (series: string) =>
    (await (await fetch(`${simulator.url}/metrics`)).text()).split('\n').includes(series);
  assert(await shows('simulator_spans_dropped_total 0'));
  const headers = { 'x-api-key': DEFAULT_KEY, 'anthropic-version': '2023-06-01' };
  const { status } = await postJson(`${simulator.url}/v1/messages`, ASK, headers);
  assert.equal(status, 200);
  await eventually(() => shows('simulator_spans_dropped_total 1'));
});
