/** The tables of the page, each from the figures of one result. */
import { Figures, ofSeries, ofStreams } from './figures.ts';
import { inMB, medianOf, short, table, withSpread } from './format.ts';
import { pairDifference, pairRatio } from './pairs/pairs.ts';
import { type Reach, reachOf, verdictOf } from './reach.ts';
import { REASONS } from './reasons.ts';
import type { Result } from './result.ts';
import { DIRECT } from './rounds.ts';
import type { Spread } from './statistics.ts';
import { LIMIT } from './subjects.ts';

const cpu = ofSeries('c32', 'cpuUs');

/** Throughput, cost and memory of every subject, upstream without a delay. */
export function mainTable(result: Result): string {
  const figures = new Figures(result);
  const perSecond = ofSeries('c32', 'perSecond');
  const rows = result.subjects.map(({ name, label }) => {
    const added = (field: 'p50Ms' | 'p99Ms') =>
      medianOf(figures.added(name, ofSeries('c1', field)));
    const memory = [
      inMB(figures.spread(name, ({ idleBytes }) => idleBytes)),
      inMB(figures.spread(name, ofSeries('c128', 'peakBytes'))),
      inMB(figures.anyRound(name, ({ recoveredBytes }) => recoveredBytes)),
    ];
    return [
      label,
      withSpread(figures.spread(name, perSecond)),
      medianOf(figures.ratio(name, LIMIT, perSecond)),
      medianOf(figures.spread(name, ofSeries('c128', 'perSecond'))),
      medianOf(figures.spread(name, cpu)),
      `${added('p50Ms')} / ${added('p99Ms')}`,
      memory.join(' / '),
    ];
  });
  const heads = [
    ...['under test', 'req/s, 32 connections', 'of the limit', 'req/s, 128', 'CPU µs a call'],
    ...['added ms, 1 connection, P50 / P99', 'memory MB, idle / loaded / after'],
  ];
  return table(heads, rows);
}

export function reachTable(result: Result): string {
  const goal = ({ unit, more }: Reach, value: number) => {
    const sign = more ? '≥' : '≤';
    return `${sign} ${value}${unit && ` ${unit}`}`;
  };
  const rows = reachOf(result).map((reach) => {
    const verdict = verdictOf(reach);
    return [
      reach.figure,
      withSpread(reach.measured, reach.unit),
      goal(reach, reach.least),
      goal(reach, reach.aim),
      verdict === 'not reached' ? `**${verdict}**` : verdict,
    ];
  });
  return table(['everything on', 'measured', 'at least', 'aim', ''], rows);
}

/** Every figure that was missed, with its reason. */
export function missedText(result: Result): string {
  const missed = reachOf(result).filter((reach) => verdictOf(reach) === 'not reached');
  const lines = missed.map(
    ({ figure }) => `- ${figure}: ${REASONS[figure] ?? 'nobody has looked why'}.`,
  );
  return ['Not reached:', '', ...(lines.length > 0 ? lines : ['- nothing.'])].join('\n');
}

/** What one more signal costs: the difference of two variants, and its part of the larger one. */
const SIGNALS = [
  ['metrics', 'metrics', 'off'],
  ['log lines (standard output)', 'logs', 'metrics'],
  ['traces, 10 % sampled', 'traces-10', 'logs'],
  ['traces, all sampled', 'traces-100', 'logs'],
  ['log lines by OTLP as well', 'logs-twice', 'traces-10'],
] as const;

export interface SignalCost {
  readonly signal: string;
  readonly cpuUs: Spread;
  /** Of a call with this signal and those before it, per cent. */
  readonly share: number;
}

/** @returns those that were measured */
export function signalCosts(result: Pick<Result, 'pairs'>): readonly SignalCost[] {
  return SIGNALS.flatMap(([signal, more, less]) => {
    const cpuUs = pairDifference(result, [more, less], 'cpuUs');
    const times = pairRatio(result, [more, less], 'cpuUs');
    return cpuUs && times ? [{ signal, cpuUs, share: 100 * (1 - 1 / times.median) }] : [];
  });
}

export function signalTable(result: Result): string {
  const rows = signalCosts(result).map(({ signal, cpuUs, share }) => [
    ...[signal, withSpread(cpuUs), `${short(share)} %`],
  ]);
  return table(['signal', 'CPU µs a call', 'of that call'], rows);
}

export function stageTable({ stages }: Result): string {
  const rows = (stages?.stages ?? []).map(({ stage, cpuUs, optional }) => [
    ...[`\`${stage}\``, withSpread(cpuUs), optional ? 'when switched on' : 'always'],
  ]);
  const whole = ['all that are always on', withSpread(stages?.whole), ''];
  return table(['stage', 'CPU µs a call', ''], [...rows, whole]);
}

export function streamTable(result: Result): string {
  const figures = new Figures(result);
  const labels = [{ name: DIRECT, label: 'straight to the upstream' }, ...result.subjects];
  const rows = labels.flatMap(({ name, label }) => {
    if (!figures.spread(name, ofStreams('first', 'streams'))) return [];
    const first = (field: 'firstP50Ms' | 'firstP99Ms') =>
      name === DIRECT ? '–' : medianOf(figures.added(name, ofStreams('first', field)));
    const held = (series: 'held 100' | 'held 500') => [
      medianOf(figures.spread(name, ofStreams(series, 'gapP99Ms'))),
      medianOf(figures.spread(name, ofStreams(series, 'framesLost'))),
    ];
    return [
      [
        ...[label, `${first('firstP50Ms')} / ${first('firstP99Ms')}`],
        medianOf(figures.spread(name, ofStreams('first', 'gapP99Ms'))),
        ...[...held('held 100'), ...held('held 500')],
      ],
    ];
  });
  const heads = [
    ...['streams of 64 chunks, 20 ms apart', 'first chunk, added ms P50 / P99', '25: gap P99 ms'],
    ...['100: gap P99 ms', 'lost', '500: gap P99 ms', 'lost'],
  ];
  return table(heads, rows);
}

export function delayTable(result: Result): string {
  const figures = new Figures(result);
  const [c32, c128] = ['c32, 20 ms', 'c128, 20 ms'] as const;
  const rows = result.subjects.flatMap(({ name, label }) => {
    const at = (series: typeof c32 | typeof c128) =>
      figures.spread(name, ofSeries(series, 'perSecond'));
    if (!at(c32)) return [];
    return [
      [
        ...[label, medianOf(at(c32)), medianOf(figures.added(name, ofSeries(c32, 'p99Ms')))],
        ...[medianOf(at(c128)), medianOf(figures.spread(name, ofSeries(c128, 'cpuUs')))],
      ],
    ];
  });
  const heads = [
    ...['upstream with 20 ms', 'req/s, 32 connections', 'added P99 ms'],
    ...['req/s, 128 connections', 'CPU µs a call'],
  ];
  return table(heads, rows);
}

export function growthTable(result: Result): string {
  const figures = new Figures(result);
  const series = ['c1', 'c32', 'c128', 'ask 1 MB', 'answer 1 MB'] as const;
  const rows = result.subjects.flatMap(({ name, label }) => {
    if (!figures.spread(name, ofSeries('ask 1 MB', 'cpuUs'))) return [];
    return [
      [label, ...series.map((one) => medianOf(figures.spread(name, ofSeries(one, 'cpuUs'))))],
    ];
  });
  const heads = [
    ...['CPU µs a call', '1 connection', '32', '128'],
    ...['request of 1 MB', 'answer of 1 MB'],
  ];
  return table(heads, rows);
}
