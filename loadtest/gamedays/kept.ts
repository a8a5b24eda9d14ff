/**
 * Keeps how game days ended, in loadtest/gamedays/results, so that a whole run which lost one can be taken up again:
 * a day that was won, and that nothing has changed since, is not played a second time.
 */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { GameDay } from './game-day.ts';
import type { Result } from './result.ts';

const FOLDER = fileURLToPath(new URL('results', import.meta.url));

export interface Kept {
  /** Undefined when the day was lost, or something that its result depends on has changed since. */
  readonly won: Result | undefined;
  /** How long it has taken in this run, seconds, the times that it was lost among them. */
  readonly seconds: number;
  /** Why it was lost, each time in this run, oldest first. */
  readonly losses: readonly string[];
}

/** Where results are kept, and what stamps a day. */
export interface Shelf {
  readonly stampOf: (name: string) => string;
  readonly folder?: string;
}

const fileOf = (day: GameDay, folder: string) => join(folder, `${day.name}.json`);

/** @returns how the day ended; as if it had never been played when its file cannot be read */
export function keptOf(day: GameDay, { stampOf, folder = FOLDER }: Shelf): Kept {
  try {
    const { stamp, won, ...rest } = JSON.parse(readFileSync(fileOf(day, folder), 'utf8'));
    if (won === undefined || stamp !== stampOf(day.name)) return { ...rest, won: undefined };
    // A definition has functions, so it is not in the file.
    const earlier = won.earlier.map((result: Result) => ({ ...result, day }));
    return { ...rest, won: { ...won, day, earlier } };
  } catch {
    return { won: undefined, seconds: 0, losses: [] };
  }
}

/** Keeps how a day ended. @param end its result, or why there is none */
export function keep(day: GameDay, end: Result | Error, seconds: number, shelf: Shelf): void {
  const { stampOf, folder = FOLDER } = shelf;
  const problems = end instanceof Error ? [end.message] : end.problems;
  const won = problems.length === 0 ? end : undefined;
  const { losses, seconds: before } = keptOf(day, shelf);
  const loss = problems.map((problem) => problem.split('\n')[0]).join('; ');
  const kept = {
    stamp: stampOf(day.name),
    won,
    seconds: before + seconds,
    losses: won ? losses : [...losses, loss],
  };
  mkdirSync(folder, { recursive: true });
  const withoutDays = (key: string, value: unknown) => (key === 'day' ? undefined : value);
  writeFileSync(fileOf(day, folder), JSON.stringify(kept, withoutDays, 2));
}

/** Forgets how every day ended, because a new run begins. */
export function forgetAll(folder = FOLDER): void {
  rmSync(folder, { recursive: true, force: true });
}
