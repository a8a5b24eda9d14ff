/**
 * `make gameday [FAULT=…] [RESUME=1]`: plays one game day, or all of them and writes docs/gamedays.md; with RESUME, those
 * that the last run of all has not won. It exits with 0 when every expected alert fired in time, was told of and cleared,
 * and no other fired; with 1 when not; with 69 when this machine cannot play one; with 78 for an unknown fault or option.
 * `make` itself then exits with 2.
 */
import { spawnSync } from 'node:child_process';
import { ROOT } from '../../observability/local/paths.ts';
import { exitOnSignals } from '../lib/children.ts';
import { GAME_DAYS } from './days/all.ts';
import { EXITS } from './ending.ts';
import type { GameDay } from './game-day.ts';
import { originOf } from './origin.ts';
import { play } from './play.ts';
import { playAll } from './play-all.ts';
import { linesOf } from './report.ts';
import type { Result } from './result.ts';
import { createStamps } from './stamps.ts';
import { NotHere } from './world.ts';

const PAGE = new URL('../../docs/gamedays.md', import.meta.url);

/** What the environment asks for. */
interface Asked {
  readonly FAULT?: string | undefined;
  readonly RESUME?: string | undefined;
}

const say = (text: string) => process.stdout.write(`${text}\n`);

/** Fetches what is not here; what cannot be fetched is said again by the days that need it. */
function fetchTools(days: readonly GameDay[]): void {
  const set = days.some(({ collector }) => collector) ? 'gameday' : 'stack';
  const program = ['observability/local/tools.ts', set];
  spawnSync(process.execPath, program, { cwd: ROOT, stdio: 'inherit' });
}

/** Says each step with the seconds since the day began. */
async function playAndTell(day: GameDay): Promise<Result | Error> {
  const startedMs = performance.now();
  const seconds = () => `${Math.round((performance.now() - startedMs) / 1_000)} s`.padStart(7);
  say(`${day.name}: ${day.fault}`);
  try {
    const end = await play(day, {
      onStep: (step) => say(`${seconds()}  ${step}`),
      onAgain(lost) {
        for (const line of linesOf(lost)) say(line);
        say(`  again: this machine's own timers were ${Math.round(lost.latenessMs)} ms late`);
      },
    });
    for (const line of linesOf(end)) say(line);
    return end;
  } catch (error) {
    const mark = error instanceof NotHere ? '- NOT PLAYED:' : '✖';
    say(`${mark} ${day.name}: ${(error as Error).message}`);
    return error as Error;
  }
}

/** @returns what is wrong with what was asked for; undefined when nothing is */
function objectionTo({ FAULT, RESUME }: Asked, days: readonly GameDay[]): string | undefined {
  const [extra] = process.argv.slice(2);
  if (extra !== undefined)
    return `A game day is named by FAULT=…, not by an argument (${JSON.stringify(extra)}).`;
  if (RESUME !== undefined && RESUME !== '1')
    return `RESUME is 1 or not set, not ${JSON.stringify(RESUME)}.`;
  if (RESUME && FAULT !== undefined)
    return 'RESUME goes on with a run of all, and FAULT asks for one of them.';
  if (days.length > 0) return undefined;
  const known = GAME_DAYS.map(({ name, fault: text }) => `  ${name.padEnd(24)}${text}`);
  return `There is no game day ${JSON.stringify(FAULT)}. These are:\n${known.join('\n')}`;
}

async function main(asked: Asked): Promise<number> {
  const { FAULT, RESUME } = asked;
  const days = GAME_DAYS.filter(({ name }) => FAULT === undefined || name === FAULT);
  const objection = objectionTo(asked, days);
  if (objection !== undefined) {
    process.stderr.write(`${objection}\n`);
    return EXITS.badOption;
  }
  fetchTools(days);
  return playAll(days, {
    isWhole: FAULT === undefined,
    isResumed: RESUME === '1',
    shelf: { stampOf: createStamps() },
    play: playAndTell,
    say,
    origin: originOf(),
    page: PAGE,
  });
}

if (import.meta.main) {
  exitOnSignals();
  process.exitCode = await main(process.env);
}
