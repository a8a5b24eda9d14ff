/** Two regions under load: the first dies, in each of several ways, and comes back. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type ServiceProcess, startService } from '../../app/testing/service-process.ts';
import type { Fault } from '../simulator/faults.ts';
import { DEFAULT_KEY, startSimulator } from '../simulator/server.ts';

const ask = (stream: boolean) =>
  JSON.stringify({
    model: 'claude-haiku-5-5',
    max_tokens: 16,
    messages: [{ role: 'user', content: 'Hello' }],
    stream,
  });
const CALLERS = 40;

describe('two regions', { concurrency: false }, () => {
  let simulator: Awaited<ReturnType<typeof startSimulator>>;
  let service: ServiceProcess;

  before(async () => {
    simulator = await startSimulator();
    const region = (name: string, priority: number) => ({
      name,
      url: `${simulator.url}/regions/${name}`,
      priority,
    });
    service = await startService({
      CLAUDE_API_KEY: DEFAULT_KEY,
      CLAUDE_UPSTREAMS: JSON.stringify([region('first', 0), region('second', 1)]),
      OTEL_TRACES_EXPORTER: 'none',
      RETRY_BASE_MS: '1',
      BREAKER_OPEN_MS: '200',
      BREAKER_RAMP_MS: '200',
      FIRST_EVENT_TIMEOUT_MS: '500',
      ATTEMPT_TIMEOUT_MS: '500',
    });
  });
  after(async () => {
    assert.equal(await service.stop(), 0);
    await simulator.close();
  });

  async function failed(stream: boolean): Promise<string | undefined> {
    const response = await fetch(`${service.url}/v1/messages`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: ask(stream),
    });
    const body = await response.text();
    const whole = stream ? body.includes('message_stop') : body.includes('"stop_reason"');
    return response.status === 200 && whole ? undefined : `${response.status} ${body}`;
  }

  /** Makes `n` calls, half of them streams; `at` is told the number of each as it begins. */
  async function load(n: number, at: (i: number) => void): Promise<string[]> {
    const problems: string[] = [];
    let begun = 0;
    const caller = async () => {
      while (begun < n) {
        begun += 1;
        at(begun);
        const problem = await failed(begun % 2 === 0);
        if (problem) problems.push(problem);
      }
    };
    await Promise.all(Array.from({ length: CALLERS }, caller));
    return problems;
  }

  async function metric(pattern: RegExp): Promise<number> {
    const text = await (await fetch(service.metricsUrl)).text();
    return Number(pattern.exec(text)?.[1] ?? Number.NaN);
  }
  const state = (name: string) =>
    metric(new RegExp(`claude_api_circuit_state\\{upstream="first",state="${name}"\\} (\\d)`));

  const DEATHS: readonly Fault[] = [
    { kind: 'reset' },
    { kind: 'error_500' },
    { kind: 'overloaded' },
    { kind: 'html' },
  ];
  test('10,000 calls: the first region dies and comes back, four ways; none fails', async (t) => {
    const n = 10_000;
    const each = n / DEATHS.length;
    const problems = await load(n, (i) => {
      const fault = DEATHS[Math.floor(i / each)];
      const phase = i % each;
      if (phase === each * 0.2 && fault) simulator.setFaults([{ ...fault, region: 'first' }]);
      if (phase === each * 0.6) simulator.setFaults([]);
    });
    assert.deepEqual(problems.slice(0, 3), []);
    const over = await metric(/claude_api_failovers_total\{upstream="second"\} (\d+)/);
    t.diagnostic(`${over} calls went over`);
    assert(over >= DEATHS.length * 10, `${over} went over`);
  });

  test('a region that hangs costs no call either', async () => {
    simulator.setFaults([{ kind: 'hang', region: 'first' }]);
    const problems = await load(400, () => {});
    simulator.setFaults([]);
    assert.deepEqual(problems.slice(0, 3), []);
    assert.equal(await state('closed'), 0);
  });

  test('health and metrics tell the circuits; the first region is back', async () => {
    const limitMs = performance.now() + 10_000;
    while ((await state('closed')) !== 1 && performance.now() < limitMs) await load(20, () => {});
    assert.equal(await state('closed'), 1);
    const ready = (await (await fetch(`${service.url}/readyz`)).json()) as { upstreams: object[] };
    assert.deepEqual(ready.upstreams, [
      { name: 'first', state: 'closed' },
      { name: 'second', state: 'closed' },
    ]);
  });

  test('a total outage is not multiplied: at most 1.1 attempts a call, then none', async (t) => {
    simulator.setFaults([{ kind: 'error_503' }]);
    const before = simulator.seen();
    const n = 10_000;
    const problems = await load(n, () => {});
    const attempts = simulator.seen() - before;
    simulator.setFaults([]);
    t.diagnostic(`${attempts} attempts for ${n} calls`);
    assert.equal(problems.length, n);
    assert(attempts > 0 && attempts <= 1.1 * n, `${attempts} attempts`);
  });
});
