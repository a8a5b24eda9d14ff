/** What an expected alert that fired owes: its receiver, its times, what has to silence it, and that it clears. */
import { GAME_DAY_SPEED } from '../../observability/generate/rules/compress.ts';
import { type Companion, type Expectation, type GameDay, NOBODY, TOLD_WITHIN } from './game-day.ts';
import { nameOf, type Period, type Sighting, type Told } from './sightings.ts';

/** What was seen of a game day, and when its fault came and went; milliseconds since the epoch. */
export interface Evidence {
  readonly sightings: readonly Sighting[];
  readonly onMs: number;
  readonly offMs: number;
}

/** How long minutes of production last here, milliseconds. */
export const msOf = (minutes: number): number => (minutes * 60_000) / GAME_DAY_SPEED.factor;

export const inSeconds = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;

/** Each name once, in order. */
export const distinct = (names: readonly string[]): string[] => [...new Set(names)].toSorted();

/** Whether it is the alert that is expected, by its name and by every label that the expectation names. */
export function fits(
  { alert, labels = {} }: Pick<Expectation | Companion, 'alert' | 'labels'>,
  seen: Sighting,
): boolean {
  const wanted = Object.entries(labels);
  return nameOf(seen) === alert && wanted.every(([label, value]) => seen.labels[label] === value);
}

/** The end of a period, which is never while it fires still. */
const endOf = ({ untilMs = Number.POSITIVE_INFINITY }: Period) => untilMs;

export const hasFired = ({ periods }: Sighting): boolean => periods.length > 0;
export const isFiring = ({ periods }: Sighting): boolean =>
  periods.some(({ untilMs }) => untilMs === undefined);
const wasFiringAt = ({ periods }: Sighting, atMs: number) =>
  periods.some((period) => period.fromMs <= atMs && atMs < endOf(period));
export const firstTold = ({ told }: Sighting): Told | undefined =>
  told.find((each) => each.isFiring);

/** Those of an expectation that fired. */
export const firedOf = (
  expected: Expectation,
  sightings: readonly Sighting[],
): readonly Sighting[] => sightings.filter((seen) => hasFired(seen) && fits(expected, seen));

/**
 * Whether somebody was told, or it is known why nobody is: by its route, or because an alert that may silence it has
 * itself been told.
 */
export function isTold(
  { to, untold, inhibitedBy = [] }: Expectation,
  seen: Sighting,
  sightings: readonly Sighting[],
): boolean {
  if (untold) return true;
  if (to === NOBODY) return seen.routes.has(NOBODY);
  if (firstTold(seen)) return true;
  return seen.silencers.some(({ alert, key }) => {
    const source = sightings.find((each) => each.key === key);
    return inhibitedBy.includes(alert) && source !== undefined && firstTold(source) !== undefined;
  });
}

/** Whether whoever was told last that it fires has been told of its end. */
export const isResolved = ({ told }: Sighting): boolean => told.at(-1)?.isFiring !== true;

/** A duty has a text that says what was not done. */
type Duty = (
  expected: Expectation,
  seen: Sighting,
  evidence: Evidence,
  day: Pick<GameDay, 'toldAfterwards'>,
) => string | false;

/**
 * When somebody could first be told: not before the alert has fired, for as long as telling may take, without anything
 * that silences it.
 */
function tellableMs(
  fromMs: number,
  { silencers }: Sighting,
  sightings: readonly Sighting[],
  allowedMs: number,
): number {
  const silent = silencers
    .flatMap(({ key }) => sightings.find((each) => each.key === key)?.periods ?? [])
    .toSorted((a, b) => a.fromMs - b.fromMs);
  return silent.reduce((free, period) => {
    const isBetween = period.fromMs < free + allowedMs && endOf(period) > free;
    return isBetween ? endOf(period) : free;
  }, fromMs);
}

/** An alert that is over, or silent, before somebody has to be told owes nothing. */
const toldInTime: Duty = (expected, seen, { sightings, offMs }, { toldAfterwards }) => {
  const { to, untold, toldWithin = TOLD_WITHIN[to] } = expected;
  // Whoever is never told at all is another duty.
  if (untold || to === NOBODY || !isTold(expected, seen, sightings)) return false;
  const allowedMs = msOf(toldWithin);
  const openMs = toldAfterwards ? offMs : 0;
  const owed = seen.periods.flatMap((period) => {
    const fromMs = tellableMs(Math.max(openMs, period.fromMs), seen, sightings, allowedMs);
    return fromMs + allowedMs < endOf(period) ? [fromMs] : [];
  })[0];
  const told = firstTold(seen);
  if (owed === undefined || (told && told.atMs <= owed + allowedMs)) return false;
  const when = told ? `after ${inSeconds(told.atMs - owed)}` : 'never';
  return `was told late: ${when}, and ${inSeconds(allowedMs)} are allowed once nothing silences it`;
};

const silencedAsItHasTo: Duty = ({ silenced, inhibitedBy = [] }, { silencers }) => {
  const missing = inhibitedBy.filter((name) => !silencers.some(({ alert }) => alert === name));
  const isLost =
    silenced === 'by each' ? missing.length > 0 : missing.length === inhibitedBy.length;
  return (
    silenced !== undefined && isLost && `was not silenced by ${missing.join(', ')}, as it has to be`
  );
};

const clearedInTime: Duty = ({ clearsWithin }, { periods }, { offMs }) => {
  const tookMs = (periods.at(-1)?.untilMs ?? offMs) - offMs;
  const allowedMs = msOf(clearsWithin);
  return (
    tookMs > allowedMs &&
    `cleared late: after ${inSeconds(tookMs)}, and ${inSeconds(allowedMs)} are allowed`
  );
};

/** What each alert that fired has to do. */
export const DUTIES: readonly Duty[] = [
  (expected, seen, { sightings }) =>
    !isTold(expected, seen, sightings) &&
    'fired, but nobody was told, and nothing that was told may silence it',
  toldInTime,
  ({ to }, { routes, told }) => {
    const others = [...routes, ...told.map(({ receiver }) => receiver)].find((name) => name !== to);
    return others !== undefined && `went to ${others} in place of ${to}`;
  },
  ({ inhibitedBy = [] }, { silencers }) => {
    const wrong = silencers.flatMap(({ alert }) => (inhibitedBy.includes(alert) ? [] : alert));
    return (
      wrong.length > 0 && `was silenced by ${distinct(wrong).join(', ')}, which may not do that`
    );
  },
  silencedAsItHasTo,
  ({ isOneShot }, seen, { offMs }) =>
    !isOneShot && !wasFiringAt(seen, offMs) && 'was not firing when the fault went',
  (_, seen) => isFiring(seen) && 'did not clear',
  clearedInTime,
  (_, seen) =>
    !isFiring(seen) && !isResolved(seen) && 'cleared, but who was told was not told of that',
  (_, { periods }, { offMs }) =>
    periods.length > 1 &&
    periods.some(({ fromMs }) => fromMs > offMs) &&
    'fired again after the fault was gone',
];
