/** Shows how a load goes while it does: a line that renews itself on a terminal, and a line now and then elsewhere. */
import { METRIC } from '../scenarios/metrics.ts';
import { type Phase, secondsOf } from '../scenarios/scenario.ts';
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
  const [durations, lags] = [new Trend(), new Trend()];
  let [calls, good, dropped] = [0, 0, 0];
  for (const { sinks } of tally.cells.all()) {
    const cell = Object.fromEntries([...sinks].map(([name, sink]) => [name, sink.values(seconds)]));
    calls += cell[METRIC.calls]?.['count'] ?? 0;
    good += cell[METRIC.success]?.['passes'] ?? 0;
    dropped += cell[METRIC.dropped]?.['count'] ?? 0;
    const duration = sinks.get(METRIC.durationMs);
    const lag = sinks.get(METRIC.driverLagMs);
    if (duration instanceof Trend) durations.merge(duration);
    if (lag instanceof Trend) lags.merge(lag);
  }
  const now = phases.filter((p) => seconds >= p.startS && seconds < p.startS + secondsOf(p));
  const facts = [
    `${seconds.toFixed(0).padStart(4)} s`,
    now.map(({ name }) => name).join('+') || 'ending',
    `${calls} calls`,
    ...(calls > 0 ? [`${((100 * good) / calls).toFixed(2)} % good`] : []),
    ...(durations.count > 0 ? [`P99 ${durations.percentile(0.99).toFixed(0)} ms`] : []),
    `${tally.inFlight} in flight`,
    `${dropped} dropped`,
    ...(lags.count > 0 ? [`driver's lag P99 ${lags.percentile(0.99).toFixed(1)} ms`] : []),
  ];
  return facts.join('  ');
}
