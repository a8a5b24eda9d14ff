/** Plays one game day in a stack of its own, again where this machine was too busy for the result to say anything. */
import { resultOf } from './alert-result.ts';
import type { Evidence } from './duties.ts';
import { type FaultOptions, faultOnAndOff } from './fault.ts';
import type { GameDay, World } from './game-day.ts';
import { layHistory } from './history.ts';
import { LATE_MS, type LatenessWatch, watchLateness } from './lateness.ts';
import type { Change } from './layout.ts';
import type { Result, Seen } from './result.ts';
import { NotSteady, untilSteady } from './steady.ts';
import { AlertWatch } from './watch.ts';
import { startWorld } from './world.ts';

export interface Options extends FaultOptions {
  /** Something to break in the rules or configurations, for the controls. */
  readonly change?: Change;
  /** Called with the result of a try that does not count. */
  readonly onAgain?: (result: Result) => void;
}

/** A day that never got as far as its fault is a try that was lost, and no error of the run. */
export async function lostIfUnsteady(day: GameDay, play: () => Promise<Seen>): Promise<Seen> {
  try {
    return await play();
  } catch (error) {
    if (!(error instanceof NotSteady)) throw error;
    const nothing: Evidence = { sightings: [], onMs: 0, offMs: 0 };
    const alerts = day.expected.map((each) => resultOf(each, nothing));
    const problems = [error.message];
    return { day, calls: {}, waiting: 0, alerts, besides: [], unexpected: [], problems };
  }
}

/** Gets to the steady state, and breaks it. What excuses a day is a machine that is busy while it is watched. */
async function playIn(
  world: World,
  day: GameDay,
  options: Options,
  lateness: LatenessWatch,
): Promise<Seen> {
  const watch = new AlertWatch(world);
  try {
    await layHistory(world, day);
    options.onStep?.('the healthy past is laid in');
    lateness.forget();
    await watch.start();
    await untilSteady(world, watch);
    options.onStep?.('steady: nothing fires');
    lateness.forget();
    return await faultOnAndOff({ day, world, watch, options });
  } finally {
    await watch.stop();
  }
}

/**
 * Plays a game day in a stack of its own, which is gone afterwards.
 * @throws {NotHere} when this machine lacks something
 * @throws {Error} when a program of the stack does not start
 */
export async function playOnce(day: GameDay, options: Options): Promise<Result> {
  const world = await startWorld(day, options.change);
  options.onStep?.('the stack is up');
  const lateness = watchLateness();
  try {
    const seen = await lostIfUnsteady(day, () => playIn(world, day, options, lateness));
    return { ...seen, latenessMs: lateness.stop(), earlier: [] };
  } finally {
    lateness.stop();
    await world.stop();
  }
}

const TRIES = 3;

/**
 * Tries until a result says something of the rules: one that is lost while this machine was too busy to keep time does
 * not, but the third counts, whatever it is.
 * @returns the last result, with those before it
 */
export async function untilItCounts(
  tryOnce: () => Promise<Result>,
  onAgain?: (result: Result) => void,
): Promise<Result> {
  const earlier: Result[] = [];
  for (;;) {
    const result = await tryOnce();
    const isNoise = result.problems.length > 0 && result.latenessMs > LATE_MS;
    if (!isNoise || earlier.length + 1 === TRIES) return { ...result, earlier };
    onAgain?.(result);
    earlier.push(result);
  }
}

/** Plays a game day, again if this machine was too busy. @throws {Error} as a single try does */
export function play(day: GameDay, options: Options = {}): Promise<Result> {
  return untilItCounts(() => playOnce(day, options), options.onAgain);
}
