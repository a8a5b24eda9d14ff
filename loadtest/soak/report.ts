/** Judges whether what the service holds grows over a soak, and writes docs/soak.md. */
import type { Holdings } from './inspector.ts';

/** The measurements of one minute of load. */
export interface Minute {
  readonly minute: number;
  /** Calls by ending. */
  readonly endings: ReadonlyMap<string, number>;
  /** What the idle service still held after the minute. */
  readonly held: Holdings;
}

/** Earlier minutes do not count: caches fill and code is compiled. */
const FROM_MINUTE = 3;
/** Share of the mean by which a holding may grow each minute. */
const GROWTH_LIMIT = 0.01;

const KEYS: readonly (keyof Holdings)[] = ['heap', 'sockets', 'timers', 'signals', 'listeners'];

/** @returns the slope of the least-squares line from minute 3 on, as a share of the mean */
export function growth(minutes: readonly Minute[], key: keyof Holdings): number {
  const points = minutes
    .filter(({ minute }) => minute >= FROM_MINUTE)
    .map(({ minute, held }) => [minute, held[key]] as const);
  const mean = (i: 0 | 1) => points.reduce((sum, point) => sum + point[i], 0) / points.length;
  const [meanX, meanY] = [mean(0), mean(1)];
  const sum = (f: (dx: number, dy: number) => number) =>
    points.reduce((total, [x, y]) => total + f(x - meanX, y - meanY), 0);
  const spread = sum((dx) => dx * dx);
  if (spread === 0 || meanY === 0) return 0;
  return sum((dx, dy) => dx * dy) / spread / meanY;
}

/** @returns the names of the holdings that grow by 1 % a minute or more */
export function growing(minutes: readonly Minute[]): string[] {
  return KEYS.filter((key) => growth(minutes, key) >= GROWTH_LIMIT);
}

function line({ minute, endings, held }: Minute): string {
  const count = (ending: string) => endings.get(ending) ?? 0;
  const all = [...endings.values()].reduce((sum, n) => sum + n, 0);
  const cancelled = count('cancelled');
  const errorEvents = count('error event');
  const lost = count('lost');
  const otherStatus = all - count('complete') - cancelled - errorEvents - lost;
  const { heap, sockets, timers, signals, listeners } = held;
  const cells = [
    ...[minute, all, cancelled, errorEvents, otherStatus, lost],
    ...[(heap / 1e6).toFixed(1), sockets, timers, signals, listeners],
  ];
  return `| ${cells.join(' | ')} |`;
}

export function soakReport(minutes: readonly Minute[]): string {
  const heads = [
    ...['minute', 'calls', 'cancelled', 'error event', 'other status', 'lost'],
    ...['heap MB', 'sockets', 'timers', 'signals', 'listeners'],
  ];
  const rates = KEYS.map((key) => `${key} ${(growth(minutes, key) * 100).toFixed(2)} %`);
  return `# What the service still holds after minutes of faults

This page shows whether calls leave anything behind in the process: memory, sockets, timers, signals,
listeners. It was written by \`make soak\`: two regions of the simulator; half of the calls are streaming, one call in
twenty is cancelled by its caller within 30 ms, and each fault in turn is injected for a second into
half of the first region's requests. After each minute the load stops until idle connections are
closed, garbage is collected, and the inspector counts what the process still holds. A timer, a
listener or a signal that a call leaves behind would show as a number that grows with the calls.

| ${heads.join(' | ')} |
|${heads.map(() => '---').join('|')}|
${minutes.map(line).join('\n')}

Growth per minute from minute ${FROM_MINUTE} on (slope of the least-squares line; the limit is 1 %):
${rates.join(', ')}.
`;
}
