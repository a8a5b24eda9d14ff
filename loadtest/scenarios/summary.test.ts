/** The summary in JSON and as text. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SCENARIOS } from './all.ts';
import { seriesKey } from './metrics.ts';
import { callOfLine, lineOf, NotableCalls } from './notable-calls.ts';
import { countedPhases } from './scenario.ts';
import { type NotableCall, seriesOf, summarize } from './summary.ts';
import { summaryText } from './summary-text.ts';
import { goodMetrics } from './testing-metrics.ts';

const SMOKE = SCENARIOS.smoke({});
const RUN = {
  driver: 'node',
  scenario: SMOKE,
  target: 'http://127.0.0.1:8080',
  startedMs: 0,
  seconds: 23.4567891,
} as const;

test('summary: it has a row for each phase and kind, and all thresholds with their values', () => {
  const summary = summarize({ ...RUN, metrics: goodMetrics(SMOKE) });
  assert.equal(summary.verdict, 'passed');
  assert.equal(summary.started, '1970-01-01T00:00:00.000Z');
  const [phase] = summary.phases;
  assert.deepEqual(
    [phase?.name, phase?.calls, phase?.perSecond, phase?.success, phase?.p99Ms, phase?.dropped],
    ['smoke', 1000, 50, 1, 100, 0],
  );
  assert.deepEqual(
    summary.kinds.map(({ name, calls, perSecond, dropped }) => [name, calls, perSecond, dropped]),
    [
      ['complete', 500, 25, null],
      ['streaming', 500, 25, null],
    ],
  );
  assert.equal(summary.thresholds.length, SMOKE.thresholds.length);
  assert(summary.thresholds.every(({ ok }) => ok));
  assert.deepEqual(JSON.parse(JSON.stringify(summary)), summary);
});

test('summary: calls a second are those of the time in which calls were made, also of a run that was ended early', () => {
  const [phase] = countedPhases(SMOKE);
  assert(phase);
  const rates = [-1, 0, 10, 20, 500].map((madeS) => {
    const seconds = phase.startS + madeS;
    const { phases, kinds } = summarize({ ...RUN, seconds, metrics: goodMetrics(SMOKE) });
    return [phases[0]?.perSecond, kinds[0]?.perSecond];
  });
  assert.deepEqual(rates, [...[0, 0, 100, 50, 50].map((rate) => [rate, rate / 2])]);
});

test('summary: the empty series of k6 are no measurements', () => {
  const empty = { count: 0, med: 0, 'p(90)': 0, 'p(99)': 0 };
  const metrics = {
    'claude_call_duration_ms{scenario:smoke}': empty,
    'claude_call_success{scenario:smoke}': { rate: 0, passes: 0, fails: 0 },
  };
  const { phases, verdict } = summarize({ ...RUN, driver: 'k6', metrics });
  assert.deepEqual([phases[0]?.p99Ms, phases[0]?.success, phases[0]?.calls], [null, null, 0]);
  assert.equal(verdict, 'missed');
});

test('summary text: it names the verdict, each missed threshold and each bottleneck', () => {
  const text = (changes: Parameters<typeof goodMetrics>[1]) =>
    summaryText(summarize({ ...RUN, metrics: goodMetrics(SMOKE, changes) })).join('\n');
  assert.match(text({}), /verdict: PASSED/);
  const slow = text({ 'claude_call_duration_ms{scenario:smoke}': { 'p(99)': 700 } });
  assert.match(slow, /claude_call_duration_ms\{scenario:smoke\} +p\(99\)<500 +700 +MISSED/);
  assert.match(slow, /verdict: MISSED/);
  const late = text({ 'claude_driver_lag_ms{scenario:smoke}': { 'p(99)': 70 } });
  assert.match(late, /because: smoke: calls began up to 70 ms late/);
  assert.match(late, /verdict: INCONCLUSIVE/);
});

test('summary text: a breakpoint is printed', () => {
  const scenario = SCENARIOS.breakpoint({});
  const metrics = goodMetrics(scenario, { 'claude_call_success{scenario:step_2}': { rate: 0.9 } });
  const lines = summaryText(summarize({ ...RUN, scenario, metrics }));
  assert.match(lines.join('\n'), /breakpoint: both targets hold up to 50 calls a second/);
});

test('series: all that the summary of a phase shows is declared, each series once', () => {
  const keys = seriesOf(SCENARIOS.mixed({})).map(([metric, tags]) => seriesKey(metric, tags));
  assert.equal(new Set(keys).size, keys.length);
  assert(keys.includes('claude_call_duration_ms{call_type:tools}'));
  assert(keys.includes('claude_calls{scenario:mixed}'));
  assert(!keys.some((key) => key.includes('warm_up')));
});

const call = (n: number, reason?: string): NotableCall => ({
  id: `id-${n}`,
  kind: 'complete',
  phase: 'smoke',
  durationMs: n,
  ...(reason && { reason }),
});

test('notable calls: the ten slowest and the first twenty that failed, with their traces', () => {
  const notable = new NotableCalls();
  for (let n = 0; n < 100; n++) notable.add(call((n * 37) % 100));
  for (let n = 0; n < 30; n++) notable.add(call(n, 'status_529'));
  const summary = summarize({ ...RUN, metrics: {} });
  const { slowest, failed } = notable.addTo(summary, (id) => `make find ID=${id}`);
  assert.deepEqual(
    slowest.map(({ durationMs }) => durationMs),
    [99, 98, 97, 96, 95, 94, 93, 92, 91, 90],
  );
  assert.equal(slowest[0]?.trace, 'make find ID=id-99');
  assert.deepEqual([failed.length, failed[0]?.id, failed[19]?.id], [20, 'id-0', 'id-19']);
  const text = summaryText({ ...summary, slowest, failed }).join('\n');
  assert.match(text, /status_529 +smoke\/complete +make find ID=id-3/);
});

test('notable calls: a call is passed on only while it is one of those that stand out', () => {
  const notable = new NotableCalls();
  for (let n = 0; n < 10; n++) assert.equal(notable.add(call(100 + n)), true);
  assert.equal(notable.add(call(100)), false);
  assert.equal(notable.add(call(101)), true);
});

test('notable calls: they come back from the console of k6, in each of its formats', () => {
  const wanted = call(7, 'not_json');
  const line = lineOf(wanted);
  const text = `time="2026-11-26T00:00:00Z" level=info msg=${JSON.stringify(line)} source=console`;
  assert.deepEqual(callOfLine(text), wanted);
  assert.deepEqual(callOfLine(line), wanted);
  const json = JSON.stringify({ level: 'info', msg: line, source: 'console' });
  assert.deepEqual(callOfLine(json), wanted);
  assert.equal(callOfLine('level=info msg="the upstream is the simulator"'), undefined);
  assert.equal(callOfLine('claude_call {"id":'), undefined);
});
