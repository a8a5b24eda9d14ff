/** Plays game days one after the other, and writes docs/gamedays.md when all there are were won. */
import { writeFileSync } from 'node:fs';
import { endingOf, type Played } from './ending.ts';
import type { GameDay } from './game-day.ts';
import { forgetAll, keep, keptOf, type Shelf } from './kept.ts';
import type { Origin } from './origin.ts';
import { type Entry, page } from './page.ts';
import { table } from './report.ts';
import type { Result } from './result.ts';

export interface Run {
  /** Whether it is of every game day. */
  readonly isWhole: boolean;
  /** Whether it goes on with the last run of all. */
  readonly isResumed: boolean;
  readonly shelf: Shelf;
  /** Plays a game day. @returns its result, or why there is none */
  readonly play: (day: GameDay) => Promise<Result | Error>;
  readonly say: (line: string) => void;
  readonly origin: Origin;
  /** Where docs/gamedays.md is. */
  readonly page: string | URL;
}

async function playAndKeep(day: GameDay, { isWhole, shelf, play }: Run): Promise<Played> {
  const startedMs = performance.now();
  const end = await play(day);
  if (isWhole) keep(day, end, (performance.now() - startedMs) / 1_000, shelf);
  return { name: day.name, end };
}

/** A game day that was won in the run that is taken up again is not played. */
async function playUnlessWon(day: GameDay, run: Run): Promise<Played> {
  const won = run.isResumed ? keptOf(day, run.shelf).won : undefined;
  if (!won) return playAndKeep(day, run);
  run.say(`${day.name}: won before`);
  return { name: day.name, end: won };
}

/** @returns the exit code */
export async function playAll(days: readonly GameDay[], run: Run): Promise<number> {
  const { isWhole, shelf, say } = run;
  if (isWhole && !run.isResumed) forgetAll(shelf.folder);
  const played: Played[] = [];
  for (const day of days) played.push(await playUnlessWon(day, run));
  const results = played.flatMap(({ end }) => (end instanceof Error ? [] : [end]));
  const { exitCode, text, pageWithheld } = endingOf(played, isWhole);
  if (isWhole) say(`\n${table(results)}\n`);
  say(text);
  if (pageWithheld === undefined) {
    const entries = results.map((result): Entry => ({ result, ...keptOf(result.day, shelf) }));
    writeFileSync(run.page, page(entries, run.origin));
  }
  const withheld = `docs/gamedays.md is not written, because ${pageWithheld}`;
  if (isWhole) say(pageWithheld === undefined ? 'docs/gamedays.md is written' : withheld);
  return exitCode;
}
