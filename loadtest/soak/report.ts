/** Judges what a soak saw, and writes docs/soak.md from it. */
import type { Holdings } from './inspector.ts';

export interface Minute {
  readonly minute: number;
  /** Calls by how they ended. */
  readonly ended: ReadonlyMap<string, number>;
  readonly held: Holdings;
}

/** Before, caches fill and code is compiled. */
const FROM_MINUTE = 3;
/** Part of the mean. */
const LIMIT_A_MINUTE = 0.01;

const KEYS: readonly (keyof Holdings)[] = ['heap', 'sockets', 'timers', 'signals', 'listeners'];

/** Slope of the least-squares line through the minutes from 3 on, as a part of their mean. */
export function growth(minutes: readonly Minute[], key: keyof Holdings): number {
  const points = minutes
    .filter(({ minute }) => minute >= FROM_MINUTE)
    .map(({ minute, held }) => [minute, held[key]] as const);
  const mean = (i: 0 | 1) => points.reduce((sum, point) => sum + point[i], 0) / points.length;
  const [meanX, meanY] = [mean(0), mean(1)];
  const sum = (f: (x: number, y: number) => number) =>
    points.reduce((total, [x, y]) => total + f(x - meanX, y - meanY), 0);
  const spread = sum((dx) => dx * dx);
  if (spread === 0 || meanY === 0) return 0;
  return sum((dx, dy) => dx * dy) / spread / meanY;
}

/** What grows by 1 % a minute or more. */
export function grows(minutes: readonly Minute[]): string[] {
  return KEYS.filter((key) => growth(minutes, key) >= LIMIT_A_MINUTE);
}

function line({ minute, ended, held }: Minute): string {
  const of = (what: string) => ended.get(what) ?? 0;
  const all = [...ended.values()].reduce((sum, n) => sum + n, 0);
  const other = all - of('whole') - of('cancelled') - of('error event') - of('lost');
  const counts = [all, of('cancelled'), of('error event'), other, of('lost')];
  const { heap, sockets, timers, signals, listeners } = held;
  const cells = [minute, ...counts, (heap / 1e6).toFixed(1), sockets, timers, signals, listeners];
  return `| ${cells.join(' | ')} |`;
}

export function soakPage(minutes: readonly Minute[]): string {
  const heads = [
    ...['minute', 'calls', 'cancelled', 'error event', 'other status', 'lost'],
    ...['heap MB', 'sockets', 'timers', 'signals', 'listeners'],
  ];
  const rates = KEYS.map((key) => `${key} ${(growth(minutes, key) * 100).toFixed(2)} %`);
  return `# What the service holds after minutes of bad weather

Written by \`make soak\`: two regions of the simulator, half of the calls streams, one caller in twenty
leaves within 30 ms, each fault in turn for a second on half of the first region's requests. After each
minute the load rests until idle connections are closed, garbage is collected, and the process is looked
into by its inspector: what is left then is held for good. A timer, a listener or a signal that a call
left behind would show as a number that grows with the calls.

| ${heads.join(' | ')} |
|${heads.map(() => '---').join('|')}|
${minutes.map(line).join('\n')}

Growth a minute from minute ${FROM_MINUTE} on (slope of the line through it; the limit is 1 %): ${rates.join(', ')}.
`;
}
