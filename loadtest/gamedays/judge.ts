/** Judges a game day by what was seen: each expected alert by its duties, and whether anything else fired. */
import { GAME_DAY_SPEED } from '../../observability/generate/rules/compress.ts';
import {
  type Companion,
  type Expectation,
  type GameDay,
  type Labels,
  NOBODY,
  PAGER,
} from './game-day.ts';
import { nameOf, type Period, type Sighting } from './sightings.ts';

/** What was seen of a game day, and when its fault came and went; milliseconds since the epoch. */
export interface Evidence {
  readonly sightings: readonly Sighting[];
  readonly onMs: number;
  readonly offMs: number;
}

/** Why a game day is lost. */
export interface Finding {
  readonly alert: string;
  readonly text: string;
}

/** What became of an expected alert; milliseconds after the fault came, or went. */
export interface AlertResult {
  /** Its name and what it has to say. */
  readonly alert: string;
  readonly firedAfterMs: number | undefined;
  readonly receiver: string | undefined;
  readonly toldAfterMs: number | undefined;
  readonly inhibitedBy: readonly string[];
  /** Why nobody need be told. */
  readonly untold: string | undefined;
  readonly clearedAfterMs: number | undefined;
  readonly inRealTime: NonNullable<Expectation['inRealTime']>;
  /** How long it may take to fire. */
  readonly withinMs: number;
  /** How often it began to fire. */
  readonly firings: number;
}

const MINUTE_MS = 60_000 / GAME_DAY_SPEED.factor;

/** How long an expected alert may take to fire, milliseconds. */
export const withinMs = ({ within }: Expectation): number => within * MINUTE_MS;

/** Whether it is the alert that is expected, by its name and by every label that the expectation names. */
export function fits(
  { alert, labels = {} }: Pick<Expectation | Companion, 'alert' | 'labels'>,
  seen: Sighting,
): boolean {
  const wanted = Object.entries(labels);
  return nameOf(seen) === alert && wanted.every(([label, value]) => seen.labels[label] === value);
}

const isOpen = ({ untilMs }: Period) => untilMs === undefined;
export const hasFired = ({ periods }: Sighting): boolean => periods.length > 0;
export const isFiring = ({ periods }: Sighting): boolean => periods.some(isOpen);
const wasFiringAt = ({ periods }: Sighting, atMs: number) =>
  periods.some(
    ({ fromMs, untilMs = Number.POSITIVE_INFINITY }) => fromMs <= atMs && atMs < untilMs,
  );
const firstTold = ({ told }: Sighting) => told.find((each) => each.isFiring);

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
const isResolved = ({ told }: Sighting) => told.at(-1)?.isFiring !== true;

const seconds = (ms: number) => `${(ms / 1_000).toFixed(1)} s`;

type Duty = (expected: Expectation, seen: Sighting, evidence: Evidence) => string | false;

/** What each alert that fired has to do; a text says what it has not done. */
const DUTIES: readonly Duty[] = [
  (expected, seen, { sightings }) =>
    !isTold(expected, seen, sightings) &&
    'fired, but nobody was told, and nothing that was told may silence it',
  ({ to }, { routes, told }) => {
    const others = [...routes, ...told.map(({ receiver }) => receiver)].find((name) => name !== to);
    return others !== undefined && `went to ${others} in place of ${to}`;
  },
  ({ inhibitedBy = [] }, { silencers }) => {
    const wrong = silencers.filter(({ alert }) => !inhibitedBy.includes(alert));
    return (
      wrong.length > 0 && `was silenced by ${namesOf(wrong).join(', ')}, which may not do that`
    );
  },
  ({ isOneShot }, seen, { offMs }) =>
    !isOneShot && !wasFiringAt(seen, offMs) && 'was not firing when the fault went',
  (_, seen) => isFiring(seen) && 'did not clear',
  (_, seen) =>
    !isFiring(seen) && !isResolved(seen) && 'cleared, but who was told was not told of that',
  (_, { periods }, { offMs }) =>
    periods.length > 1 &&
    periods.some(({ fromMs }) => fromMs > offMs) &&
    'fired again after the fault was gone',
];

/** Each name once, in order. */
export const namesOf = (list: readonly { readonly alert: string }[]) =>
  [...new Set(list.map(({ alert }) => alert))].toSorted();

function firstFiredMs(fired: readonly Sighting[]): number {
  return Math.min(
    ...fired.flatMap(({ periods }) => periods.slice(0, 1).map(({ fromMs }) => fromMs)),
  );
}

/** Everything that an expected alert has not done. */
function failingsOf(expected: Expectation, evidence: Evidence): readonly Finding[] {
  const fired = firedOf(expected, evidence.sightings);
  const { alert } = expected;
  if (fired.length === 0) return [{ alert, text: 'did not fire' }];
  const tookMs = firstFiredMs(fired) - evidence.onMs;
  const late = `fired late: after ${seconds(tookMs)}, and ${seconds(withinMs(expected))} are allowed`;
  const texts = DUTIES.flatMap((duty) => fired.map((seen) => duty(expected, seen, evidence)));
  return [tookMs > withinMs(expected) && late, ...new Set(texts)].flatMap((text) =>
    text ? [{ alert, text }] : [],
  );
}

/** Whether nothing more is waited for once the fault is gone. */
export const isOver = (expected: Expectation, { sightings }: Evidence): boolean =>
  firedOf(expected, sightings).every((seen) => !isFiring(seen) && isResolved(seen));

/** A name with its labels as PromQL writes them, but for some. */
function withLabels(name: string, labels: Labels, without: readonly string[]): string {
  const pairs = Object.entries(labels).filter(([label]) => !without.includes(label));
  const inside = pairs.map(([label, value]) => `${label}="${value}"`).join(',');
  return inside ? `${name}{${inside}}` : name;
}

/** Its name, and its labels where an alert of the same name is expected with others. */
function shown({ expected }: GameDay, seen: Sighting): string {
  const name = nameOf(seen);
  if (!expected.some(({ alert }) => alert === name)) return name;
  return withLabels(name, seen.labels, ['alertname', 'job', 'instance', 'pack', 'kind']);
}

/** The alerts that fired though they are not expected: companions, and those that should not have. */
export function othersOf(day: GameDay, { sightings }: Evidence) {
  const others = sightings.filter(
    (seen) => hasFired(seen) && !day.expected.some((each) => fits(each, seen)),
  );
  const isCompanion = (seen: Sighting) =>
    day.companions?.some((companion) => fits(companion, seen)) === true;
  const names = (list: readonly Sighting[]) =>
    [...new Set(list.map((seen) => shown(day, seen)))].toSorted();
  return {
    besides: names(others.filter(isCompanion)),
    unexpected: names(others.filter((seen) => !isCompanion(seen))),
  };
}

/** A day with a page among what it expects has to page somebody: silence all round is not enough. */
function pages({ expected }: GameDay, { sightings }: Evidence): readonly Finding[] {
  const wanted = expected.filter(({ to }) => to === PAGER);
  const isPaged = sightings.some(({ told }) => told.some(({ receiver }) => receiver === PAGER));
  const alert = namesOf(wanted).join(', ');
  return wanted.length > 0 && !isPaged ? [{ alert, text: 'paged nobody' }] : [];
}

/** Everything for which the game day is lost, besides alerts that should not have fired. */
export function findingsOf(day: GameDay, evidence: Evidence): readonly Finding[] {
  return [
    ...day.expected.flatMap((expected) => failingsOf(expected, evidence)),
    ...pages(day, evidence),
  ];
}

/** Labels that say nothing that the name or the receiver does not. */
const SAID = ['severity', 'pack', 'speed'];

/** An alert's name, and what it has to say: `ClaudeKeyRejected{key="blue"}`. */
export function titleOf({ alert, labels }: Pick<Expectation, 'alert' | 'labels'>): string {
  const said = alert.includes('Burn') ? [...SAID, 'objective'] : SAID;
  return withLabels(alert, labels, said);
}

/** What the table says of an expected alert. */
export function resultOf(expected: Expectation, { sightings, onMs, offMs }: Evidence): AlertResult {
  const fired = firedOf(expected, sightings);
  const told = fired
    .flatMap((seen) => firstTold(seen) ?? [])
    .toSorted((a, b) => a.atMs - b.atMs)[0];
  const ends = fired.map(({ periods }) => periods.at(-1)?.untilMs);
  const hasCleared = fired.length > 0 && ends.every((end) => end !== undefined);
  const isRouted = fired.some(({ routes }) => routes.has(NOBODY));
  return {
    alert: titleOf(expected),
    untold: expected.untold,
    inRealTime: expected.inRealTime ?? {},
    firedAfterMs: fired.length > 0 ? Math.max(0, firstFiredMs(fired) - onMs) : undefined,
    receiver: told?.receiver ?? (isRouted ? NOBODY : undefined),
    toldAfterMs: told && told.atMs - onMs,
    inhibitedBy: namesOf(fired.flatMap(({ silencers }) => silencers)),
    clearedAfterMs: hasCleared ? Math.max(0, ...ends.map((end = 0) => end - offMs)) : undefined,
    withinMs: withinMs(expected),
    firings: Math.max(0, ...fired.map(({ periods }) => periods.length)),
  };
}
