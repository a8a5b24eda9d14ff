/** The game days that the console offers as switches: those that nothing but faults of the simulator makes. */
import { GAME_DAYS } from '../../loadtest/gamedays/days/all.ts';
import type { GameDay } from '../../loadtest/gamedays/game-day.ts';

export const CONSOLE_FAULTS_FILE = 'observability/console/faults.json';

/** Whether the stack of `make up` suffices: the day has no setting, traffic or key of its own, and no history. */
function isSwitch({ faults = [], background, ...day }: GameDay): boolean {
  const { settings, load, tuning, collector, inCgroup } = day;
  const isPlain = !settings && !load && !tuning && !collector && !inCgroup && !background;
  return isPlain && faults.length > 0 && faults.every(({ key, region }) => !key && !region);
}

/** @returns the file's text, as it is committed */
export function consoleFaults(): string {
  // What shows soonest stands first.
  const soonest = ({ expected }: GameDay) => Math.min(...expected.map(({ within }) => within));
  const days = GAME_DAYS.filter(isSwitch).toSorted((a, b) => soonest(a) - soonest(b));
  const switches = days.map(({ name, fault, faults, expected }) => ({
    ...{ name, fault, faults },
    expected: expected.map(({ alert, labels, notBefore, within, clearsWithin }) => {
      return { alert, severity: labels['severity'], notBefore, within, clearsWithin };
    }),
  }));
  return `${JSON.stringify(switches, undefined, 2)}\n`;
}
