/**
 * `make gameday [FAULT=…]`: plays one game day, or all of them and writes docs/gamedays.md. It exits with 0 when every
 * expected alert fired in time, was told of and cleared, and no other fired; with 1 when not; with 69 when this machine
 * cannot play one; with 78 for an unknown fault. `make` itself then exits with 2.
 */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { ROOT } from '../../observability/local/paths.ts';
import { exitOnSignals } from '../lib/children.ts';
import { GAME_DAYS } from './days/all.ts';
import { EXITS, endingOf, type Played } from './ending.ts';
import type { GameDay } from './game-day.ts';
import { page } from './page.ts';
import { play, type Result } from './play.ts';
import { linesOf, table } from './report.ts';
import { NotHere } from './world.ts';

const PAGE = new URL('../../docs/gamedays.md', import.meta.url);

const say = (text: string) => process.stdout.write(`${text}\n`);

/** Fetches what is not here; what cannot be fetched is said again by the days that need it. */
function fetchTools(days: readonly GameDay[]): void {
  const set = days.some(({ collector }) => collector) ? 'gameday' : 'stack';
  const program = ['observability/local/tools.ts', set];
  spawnSync(process.execPath, program, { cwd: ROOT, stdio: 'inherit' });
}

async function playAndTell(day: GameDay): Promise<Played> {
  say(`${day.name}: ${day.fault}`);
  const startedMs = performance.now();
  const seconds = () => `${Math.round((performance.now() - startedMs) / 1_000)} s`.padStart(7);
  try {
    const end = await play(day, {
      onStep: (step) => say(`${seconds()}  ${step}`),
      onAgain(lost) {
        for (const line of linesOf(lost)) say(line);
        say(`  again: this machine's own timers were ${Math.round(lost.latenessMs)} ms late`);
      },
    });
    for (const line of linesOf(end)) say(line);
    return { name: day.name, end };
  } catch (error) {
    const mark = error instanceof NotHere ? '- NOT PLAYED:' : '✖';
    say(`${mark} ${day.name}: ${(error as Error).message}`);
    return { name: day.name, end: error as Error };
  }
}

/** @returns the exit code */
async function playAll(days: readonly GameDay[], isWhole: boolean): Promise<number> {
  const startedMs = performance.now();
  const played: Played[] = [];
  for (const day of days) played.push(await playAndTell(day));
  const seconds = (performance.now() - startedMs) / 1_000;
  const results = played.flatMap(({ end }) => (end instanceof Error ? [] : [end as Result]));
  const { exitCode, text, pageWithheld } = endingOf(played, isWhole);
  if (isWhole) say(`\n${table(results)}\n`);
  say(text);
  if (pageWithheld === undefined) writeFileSync(PAGE, page(results, seconds));
  const withheld = `docs/gamedays.md is not written, because ${pageWithheld}`;
  if (isWhole) say(pageWithheld === undefined ? 'docs/gamedays.md is written' : withheld);
  return exitCode;
}

async function main(fault: string | undefined): Promise<number> {
  const days = GAME_DAYS.filter(({ name }) => fault === undefined || name === fault);
  if (days.length > 0) {
    fetchTools(days);
    return playAll(days, fault === undefined);
  }
  const known = GAME_DAYS.map(({ name, fault: text }) => `  ${name.padEnd(24)}${text}`);
  const asked = JSON.stringify(fault);
  process.stderr.write(`There is no game day ${asked}. These are:\n${known.join('\n')}\n`);
  return EXITS.badOption;
}

if (import.meta.main) {
  exitOnSignals();
  process.exitCode = await main(process.env['FAULT']);
}
