/** For tests: the metrics of a run in which every phase went well, and changes to them. */
import { METRIC, type MetricName, type Metrics, type SeriesTags, seriesKey } from './metrics.ts';
import { callsIn, countedPhases, type LoadScenario } from './scenario.ts';
import { plannedByKind } from './thresholds.ts';

type Values = Record<string, number>;

function goodSeries(tags: SeriesTags, calls: number): [string, Values][] {
  const key = (metric: MetricName) => seriesKey(metric, tags);
  const trend = (p99: number) => {
    const low = { min: 1, avg: 20, med: 20, 'p(90)': 60, 'p(95)': 80 };
    return { ...low, count: calls, 'p(99)': p99, max: 120 };
  };
  const always = { rate: 1, passes: calls, fails: 0 };
  return [
    [key(METRIC.calls), { count: calls, rate: calls }],
    [key(METRIC.success), always],
    [key(METRIC.answered), always],
    [key(METRIC.correlated), always],
    [key(METRIC.overheadReported), always],
    [key(METRIC.durationMs), trend(100)],
    [key(METRIC.overheadMs), trend(3)],
    [key(METRIC.firstTextMs), trend(50)],
    [key(METRIC.driverLagMs), trend(2)],
  ];
}

/** @param changes replace values of series, by the series' key */
export function goodMetrics(scenario: LoadScenario, changes: Record<string, Values> = {}): Metrics {
  const phases = countedPhases(scenario);
  const all = phases.reduce((sum, phase) => sum + callsIn(phase), 0);
  const series = Object.fromEntries([
    ...goodSeries({}, all),
    ...phases.flatMap((phase) => goodSeries({ phase: phase.name }, callsIn(phase))),
    ...plannedByKind(phases).flatMap(([kind, calls]) => goodSeries({ kind }, calls)),
    [METRIC.faultChanges, { count: 2 * scenario.faults.length }] as [string, Values],
  ]);
  for (const [key, values] of Object.entries(changes)) series[key] = { ...series[key], ...values };
  return series;
}
