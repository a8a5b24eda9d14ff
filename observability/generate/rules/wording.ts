/** How the texts of alerts speak of objectives, shares and times. */
import type { Objective, ObjectiveName } from '../../slo.ts';
import { secondsOf } from './durations.ts';

const TITLES: Readonly<Record<ObjectiveName, string>> = {
  availability: 'Availability',
  latency: 'Latency',
  first_token: 'FirstToken',
  overhead: 'Overhead',
};

/** @returns the objective's part of an alert's name */
export function titleOf(objective: ObjectiveName): string {
  return TITLES[objective];
}

const BAD_EVENTS: Readonly<Record<ObjectiveName, (limitMs: number | undefined) => string>> = {
  availability: () => 'of the calls failed',
  latency: (limitMs) => `of the calls took longer than ${limitMs} ms`,
  first_token: (limitMs) => `of the streams had no token within ${limitMs} ms`,
  overhead: (limitMs) => `of the calls spent more than ${limitMs} ms in the service itself`,
};

/** @returns what a share of bad events is a share of, and what happened to them: `of the calls failed` */
export function badEvents(objective: ObjectiveName, { limitMs }: Objective): string {
  return BAD_EVENTS[objective](limitMs);
}

const FELT: Readonly<Record<ObjectiveName, string>> = {
  availability: 'Users get errors in place of answers.',
  latency: 'Users wait too long for whole answers.',
  first_token: 'Users look at an empty page before an answer starts.',
  overhead: 'Users wait for us and not for the model.',
};

/** @returns what users feel while the objective is missed */
export function felt(objective: ObjectiveName): string {
  return FELT[objective];
}

/** @returns a share as a percentage: `0.5 %` */
export function percent(share: number): string {
  return `${Number((share * 100).toPrecision(6))} %`;
}

/** @returns a time in whole hours or, from three days on, days */
export function inWords(seconds: number): string {
  const [count, unit] =
    seconds < 3 * 86_400 ? [seconds / 3_600, 'hour'] : [seconds / 86_400, 'day'];
  const whole = Math.round(count);
  return `${whole} ${unit}${whole === 1 ? '' : 's'}`;
}

/** @returns how long a budget lasts that burns faster than it may by a factor */
export function lastsFor(window: string, factor: number): string {
  return inWords(secondsOf(window) / factor);
}
