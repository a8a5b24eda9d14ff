/** Judges a game day by what was seen: each expected alert by its duties, and whether anything else fired or woke somebody. */
import { firstFiredMs, withLabels } from './alert-result.ts';
import {
  DUTIES,
  distinct,
  type Evidence,
  firedOf,
  fits,
  hasFired,
  inSeconds,
  isFiring,
  isResolved,
  msOf,
} from './duties.ts';
import { type Expectation, type GameDay, PAGER } from './game-day.ts';
import { nameOf, type Sighting } from './sightings.ts';

/** Why a game day is lost. */
export interface Finding {
  readonly alert: string;
  readonly text: string;
}

/** Whether it fired when it may. */
function untimely({ notBefore, within }: Expectation, tookMs: number): string | false {
  const took = inSeconds(tookMs);
  if (tookMs < msOf(notBefore))
    return `fired early: after ${took}, and it has to take ${inSeconds(msOf(notBefore))} at least`;
  if (tookMs > msOf(within))
    return `fired late: after ${took}, and ${inSeconds(msOf(within))} are allowed`;
  return false;
}

/** Everything that an expected alert has not done. */
function failingsOf(expected: Expectation, day: GameDay, evidence: Evidence): readonly Finding[] {
  const fired = firedOf(expected, evidence.sightings);
  const { alert } = expected;
  if (fired.length === 0) return [{ alert, text: 'did not fire' }];
  const tookMs = firstFiredMs(fired) - evidence.onMs;
  const texts = DUTIES.flatMap((duty) => fired.map((seen) => duty(expected, seen, evidence, day)));
  return [untimely(expected, tookMs), ...new Set(texts)].flatMap((text) =>
    text ? [{ alert, text }] : [],
  );
}

/** Whether nothing more is waited for once the fault is gone. */
export const isOver = (expected: Expectation, { sightings }: Evidence): boolean =>
  firedOf(expected, sightings).every((seen) => !isFiring(seen) && isResolved(seen));

/** Its name, and its labels where an alert of the same name is expected with others. */
function shown({ expected }: GameDay, seen: Sighting): string {
  const name = nameOf(seen);
  if (!expected.some(({ alert }) => alert === name)) return name;
  return withLabels(name, seen.labels, ['alertname', 'job', 'instance', 'pack', 'kind']);
}

const companionsOf = ({ companions = [] }: GameDay, seen: Sighting) =>
  companions.filter((companion) => fits(companion, seen));

/** Those that fired though they are not expected. */
const othersAmong = ({ expected }: GameDay, { sightings }: Evidence) =>
  sightings.filter((seen) => hasFired(seen) && !expected.some((each) => fits(each, seen)));

/** The alerts that fired though they are not expected: companions, and those that should not have. */
export function othersOf(day: GameDay, evidence: Evidence) {
  const others = othersAmong(day, evidence);
  const isCompanion = (seen: Sighting) => companionsOf(day, seen).length > 0;
  const names = (list: readonly Sighting[]) => distinct(list.map((seen) => shown(day, seen)));
  return {
    besides: names(others.filter(isCompanion)),
    unexpected: names(others.filter((seen) => !isCompanion(seen))),
  };
}

const hasPaged = ({ told }: Sighting) => told.some(({ receiver }) => receiver === PAGER);

/** A companion wakes nobody, unless the day says that it may. */
function wakings(day: GameDay, evidence: Evidence): readonly Finding[] {
  const woke = othersAmong(day, evidence).filter((seen) => {
    const companions = companionsOf(day, seen);
    return hasPaged(seen) && companions.length > 0 && !companions.some(({ pages }) => pages);
  });
  return distinct(woke.map(nameOf)).map((alert) => ({
    alert,
    text: 'may fire besides, and paged',
  }));
}

/** A day with a page among what it expects has to page somebody: silence all round is not enough. */
function pages({ expected }: GameDay, { sightings }: Evidence): readonly Finding[] {
  const wanted = expected.filter(({ to }) => to === PAGER);
  const alert = distinct(wanted.map((each) => each.alert)).join(', ');
  const isSilent = wanted.length > 0 && !sightings.some(hasPaged);
  return isSilent ? [{ alert, text: 'paged nobody' }] : [];
}

/** Everything for which the game day is lost, besides alerts that should not have fired. */
export function findingsOf(day: GameDay, evidence: Evidence): readonly Finding[] {
  return [
    ...day.expected.flatMap((expected) => failingsOf(expected, day, evidence)),
    ...wakings(day, evidence),
    ...pages(day, evidence),
  ];
}
