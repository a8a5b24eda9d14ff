/** How a run of game days ends: its exit code, what is said last, and whether docs/gamedays.md may be written. */
import { distinct } from './duties.ts';
import type { Result } from './result.ts';
import { NotHere } from './world.ts';

/** A game day, and its result or why there is none. */
export interface Played {
  readonly name: string;
  readonly end: Result | Error;
}

/** EX_UNAVAILABLE and EX_CONFIG of sysexits.h. `make` turns every code but 0 into its own 2. */
export const EXITS = { won: 0, lost: 1, notPlayed: 69, badOption: 78 } as const;

export interface Ending {
  readonly exitCode: number;
  readonly text: string;
  /** Why the page is not written; undefined when it is. */
  readonly pageWithheld: string | undefined;
}

const isWon = ({ end }: Played) => !(end instanceof Error) && end.problems.length === 0;
const isUnplayed = ({ end }: Played) => end instanceof NotHere;

/**
 * A day that was not played proves nothing, so it is never green; a lost one is worse.
 * @param isWhole whether every game day was asked for
 */
export function endingOf(played: readonly Played[], isWhole: boolean): Ending {
  const unplayed = played.filter(isUnplayed);
  const lost = played.filter((each) => !isWon(each) && !isUnplayed(each));
  const parts = [
    `${played.length - unplayed.length - lost.length} of ${played.length} game days won`,
  ];
  const named = (list: readonly Played[]) => distinct(list.map(({ name }) => name)).join(', ');
  if (lost.length > 0) parts.push(`${lost.length} lost (${named(lost)})`);
  if (unplayed.length > 0) parts.push(`${unplayed.length} NOT PLAYED (${named(unplayed)})`);
  const incomplete = isWhole && unplayed.length > 0 ? '. The set is INCOMPLETE' : '';
  const ofThese = lost.length > 0 ? 'not every game day was won' : 'not every game day was played';
  const isWritten = isWhole && lost.length + unplayed.length === 0;
  return {
    exitCode: lost.length > 0 ? EXITS.lost : unplayed.length > 0 ? EXITS.notPlayed : EXITS.won,
    text: parts.join(', ') + incomplete,
    pageWithheld: isWritten ? undefined : isWhole ? ofThese : 'it is of the whole set',
  };
}
