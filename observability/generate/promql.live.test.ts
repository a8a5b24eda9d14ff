/** Prometheus' own program evaluates the expressions of the dashboards over series with known results. */
import { test } from 'node:test';
import { latencyP99, successRatio } from './promql.ts';
import { expectValue, type Series } from './testing-promtool.ts';

/** Histogram of calls that last 0.25 s or less, and up to 5 s: cumulative, a minute apart. */
const durations = (outcome: string, fast: number, slow: number): Series => {
  const name = (le: string) =>
    `claude_api_request_duration_seconds_bucket{outcome="${outcome}",le="${le}"}`;
  const all = fast + slow;
  return {
    [name('0.25')]: `0+${fast}x10`,
    [name('0.5')]: `0+${fast}x10`,
    [name('5')]: `0+${all}x10`,
    [name('+Inf')]: `0+${all}x10`,
  };
};
const calls = (outcome: string, n: number): Series => ({
  [`claude_api_requests_total{outcome="${outcome}"}`]: `0+${n}x10`,
});

const CASES: readonly [name: string, series: Series, p99: number | undefined][] = [
  ['good calls only', durations('success', 100, 0), 0.2475],
  ['nothing yet', {}, undefined],
  [
    'cancelled calls within the limit count for nothing',
    { ...durations('success', 100, 0), ...durations('client_cancelled', 100, 0) },
    0.2475,
  ],
  [
    'calls that were cancelled after the limit are slow',
    { ...durations('success', 90, 0), ...durations('client_cancelled', 50, 10) },
    4.55,
  ],
  ['only cancelled calls, all after the limit', durations('client_cancelled', 0, 10), 4.955],
  [
    'calls that failed count for nothing',
    { ...durations('success', 100, 0), ...durations('failed', 0, 100) },
    0.2475,
  ],
];
for (const [name, series, p99] of CASES) {
  test(`latencyP99: ${name}`, () => expectValue(`round(${latencyP99('5m')}, 0.0001)`, series, p99));
}

test('successRatio: an account that is refused is bad, mistakes of callers and cancellations are left out', () => {
  const series = {
    ...calls('success', 95),
    ...calls('auth_error', 5),
    ...calls('invalid_request', 100),
    ...calls('client_cancelled', 100),
  };
  expectValue(successRatio('5m'), series, 0.95);
});
