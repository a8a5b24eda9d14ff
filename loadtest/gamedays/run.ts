/**
 * `make gameday [FAULT=…]`: plays one game day, or all of them and writes docs/gamedays.md. It exits with 0 when every
 * expected alert fired, was told of and cleared, and no other fired; with 1 when not; with 78 for an unknown fault.
 */
import { writeFileSync } from 'node:fs';
import { exitOnSignals } from '../lib/children.ts';
import { GAME_DAYS } from './days/all.ts';
import type { GameDay } from './game-day.ts';
import { page } from './page.ts';
import { play, type Result } from './play.ts';
import { linesOf, table } from './report.ts';
import { NotHere } from './world.ts';

/** EX_CONFIG of sysexits.h. */
const EXIT_CONFIG = 78;
const PAGE = new URL('../../docs/gamedays.md', import.meta.url);

const say = (text: string) => process.stdout.write(`${text}\n`);

/** @returns its result, or why there is none */
async function playAndTell(day: GameDay): Promise<Result | Error> {
  say(`${day.name}: ${day.fault}`);
  try {
    const result = await play(day, (lost) => {
      for (const line of linesOf(lost)) say(line);
      say(`  again: this machine's own timers were ${Math.round(lost.latenessMs)} ms late`);
    });
    for (const line of linesOf(result)) say(line);
    return result;
  } catch (error) {
    const mark = error instanceof NotHere ? '- not played:' : '✖';
    say(`${mark} ${day.name}: ${(error as Error).message}`);
    return error as Error;
  }
}

/** @returns how many days were lost */
async function playAll(days: readonly GameDay[], isWhole: boolean): Promise<number> {
  const startedMs = performance.now();
  const ends: (Result | Error)[] = [];
  for (const day of days) ends.push(await playAndTell(day));
  const seconds = (performance.now() - startedMs) / 1_000;
  const results = ends.filter((end): end is Result => !(end instanceof Error));
  const won = results.filter(({ problems }) => problems.length === 0).length;
  const notHere = ends.filter((end) => end instanceof NotHere).length;
  say(`\n${table(results)}\n`);
  say(`${won} of ${days.length} game days won${notHere > 0 ? `, ${notHere} not played` : ''}`);
  // A page with holes would say that an alert has no game day.
  if (isWhole && results.length === days.length) writeFileSync(PAGE, page(results, seconds));
  return days.length - won - notHere;
}

async function main(fault: string | undefined): Promise<number> {
  const days = fault ? GAME_DAYS.filter(({ name }) => name === fault) : GAME_DAYS;
  if (days.length > 0) return (await playAll(days, fault === undefined)) === 0 ? 0 : 1;
  const known = GAME_DAYS.map(({ name, fault: text }) => `  ${name.padEnd(24)}${text}`);
  process.stderr.write(`There is no game day ${fault}. These are:\n${known.join('\n')}\n`);
  return EXIT_CONFIG;
}

if (import.meta.main) {
  exitOnSignals();
  process.exitCode = await main(process.env['FAULT'] || undefined);
}
