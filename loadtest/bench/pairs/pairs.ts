/** Which subjects are compared side by side, and what is read out of that. */
import { type Spread, spreadOf } from '../statistics.ts';
import { EVERYTHING, LIMIT } from '../subjects.ts';

/** Two names: what is looked at, and what it is compared with. */
export type Pair = readonly [string, string];

export const PAIRS: readonly Pair[] = [
  [EVERYTHING, LIMIT],
  ['traces-100', LIMIT],
  [EVERYTHING, 'sdk'],
  [EVERYTHING, 'portkey'],
  [EVERYTHING, 'off'],
  ['metrics', 'off'],
  ['logs', 'metrics'],
  [EVERYTHING, 'logs'],
  ['traces-100', 'logs'],
  ['logs-twice', EVERYTHING],
];

/** The figures of one subject, over all its turns of a round. */
export interface TurnFigures {
  readonly perSecond: number;
  /** CPU time for a request, microseconds; what it does while the other has its turn counts as well. */
  readonly cpuUs: number;
  /** The errors that make these figures none, or ''. */
  readonly invalid: string;
}

export interface PairVisit {
  readonly pair: Pair;
  readonly round: number;
  /** In the order of the pair. */
  readonly figures: readonly [TurnFigures, TurnFigures];
}

export interface Pairs {
  /** The time at which the first pair began, ISO 8601. */
  readonly date: string;
  readonly seconds: number;
  readonly rounds: number;
  readonly cpu: string;
  /** The turns that each of the two had in each round. */
  readonly turns: number;
  readonly visits: readonly PairVisit[];
  /** Pairs that have no figures, and why. */
  readonly failed: readonly { readonly pair: Pair; readonly reason: string }[];
}

/** A result, whether it has pairs or not. */
interface Compared {
  readonly pairs?: Pairs;
}

type Field = 'perSecond' | 'cpuUs';

/** One value of each round. @returns undefined for a pair that was not measured, or had errors in a round */
function compare(
  { pairs }: Compared,
  [name, other]: Pair,
  between: (one: TurnFigures, two: TurnFigures) => number,
): Spread | undefined {
  const visits = (pairs?.visits ?? []).filter(({ pair }) => pair[0] === name && pair[1] === other);
  const isValid = visits.every(({ figures }) => figures.every(({ invalid }) => invalid === ''));
  return isValid ? spreadOf(visits.map(({ figures }) => between(...figures))) : undefined;
}

export const pairRatio = (result: Compared, pair: Pair, field: Field) =>
  compare(result, pair, (one, two) => one[field] / two[field]);

export const pairDifference = (result: Compared, pair: Pair, field: Field) =>
  compare(result, pair, (one, two) => one[field] - two[field]);
