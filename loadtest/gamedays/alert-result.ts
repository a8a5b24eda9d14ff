/** What became of an expected alert, as the table of docs/gamedays.md shows it. */
import { distinct, type Evidence, firedOf, firstTold, msOf } from './duties.ts';
import { type Expectation, type Labels, NOBODY } from './game-day.ts';
import type { Sighting } from './sightings.ts';

/** Times are milliseconds after the fault came, or went. */
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
  readonly allowedMs: number;
  /** How often it began to fire. */
  readonly firings: number;
}

/** A name with its labels as PromQL writes them, but for some. */
export function withLabels(name: string, labels: Labels, without: readonly string[]): string {
  const pairs = Object.entries(labels).filter(([label]) => !without.includes(label));
  const inside = pairs.map(([label, value]) => `${label}="${value}"`).join(',');
  return inside ? `${name}{${inside}}` : name;
}

/** Labels that say nothing that the name or the receiver does not. */
const SAID = ['severity', 'pack', 'speed'];

/** An alert's name, and what it has to say: `ClaudeKeyRejected{key="blue"}`. */
export function titleOf({ alert, labels }: Pick<Expectation, 'alert' | 'labels'>): string {
  const said = alert.includes('Burn') ? [...SAID, 'objective'] : SAID;
  return withLabels(alert, labels, said);
}

/** When the first of these began to fire. */
export function firstFiredMs(fired: readonly Sighting[]): number {
  return Math.min(
    ...fired.flatMap(({ periods }) => periods.slice(0, 1).map(({ fromMs }) => fromMs)),
  );
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
    inhibitedBy: distinct(fired.flatMap(({ silencers }) => silencers.map(({ alert }) => alert))),
    clearedAfterMs: hasCleared ? Math.max(0, ...ends.map((end = 0) => end - offMs)) : undefined,
    allowedMs: msOf(expected.within),
    firings: Math.max(0, ...fired.map(({ periods }) => periods.length)),
  };
}
