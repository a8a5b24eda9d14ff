/**
 * `make gameday [FAULT=…]`: plays one game day, or all of them and writes docs/gamedays.md. It exits with 0 when every
 * expected alert fired, was told of and cleared, and no other fired; with 1 when not; with 78 for an unknown fault.
 */
import { writeFileSync } from 'node:fs';
import { GAME_DAYS } from './days/all.ts';
import type { GameDay } from './game-day.ts';
import { page } from './page.ts';
import { play, type Result } from './play.ts';
import { linesOf, table } from './report.ts';

/** EX_CONFIG of sysexits.h. */
const EXIT_CONFIG = 78;
const PAGE = new URL('../../docs/gamedays.md', import.meta.url);

const say = (text: string) => process.stdout.write(`${text}\n`);

/** @returns its result, or undefined when there was none because the stack did not come up */
async function playAndTell(day: GameDay): Promise<Result | undefined> {
  say(`${day.name}: ${day.fault}`);
  try {
    const result = await play(day, (lost) => {
      for (const line of linesOf(lost)) say(line);
      say(`  again: this machine's own timers were ${Math.round(lost.latenessMs)} ms late`);
    });
    for (const line of linesOf(result)) say(line);
    return result;
  } catch (error) {
    say(`✖ ${day.name}: ${(error as Error).message}`);
    return undefined;
  }
}

async function main(fault: string | undefined): Promise<number> {
  const days = fault ? GAME_DAYS.filter(({ name }) => name === fault) : GAME_DAYS;
  if (days.length === 0) {
    const known = GAME_DAYS.map(({ name, fault: text }) => `  ${name.padEnd(24)}${text}`);
    process.stderr.write(`There is no game day ${fault}. These are:\n${known.join('\n')}\n`);
    return EXIT_CONFIG;
  }
  const startedMs = performance.now();
  const results: Result[] = [];
  for (const day of days) {
    const result = await playAndTell(day);
    if (result) results.push(result);
  }
  const seconds = (performance.now() - startedMs) / 1_000;
  const lost = days.length - results.filter(({ problems }) => problems.length === 0).length;
  say(`\n${table(results)}\n\n${days.length - lost} of ${days.length} game days won`);
  // A page with holes would say that an alert has no game day.
  if (!fault && results.length === days.length) writeFileSync(PAGE, page(results, seconds));
  return lost === 0 ? 0 : 1;
}

if (import.meta.main) {
  // Programs of the stack end when this process exits, which it does not do by itself when it is ended by a signal.
  for (const [signal, number] of Object.entries({ SIGINT: 2, SIGTERM: 15 })) {
    process.once(signal, () => process.exit(128 + number));
  }
  process.exitCode = await main(process.env['FAULT'] || undefined);
}
