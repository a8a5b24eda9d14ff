/** Writes docs/reliability.md from the measurements of the chaos run. */
import { type CallEnd, countEndings } from '../lib/call-once.ts';
import { percentile } from '../lib/load.ts';

/** The measurements of one scenario. */
export interface Row {
  readonly name: string;
  readonly where: string;
  readonly ends: readonly CallEnd[];
  readonly perSecond: number;
  /** Requests to the upstreams per call. */
  readonly attempts: number;
  /** From the end of the fault to the end of the last failed call; 0 when none failed later. */
  readonly lastFailureAfterMs: number;
  /** From the end of the fault to the first region's first success; -1 when there was none. */
  readonly regionBackAfterMs: number;
}

export function lostCalls(ends: readonly CallEnd[]): number {
  return countEndings(ends).get('lost') ?? 0;
}

/** Lists the endings other than `complete` and `lost`, the most frequent first. */
export function otherEndings(ends: readonly CallEnd[]): string {
  const counts = [...countEndings(ends)]
    .filter(([ending]) => ending !== 'complete' && ending !== 'lost')
    .toSorted(([, a], [, b]) => b - a);
  return counts.map(([ending, n]) => `${n} × ${ending}`).join(', ') || 'none';
}

function line(row: Row): string {
  const { ends, regionBackAfterMs } = row;
  const complete = ends.filter(({ ok }) => ok).length / ends.length;
  const durationsMs = ends.map(({ durationMs }) => durationMs);
  const cells = [
    row.name.replaceAll('_', '\\_'),
    row.where,
    row.perSecond.toFixed(0),
    `${(complete * 100).toFixed(2)} %`,
    otherEndings(ends),
    lostCalls(ends),
    row.attempts.toFixed(2),
    (percentile(durationsMs, 0.99) ?? 0).toFixed(0),
    row.lastFailureAfterMs.toFixed(0),
    regionBackAfterMs < 0 ? 'not seen' : regionBackAfterMs.toFixed(0),
  ];
  return `| ${cells.join(' | ')} |`;
}

/** @param calls the number of calls of each row */
export function reliabilityReport(rows: readonly Row[], calls: number): string {
  const heads = [
    ...['fault', 'where', 'calls/s', 'complete', 'other outcomes', 'lost', 'attempts per call'],
    ...['P99 ms', 'last failure after ms', 'region back after ms'],
  ];
  const shown = calls.toLocaleString('en');
  return `# What callers see of each fault

This page shows how many calls survive each fault of an upstream, and how soon all is well again.
It was written by \`make chaos\`: two regions of the simulator, the first preferred; ${shown} calls for each
row, half of them streaming, 30 at once. The fault is injected from 20 % to 80 % of the calls. Time
limits and back-off are a tenth of the defaults or less, so that the run ends; rates and times are
those of one machine.

- **other outcomes:** calls without a complete answer, by status or by the \`error\` event in their
  stream. A stream that breaks after its first content cannot be retried: its caller gets the
  \`error\` event.
- **lost:** calls without any answer, or with one that breaks off without an error. It must be 0.
- **last failure after:** from the end of the fault to the end of the last call that failed.
- **region back after:** from the end of the fault to the first success of the first region.

| ${heads.join(' | ')} |
|${heads.map(() => '---').join('|')}|
${rows.map(line).join('\n')}
`;
}
