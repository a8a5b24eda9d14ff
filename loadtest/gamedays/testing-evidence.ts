/** For tests of the judge: a day with a page and a ticket, and what was seen of alerts that did everything right. */
import type { Evidence } from './duties.ts';
import { type Expectation, type GameDay, NOBODY, PAGER, TICKETS } from './game-day.ts';
import { findingsOf } from './judge.ts';
import { keyOf, type Sighting, type Told } from './sightings.ts';

/** When the fault came and went, and a second; milliseconds. */
export const ON = 1_000_000;
export const OFF = ON + 60_000;
export const S = 1_000;

export const expected: Expectation = {
  alert: 'KeyRejected',
  labels: { severity: 'ticket', key: 'blue' },
  to: TICKETS,
  notBefore: 4,
  within: 10,
  clearsWithin: 30,
};
export const pager: Expectation = {
  alert: 'AllFailing',
  labels: { severity: 'page' },
  to: PAGER,
  notBefore: 4,
  within: 40,
  clearsWithin: 30,
};

export const dayOf = (...list: readonly Expectation[]): GameDay => ({
  name: 'a_day',
  fault: 'something',
  on: () => () => undefined,
  expected: list,
  companions: [{ alert: 'Besides', because: 'it may' }],
});

export const told = (receiver: string, atMs: number, isFiring = true): Told => ({
  receiver,
  atMs,
  isFiring,
});

/** An alert that did everything right, with these changes. */
export function seen(
  { alert, labels, to }: Expectation,
  changes: Partial<Sighting> = {},
): Sighting {
  const all = { alertname: alert, job: 'a-job', ...labels };
  const notifications = [told(to, ON + 6 * S), told(to, OFF + 5 * S, false)];
  return {
    key: keyOf(all),
    labels: all,
    isActive: false,
    silencers: [],
    periods: [{ fromMs: ON + 5 * S, untilMs: OFF + 4 * S }],
    told: to === NOBODY ? [] : notifications,
    routes: new Set([to]),
    ...changes,
  };
}

export const evidence = (...sightings: readonly Sighting[]): Evidence => ({
  sightings,
  onMs: ON,
  offMs: OFF,
});

export const textsOf = (day: GameDay, ...sightings: readonly Sighting[]) =>
  findingsOf(day, evidence(...sightings)).map(({ alert, text }) => `${alert} ${text}`);
