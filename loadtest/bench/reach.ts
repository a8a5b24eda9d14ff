/** Compares what was measured with what the project wants to reach: nothing is rounded into a success. */
import { Figures, ofSeries, ofStreams, type Read } from './figures.ts';
import { type Pair, pairRatio } from './pairs/pairs.ts';
import type { Result } from './result.ts';
import type { Spread } from './statistics.ts';
import { EVERYTHING, LIMIT } from './subjects.ts';

export interface Reach {
  readonly figure: string;
  readonly unit: '' | '×' | 'ms' | 'MB' | '%';
  /** What is wanted at least, and what is aimed at. */
  readonly least: number;
  readonly aim: number;
  /** Whether more is better. */
  readonly more: boolean;
  readonly measured: Spread | undefined;
}

export type Verdict = 'aim reached' | 'least reached' | 'not reached' | 'not measured';

/** By the median. */
export function verdictOf({ measured, least, aim, more }: Reach): Verdict {
  if (!measured) return 'not measured';
  const reaches = (goal: number) => (more ? measured.median >= goal : measured.median <= goal);
  if (reaches(aim)) return 'aim reached';
  return reaches(least) ? 'least reached' : 'not reached';
}

type Figured = Pick<Result, 'visits' | 'pairs'>;

/** Within a round, and not side by side: what differs by a factor of fifty needs no closer look. */
export const timesLiteLlm = (result: Figured): Spread | undefined =>
  new Figures(result).ratio(EVERYTHING, 'litellm', ofSeries('c32', 'perSecond'));

const cpu = (series: Parameters<typeof ofSeries>[0]) => ofSeries(series, 'cpuUs');
const scaled = (spread: Spread | undefined, by: (value: number) => number): Spread | undefined => {
  if (!spread) return undefined;
  const [a, b] = [by(spread.least), by(spread.most)];
  return { median: by(spread.median), least: Math.min(a, b), most: Math.max(a, b) };
};
const inMB = (spread: Spread | undefined) => scaled(spread, (bytes) => bytes / 1e6);

const SDK = 'traces 10 %, against the official SDK without telemetry';

function throughput(result: Figured): Reach[] {
  const row = (
    label: string,
    [least, aim]: readonly [number, number],
    measured: Spread | undefined,
    unit: Reach['unit'] = '×',
  ): Reach => ({ figure: `throughput, ${label}`, unit, least, aim, more: true, measured });
  const beside = (...pair: Pair) => pairRatio(result, pair, 'perSecond');
  return [
    row('traces 10 %, of the limit', [0.42, 0.6], beside(EVERYTHING, LIMIT), ''),
    row('traces 100 %, of the limit', [0.32, 0.45], beside('traces-100', LIMIT), ''),
    row(SDK, [1.8, 2.5], beside(EVERYTHING, 'sdk')),
    row('traces 10 %, against Portkey', [2.8, 4], beside(EVERYTHING, 'portkey')),
    row('traces 10 %, against LiteLLM', [50, 80], timesLiteLlm(result)),
  ];
}

const atMost = (
  figure: string,
  unit: Reach['unit'],
  [least, aim]: readonly [number, number],
  measured: Spread | undefined,
): Reach => ({ figure, unit, least, aim, more: false, measured });

/** Telemetry's part of what a call costs with everything on, per cent. */
export function telemetryShare(result: Figured): Spread | undefined {
  const times = pairRatio(result, [EVERYTHING, 'off'], 'cpuUs');
  return scaled(times, (ratio) => 100 * (1 - 1 / ratio));
}

function latency(result: Figured): Reach[] {
  const figures = new Figures(result);
  const first = ofStreams('first', 'firstP99Ms');
  const lost = ofStreams('held 500', 'framesLost');
  const gap = ofStreams('held 500', 'gapP99Ms');
  const one = ofSeries('c1', 'p99Ms');
  return [
    atMost("telemetry's share of the CPU time of a call", '%', [30, 20], telemetryShare(result)),
    atMost('added P99 at one connection', 'ms', [1, 0.5], figures.added(EVERYTHING, one)),
    atMost('added time to first token, P99', 'ms', [1.2, 0.6], figures.added(EVERYTHING, first)),
    atMost('500 streams at once: frames lost', '', [0, 0], figures.spread(EVERYTHING, lost)),
    atMost(
      '500 streams at once: gap P99, against the limit',
      '×',
      [1.3, 1.1],
      figures.ratio(EVERYTHING, LIMIT, gap),
    ),
  ];
}

function memory(result: Figured): Reach[] {
  const figures = new Figures(result);
  const peak = ofSeries('c128', 'peakBytes');
  const level = ofSeries('c128', 'endToMiddle');
  return [
    atMost(
      'memory with 128 connections, against the limit',
      '×',
      [1.6, 1.3],
      figures.ratio(EVERYTHING, LIMIT, peak),
    ),
    atMost(
      'the same at the end of the series, against its middle',
      '×',
      [1.1, 1.05],
      figures.spread(EVERYTHING, level),
    ),
    atMost(
      'memory idle',
      'MB',
      [150, 110],
      inMB(figures.spread(EVERYTHING, ({ idleBytes }) => idleBytes)),
    ),
  ];
}

function growth(result: Figured): Reach[] {
  const figures = new Figures(result);
  const row = (figure: string, from: Read, to: Read) =>
    atMost(figure, '×', [1, 1], figures.growth(EVERYTHING, LIMIT, from, to));
  const as = "as a ratio to the limit's own growth";
  return [
    row(`CPU time from 1 to 128 connections, ${as}`, cpu('c1'), cpu('c128')),
    row(`CPU time from requests of 1 kB to 1 MB, ${as}`, cpu('c32'), cpu('ask 1 MB')),
    row(`CPU time from answers of 1 kB to 1 MB, ${as}`, cpu('c32'), cpu('answer 1 MB')),
  ];
}

/** In the order of the page. */
export function reachOf(result: Figured): readonly Reach[] {
  return [throughput, latency, memory, growth].flatMap((rows) => rows(result));
}
