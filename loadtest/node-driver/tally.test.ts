/** The tally's metrics against k6's: the same keys, and the same aggregates of the same calls. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CallKind, Observation } from '../calls/kinds.ts';
import { METRIC } from '../scenarios/metrics.ts';
import type { Phase } from '../scenarios/scenario.ts';
import { type Output, progressLine, showProgress } from './progress.ts';
import { Tally } from './tally.ts';

function phase(name: string, counted = true): Phase {
  return {
    name,
    counted,
    startS: 0,
    fromPerSecond: 10,
    maxInFlight: 20,
    models: [],
    stages: [{ seconds: 10, perSecond: 10 }],
    calls: [{ kind: 'complete', weight: 1 }],
  };
}
const [FIRST, SECOND, WARM_UP] = [phase('first'), phase('second'), phase('warm_up', false)];
const PHASES = [WARM_UP, FIRST, SECOND];

const good = (durationMs: number): Observation => {
  return { verdict: { ok: true }, answered: true, correlated: true, durationMs, overheadMs: 1.5 };
};
const BAD: Observation = { ...good(60_000), verdict: { ok: false, reason: 'status_529' } };
const STREAM: Observation = {
  ...good(80),
  ...{
    overheadMs: undefined,
    stream: { firstEventMs: 20, firstTextMs: undefined, longestGapMs: 9 },
  },
};

function make(tally: Tally, of: Phase, kind: CallKind, seen: Observation | undefined): void {
  tally.begun(of, kind, 2);
  tally.ended(of, kind, seen);
}

function filled(): Tally {
  const tally = new Tally(PHASES);
  make(tally, WARM_UP, 'complete', good(9_999));
  for (const ms of [10, 20, 30]) make(tally, FIRST, 'complete', good(ms));
  make(tally, FIRST, 'complete', BAD);
  make(tally, SECOND, 'streaming', STREAM);
  make(tally, SECOND, 'streaming', undefined);
  tally.dropped(SECOND);
  return tally;
}

test('Tally: statuses that a server makes up share the few labels of their classes', () => {
  const tally = new Tally(PHASES);
  for (let status = 0; status < 1_000; status++) tally.answered(FIRST, 'complete', status, 1);
  const labels = new Set([...tally.cells.all()].map(({ tags }) => tags.status));
  assert(labels.size < 32, [...labels].join());
  for (const label of ['0', '200', '529', '4xx', '5xx', 'other']) assert(labels.has(label), label);
});

test('Tally: each metric is there for all calls, by phase, by kind and by both', () => {
  const metrics = filled().metrics(10);
  const counts = Object.entries(metrics)
    .filter(([key]) => key.startsWith(METRIC.calls))
    .map(([key, { count }]) => [key, count]);
  assert.deepEqual(Object.fromEntries(counts), {
    claude_calls: 5,
    'claude_calls{scenario:first}': 4,
    'claude_calls{scenario:second}': 1,
    'claude_calls{call_type:complete}': 4,
    'claude_calls{call_type:streaming}': 1,
    'claude_calls{scenario:first,call_type:complete}': 4,
    'claude_calls{scenario:second,call_type:streaming}': 1,
  });
  assert.equal(metrics[METRIC.calls]?.['rate'], 0.5);
});

test('Tally: durations are those of good calls that count', () => {
  const { count, max, med } = filled().metrics(10)['claude_call_duration_ms{scenario:first}'] ?? {};
  assert.deepEqual([count, max], [3, 30]);
  assert(Math.abs((med ?? 0) / 20 - 1) < 0.001);
});

test('Tally: success counts failed calls, and none that was given up', () => {
  const metrics = filled().metrics(10);
  assert.deepEqual(metrics['claude_call_success{scenario:first}'], {
    rate: 0.75,
    passes: 3,
    fails: 1,
  });
  assert.equal(metrics['claude_call_success{scenario:second}']?.['passes'], 1);
});

test('Tally: dropped calls are counted by phase, from 0 on', () => {
  const metrics = filled().metrics(10);
  assert.equal(metrics['dropped_iterations{scenario:first}']?.['count'], 0);
  assert.equal(metrics['dropped_iterations{scenario:second}']?.['count'], 1);
});

test('Tally: what was never measured is not there', () => {
  const metrics = filled().metrics(10);
  assert.equal(metrics[METRIC.firstTextMs], undefined);
  assert.equal(metrics['claude_calls{scenario:warm_up}'], undefined);
});

test('Tally: as many calls are in flight as have begun and not ended', () => {
  const tally = new Tally(PHASES);
  tally.begun(FIRST, 'complete', 0);
  tally.begun(FIRST, 'complete', 0);
  tally.ended(FIRST, 'complete', good(1));
  assert.equal(tally.inFlight, 1);
  assert.deepEqual(tally.metrics(1)['vus'], { value: 1, max: 2 });
});

test('progressLine: it tells the phase, the calls, their P99, and what was dropped', () => {
  const line = progressLine({ phases: [FIRST], tally: filled(), output: { write: () => true } }, 4);
  assert.match(line, /^ +4 s {2}first {2}5 calls {2}80\.00 % good {2}P99 \d+ ms {2}0 in flight/);
  assert.match(line, /1 dropped {2}driver's lag P99 2\.0 ms$/);
});

for (const [isTTY, expected] of [
  [true, /^\rESC\[K +\d+ s .*\rESC\[K$/s],
  [false, /^ +\d+ s .*\n$/],
] as const) {
  test(`showProgress: ${isTTY ? 'a terminal gets one line that renews itself' : 'a file gets whole lines'}`, (t) => {
    t.mock.timers.enable({ apis: ['setInterval'] });
    let written = '';
    const output: Output = { isTTY, write: (text) => (written += text) };
    const end = showProgress({ phases: [FIRST], tally: filled(), output });
    t.mock.timers.tick(10_000);
    end();
    t.mock.timers.tick(60_000);
    assert.match(written.replaceAll('\u001b', 'ESC'), expected);
  });
}
