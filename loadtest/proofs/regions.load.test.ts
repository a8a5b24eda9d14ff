/** Proves under load that a region may fail and recover without one failed call. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Agent } from 'undici';
import { eventually } from '../../app/testing/poll.ts';
import { callOnce } from '../lib/call-once.ts';
import { closedLoop } from '../lib/load.ts';
import {
  SETTINGS,
  type ServiceUnderTest,
  startServiceUnderTest,
  TUNINGS,
  twoRegions,
} from '../lib/service-under-test.ts';
import type { Fault } from '../simulator/faults.ts';

const CONCURRENCY = 40;

describe('two regions', { concurrency: false }, () => {
  let subject: ServiceUnderTest;
  const agent = new Agent({ connections: CONCURRENCY });

  before(async () => {
    subject = await startServiceUnderTest((url) => ({ ...twoRegions(url), ...SETTINGS.regions }), {
      tuning: TUNINGS.regions,
    });
  });
  after(async () => {
    await agent.destroy();
    await subject.stop();
  });

  /**
   * Makes calls, half of them streaming.
   * @param onCall gets the number of each call as it begins
   * @returns how the failed calls ended
   */
  async function failuresOf(calls: number, onCall = (_n: number) => {}): Promise<string[]> {
    const ends = await closedLoop({ calls, concurrency: CONCURRENCY }, (n) => {
      onCall(n);
      return callOnce(subject.service.url, n % 2 === 0, agent);
    });
    return ends.filter(({ ok }) => !ok).map(({ ending }) => ending);
  }

  async function metric(pattern: RegExp): Promise<number> {
    const text = await (await fetch(subject.service.metricsUrl)).text();
    return Number(pattern.exec(text)?.[1] ?? Number.NaN);
  }
  const circuitIs = (state: string) =>
    metric(new RegExp(`claude_api_circuit_state\\{upstream="first",state="${state}"\\} (\\d)`));

  const FAULTS: readonly Fault[] = [
    { kind: 'reset' },
    { kind: 'error_500' },
    { kind: 'overloaded' },
    { kind: 'html' },
  ];
  test('10,000 calls while the first region fails in four ways: none fails', async (t) => {
    const calls = 10_000;
    const each = calls / FAULTS.length;
    const failures = await failuresOf(calls, (n) => {
      const fault = FAULTS[Math.floor(n / each)];
      const phase = n % each;
      if (phase === each * 0.2 && fault) {
        subject.simulator.setFaults([{ ...fault, region: 'first' }]);
      }
      if (phase === each * 0.6) subject.simulator.setFaults([]);
    });
    assert.deepEqual(failures.slice(0, 3), []);
    const failedOver = await metric(/claude_api_failovers_total\{upstream="second"\} (\d+)/);
    t.diagnostic(`${failedOver} calls failed over`);
    assert(failedOver >= FAULTS.length * 10, `${failedOver} failed over`);
  });

  test('400 calls while the first region hangs: none fails', async () => {
    subject.simulator.setFaults([{ kind: 'hang', region: 'first' }]);
    const failures = await failuresOf(400);
    subject.simulator.setFaults([]);
    assert.deepEqual(failures.slice(0, 3), []);
    assert.equal(await circuitIs('closed'), 0);
  });

  test('the first circuit closes after the faults, in /readyz and in the metrics', async () => {
    await eventually(async () => {
      if ((await circuitIs('closed')) === 1) return true;
      await failuresOf(20);
      return false;
    });
    const ready = await fetch(`${subject.service.url}/readyz`);
    const { upstreams } = (await ready.json()) as { upstreams: object[] };
    assert.deepEqual(upstreams, [
      { name: 'first', state: 'closed' },
      { name: 'second', state: 'closed' },
    ]);
  });

  test('a total outage is not multiplied: there are at most 1.1 attempts per call', async (t) => {
    const { simulator } = subject;
    simulator.setFaults([{ kind: 'error_503' }]);
    const requestsBefore = simulator.seen();
    const calls = 10_000;
    const failures = await failuresOf(calls);
    const attempts = simulator.seen() - requestsBefore;
    simulator.setFaults([]);
    t.diagnostic(`${attempts} attempts for ${calls} calls`);
    assert.equal(failures.length, calls);
    assert(attempts > 0 && attempts <= 1.1 * calls, `${attempts} attempts`);
  });
});
