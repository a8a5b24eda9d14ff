/** The summary of a run as text for a terminal. */
import type { NotableCall, Row, Summary } from './summary.ts';

const VERDICTS = {
  passed: 'PASSED',
  missed: 'MISSED: a threshold was not met',
  inconclusive: 'INCONCLUSIVE: the run says nothing about the service',
} as const;

/** @returns lines without an end of line */
export function summaryText(summary: Summary): readonly string[] {
  const { scenario, target, seconds, question, driver } = summary;
  return [
    `${scenario} against ${target}, ${seconds.toFixed(0)} s: ${question}`,
    '',
    ...tableOf('phase', summary.phases),
    '',
    ...tableOf('call type', summary.kinds),
    '',
    ...thresholdLines(summary),
    '',
    driverLine(summary),
    ...(driver === 'k6'
      ? ['first text and gaps: not measured by k6, which reads answers whole']
      : []),
    ...notableLines(summary),
    ...summary.bottlenecks.map((text) => `because: ${text}`),
    ...breakpointLine(summary),
    `verdict: ${VERDICTS[summary.verdict]}`,
  ];
}

function driverLine({ driverLag, driverLoop }: Summary): string {
  const lag = `driver lag: P50 ${ms(driverLag.p50Ms)}, P99 ${ms(driverLag.p99Ms)} ms`;
  if (!driverLoop) return lag;
  const { busy, lateP99Ms } = driverLoop;
  return `${lag}; its event loop was busy for ${percent(busy)}, timers fired ${ms(lateP99Ms)} ms late (P99)`;
}

const COLUMNS: readonly [title: string, cell: (row: Row) => string][] = [
  ['calls', ({ calls }) => String(calls)],
  ['calls/s', ({ perSecond }) => perSecond.toFixed(1)],
  ['success', ({ success }) => percent(success)],
  ['answered', ({ answered }) => percent(answered)],
  ['P50 ms', ({ p50Ms }) => ms(p50Ms)],
  ['P90 ms', ({ p90Ms }) => ms(p90Ms)],
  ['P99 ms', ({ p99Ms }) => ms(p99Ms)],
  ['text P99', ({ firstTextP99Ms }) => ms(firstTextP99Ms)],
  ['gap P99', ({ longestGapP99Ms }) => ms(longestGapP99Ms)],
  ['dropped', ({ dropped }) => (dropped === null ? '' : String(dropped))],
];
const NAME_WIDTH = 14;
const WIDTH = 10;

function tableOf(title: string, rows: readonly Row[]): string[] {
  const head = COLUMNS.map(([name]) => name.padStart(WIDTH)).join('');
  const lines = rows.map((row) => {
    const cells = COLUMNS.map(([, cell]) => cell(row).padStart(WIDTH)).join('');
    return `${row.name.padEnd(NAME_WIDTH)}${cells}`;
  });
  return [`${title.padEnd(NAME_WIDTH)}${head}`, ...lines];
}

function thresholdLines({ thresholds, driver }: Summary): string[] {
  const width = Math.max(...thresholds.map(({ metric }) => metric.length)) + 2;
  const wide = Math.max(14, ...thresholds.map(({ condition }) => condition.length)) + 2;
  return thresholds.map(({ metric, condition, value, ok, notReached }) => {
    const shown = value === null ? 'no value' : String(value);
    const open = notReached ? 'not reached' : `not measured by ${driver}`;
    const result = ok === null ? open : ok ? 'ok' : 'MISSED';
    return `${metric.padEnd(width)}${condition.padEnd(wide)}${shown.padEnd(12)}${result}`;
  });
}

/** @returns the lines of the calls that stand out, which k6 does not know when it prints its summary */
export function notableLines({ slowest, failed }: Summary): string[] {
  return [...callLines('slowest calls', slowest), ...callLines('failed calls', failed)];
}

function callLines(title: string, calls: readonly NotableCall[]): string[] {
  if (calls.length === 0) return [];
  const lines = calls.map(({ id, kind, phase, durationMs, reason, trace }) => {
    const what = reason ?? `${ms(durationMs)} ms`;
    return `  ${what.padEnd(18)} ${phase}/${kind}  ${trace ?? id}`;
  });
  return ['', `${title}:`, ...lines];
}

function breakpointLine({ breakpoint }: Summary): string[] {
  if (!breakpoint) return [];
  const { perSecond, isLowerBound } = breakpoint;
  return [
    isLowerBound
      ? `breakpoint: not found; both targets hold at ${perSecond} calls a second, and perhaps beyond`
      : `breakpoint: both targets hold up to ${perSecond} calls a second`,
  ];
}

function percent(share: number | null): string {
  return share === null ? '-' : `${(share * 100).toFixed(2)} %`;
}

function ms(value: number | null): string {
  return value === null ? '-' : value.toFixed(value < 10 ? 1 : 0);
}
