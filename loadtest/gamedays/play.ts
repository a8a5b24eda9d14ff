/** Plays one game day: healthy history, fault on, alerts and their notifications, fault off, all clear. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { thresholds } from '../../observability/slo.ts';
import { explain } from './explain.ts';
import type { GameDay, World } from './game-day.ts';
import { layHistory } from './history.ts';
import {
  type AlertResult,
  type Evidence,
  findingsOf,
  firedOf,
  isOver,
  isTold,
  namesOf,
  othersOf,
  resultOf,
  withinMs,
} from './judge.ts';
import type { Change } from './layout.ts';
import { untilSteady } from './steady.ts';
import type { Tally } from './traffic.ts';
import { within } from './wait.ts';
import { AlertWatch } from './watch.ts';
import { startWorld } from './world.ts';

export interface Result {
  readonly day: GameDay;
  /** How calls ended while the fault was on. */
  readonly calls: Tally;
  /** Calls that had not ended when the fault went. */
  readonly waiting: number;
  readonly alerts: readonly AlertResult[];
  /** Companions that fired. */
  readonly besides: readonly string[];
  /** Alerts that should not have fired and did. */
  readonly unexpected: readonly string[];
  /** How late this process’s own timers were at most, milliseconds: a busy machine makes everything slow. */
  readonly latenessMs: number;
  /** Why the game day is lost, one line or more each; empty when it is won. */
  readonly problems: readonly string[];
  /** Results that do not count because this machine was too busy to keep time. */
  readonly earlier: readonly Result[];
}

export interface Options {
  /** Something to break in the rules or configurations, for the controls. */
  readonly change?: Change;
  /** How long the fault lasts at least, milliseconds. */
  readonly leastFaultMs?: number;
  /** Called with the result of a try that does not count. */
  readonly onAgain?: (result: Result) => void;
  /** Told of each step as it is taken. */
  readonly onStep?: (step: string) => void;
}

/** How long a fault lasts, milliseconds. */
const TIMES = {
  /** After the latest time that is allowed, so that an alert that comes late is told apart from one that never comes. */
  graceMs: 30_000,
  /** An alert has to go on firing for so long. */
  holdMs: 15_000,
};
/** A `for` of half an hour, and what a window of a quarter needs: a false alarm that waits so long is seen. */
const LEAST_FAULT_MS = 45_000;
/** An alert has to stay away for so long once it has cleared. */
const CALM_MS = 5_000;
const CLEAR_S = 90;

interface Scene {
  readonly day: GameDay;
  readonly world: World;
  readonly watch: AlertWatch;
  readonly options: Options;
}

/** Waits until every expected alert fired and was told, and then on; tells of each that fires. */
export async function whileItIsOn(
  {
    day,
    watch,
    options,
  }: Pick<Scene, 'day' | 'options'> & { watch: Pick<AlertWatch, 'sightings'> },
  onMs: number,
  { graceMs, holdMs } = TIMES,
): Promise<void> {
  const { onStep, leastFaultMs = LEAST_FAULT_MS } = options;
  const seen = new Set<string>();
  const isDone = () =>
    day.expected.filter((expected) => {
      const sightings = watch.sightings();
      const fired = firedOf(expected, sightings);
      if (fired.length > 0 && !seen.has(expected.alert)) onStep?.(`${expected.alert} fires`);
      if (fired.length > 0) seen.add(expected.alert);
      const isHeard =
        day.toldAfterwards || fired.every((each) => isTold(expected, each, sightings));
      return fired.length > 0 && isHeard;
    }).length === day.expected.length;
  const latestMs = Math.max(...day.expected.map(withinMs)) + graceMs;
  if (!(await within(latestMs, isDone))) return;
  await delay(Math.max(holdMs, onMs + leastFaultMs - Date.now()));
}

/** What Prometheus has of each of these alerts now, by its name. */
async function reasonsOf(alerts: Iterable<string>, { world }: Scene): Promise<Map<string, string>> {
  const explained = [...new Set(alerts)].map(
    async (alert) => [alert, await explain(world.prometheus.url, alert)] as const,
  );
  return new Map(await Promise.all(explained));
}

/** Brings the fault, watches, takes it away, and watches again. */
async function faultOnAndOff(scene: Scene): Promise<Result> {
  const { day, world, watch, options } = scene;
  const lateness = monitorEventLoopDelay({ resolution: 10 });
  lateness.enable();
  watch.forget();
  world.traffic.take();
  options.onStep?.('the fault is on');
  const onMs = Date.now();
  await day.on(world);
  await whileItIsOn(scene, onMs);
  const [calls, waiting] = [world.traffic.take(), world.traffic.waiting];
  const silent = day.expected.filter((each) => firedOf(each, watch.sightings()).length === 0);
  const atTheTime = await reasonsOf(namesOf(silent), scene);
  const offMs = Date.now();
  options.onStep?.('the fault is gone');
  await day.off(world);
  const evidence = (): Evidence => ({ sightings: watch.sightings(), onMs, offMs });
  const hasEnded = () => day.expected.every((each) => isOver(each, evidence()));
  if (await within((day.clearS ?? CLEAR_S) * 1_000, hasEnded)) await delay(CALM_MS);
  const seen = evidence();
  const findings = findingsOf(day, seen);
  const reasons = new Map([...(await reasonsOf(namesOf(findings), scene)), ...atTheTime]);
  const others = othersOf(day, seen);
  return {
    ...{ day, calls, waiting, ...others },
    alerts: day.expected.map((each) => resultOf(each, seen)),
    latenessMs: lateness.max / 1e6,
    problems: [
      ...findings.map(({ alert, text }) => `${alert} ${text}. ${reasons.get(alert)}`),
      ...others.unexpected.map((alert) => `${alert} should not have fired`),
    ],
    earlier: [],
  };
}

/**
 * Plays a game day in a stack of its own, which is gone afterwards.
 * @throws {NotHere} when this machine lacks something
 * @throws {Error} when there is no steady state before the fault, or a program of the stack does not start
 */
export async function playOnce(day: GameDay, options: Options): Promise<Result> {
  const world = await startWorld(day, options.change);
  options.onStep?.('the stack is up');
  const watch = new AlertWatch(world);
  try {
    await layHistory(world, day);
    options.onStep?.('the healthy past is laid in');
    await watch.start();
    await untilSteady(world, watch, day);
    options.onStep?.('steady: nothing fires');
    return await faultOnAndOff({ day, world, watch, options });
  } finally {
    await watch.stop();
    await world.stop();
  }
}

/** As late as EventLoopLagging tolerates of the service: beyond it a run says more of the machine than of the rules. */
const LATE_MS = thresholds.eventLoopDelaySeconds * 1_000;
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
