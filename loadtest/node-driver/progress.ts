/** Shows how a load goes while it does: a line that renews itself on a terminal, and a line now and then elsewhere. */
import { METRIC } from '../scenarios/metrics.ts';
import { type Phase, secondsOf } from '../scenarios/scenario.ts';
import { Counter, Rate } from './sinks.ts';
import type { Tally } from './tally.ts';
import { Trend } from './trend.ts';

/** Milliseconds between two lines. */
const EVERY_MS = { terminal: 1_000, elsewhere: 10_000 } as const;

export interface Output {
  readonly isTTY?: boolean;
  write(text: string): unknown;
}

export interface Progress {
  readonly phases: readonly Phase[];
  readonly tally: Tally;
  readonly output: Output;
}

/** @returns ends it, and leaves the terminal's line empty */
export function showProgress(progress: Progress): () => void {
  const { output } = progress;
  const startedMs = performance.now();
  const isTerminal = output.isTTY === true;
  const show = () => {
    const line = progressLine(progress, (performance.now() - startedMs) / 1000);
    output.write(isTerminal ? `\r\u001b[K${line}` : `${line}\n`);
  };
  const timer = setInterval(show, isTerminal ? EVERY_MS.terminal : EVERY_MS.elsewhere);
  return () => {
    clearInterval(timer);
    if (isTerminal) output.write('\r\u001b[K');
  };
}

/** @param seconds since the run began */
export function progressLine({ phases, tally }: Progress, seconds: number): string {
  const { calls, judged, good, dropped, durations, lags } = sumsOf(tally);
  const now = phases.filter((p) => seconds >= p.startS && seconds < p.startS + secondsOf(p));
  const facts = [
    `${seconds.toFixed(0).padStart(4)} s`,
    now.map(({ name }) => name).join('+') || 'ending',
    `${calls} calls`,
    ...(judged > 0 ? [`${((100 * good) / judged).toFixed(2)} % good`] : []),
    ...(durations.count > 0 ? [`P99 ${durations.percentile(0.99).toFixed(0)} ms`] : []),
    `${tally.inFlight} in flight`,
    `${dropped} dropped`,
    ...(lags.count > 0 ? [`driver's lag P99 ${lags.percentile(0.99).toFixed(1)} ms`] : []),
  ];
  return facts.join('  ');
}

/** Of all phases that count, without what would cost more than a line is worth. */
function sumsOf({ cells }: Tally) {
  const sums = {
    calls: 0,
    judged: 0,
    good: 0,
    dropped: 0,
    durations: new Trend(),
    lags: new Trend(),
  };
  for (const { sinks } of cells.all()) {
    const [calls, success] = [sinks.get(METRIC.calls), sinks.get(METRIC.success)];
    const [duration, lag] = [sinks.get(METRIC.durationMs), sinks.get(METRIC.driverLagMs)];
    const dropped = sinks.get(METRIC.dropped);
    if (calls instanceof Counter) sums.calls += calls.count;
    if (success instanceof Rate) {
      sums.good += success.passes;
      sums.judged += success.passes + (success.values()['fails'] ?? 0);
    }
    if (dropped instanceof Counter) sums.dropped += dropped.count;
    if (duration instanceof Trend) sums.durations.merge(duration);
    if (lag instanceof Trend) sums.lags.merge(lag);
  }
  return sums;
}
