/** Writes docs/reliability.md from what the chaos run saw. */
import type { Seen } from '../lib/call-once.ts';

/** What came of one fault. */
export interface Row {
  readonly name: string;
  readonly where: string;
  readonly seen: readonly Seen[];
  readonly perSecond: number;
  /** Requests to the upstreams for each call. */
  readonly attempts: number;
  /** From the end of the fault to the end of the last call that was not whole; 0 when none was. */
  readonly wellAfterMs: number;
  /** From the end of the fault until the first region answered again; -1 when it did not. */
  readonly backMs: number;
}

/** Counts by what was seen, the commonest first, `whole` left out. */
export function othersSeen(seen: readonly Seen[]): string {
  const counts = new Map<string, number>();
  for (const { what } of seen) counts.set(what, (counts.get(what) ?? 0) + 1);
  counts.delete('whole');
  counts.delete('lost');
  const sorted = [...counts].toSorted(([, a], [, b]) => b - a);
  return sorted.map(([what, n]) => `${n} × ${what}`).join(', ') || 'nothing';
}

function p99(seen: readonly Seen[]): number {
  const sorted = seen.map(({ ms }) => ms).toSorted((a, b) => a - b);
  return sorted[Math.floor(sorted.length * 0.99)] ?? 0;
}

function line({ name, where, seen, perSecond, attempts, wellAfterMs, backMs }: Row): string {
  const good = seen.filter((s) => s.good).length;
  const lost = seen.filter(({ what }) => what === 'lost').length;
  const cells = [
    name.replaceAll('_', '\\_'),
    where,
    `${perSecond.toFixed(0)}`,
    `${((good / seen.length) * 100).toFixed(2)} %`,
    othersSeen(seen),
    `${lost}`,
    attempts.toFixed(2),
    p99(seen).toFixed(0),
    wellAfterMs.toFixed(0),
    backMs < 0 ? 'not seen' : backMs.toFixed(0),
  ];
  return `| ${cells.join(' | ')} |`;
}

/** @param calls of each row */
export function reliabilityPage(rows: readonly Row[], calls: number): string {
  const heads = [
    ...['fault', 'where', 'calls/s', 'whole', 'callers saw besides', 'lost'],
    ...['attempts a call', 'P99 ms', 'well after ms', 'region back after ms'],
  ];
  return `# What callers see of each fault

Written by \`make chaos\`: two regions of the simulator, the first preferred; ${calls.toLocaleString('en')} calls a
row, half of them streams, 30 at once. The fault is on from a fifth to four fifths of them. Time limits
and back-off are a tenth of the defaults or less, so that the run ends; rates and times are one machine's.

- **callers saw besides:** answers that were not whole, as a status or as an \`error\` event in a stream.
  A stream that breaks after its first content cannot be asked again: its caller is told.
- **lost:** no answer, or one that just ends. It must be 0.
- **well after:** from the end of the fault to the end of the last call that was not whole.

| ${heads.join(' | ')} |
|${heads.map(() => '---').join('|')}|
${rows.map(line).join('\n')}
`;
}
