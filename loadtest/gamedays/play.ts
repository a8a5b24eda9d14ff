/** Plays one game day: healthy history, fault on, alerts and their notifications, fault off, all clear. */
import { setTimeout as delay } from 'node:timers/promises';
import { type AlertResult, resultOf } from './alert-result.ts';
import { distinct, type Evidence, firedOf, isTold, msOf } from './duties.ts';
import { explain } from './explain.ts';
import type { GameDay, World } from './game-day.ts';
import { layHistory } from './history.ts';
import { findingsOf, isOver, othersOf } from './judge.ts';
import { LATE_MS, type LatenessWatch, watchLateness } from './lateness.ts';
import type { Change } from './layout.ts';
import { NotSteady, untilSteady } from './steady.ts';
import type { Tally } from './traffic.ts';
import { comesTrue } from './wait.ts';
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
  /** How late this process’s own timers were in their worst seconds, milliseconds: a busy machine makes all slow. */
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

/** After the latest time that is allowed, so that what comes late is told apart from what never comes. */
const GRACE_MS = 30_000;
const TIMES = {
  graceMs: GRACE_MS,
  /** An alert has to go on firing for so long. */
  holdMs: 15_000,
};
/** A `for` of half an hour, and what a window of a quarter needs: a false alarm that waits so long is seen. */
const LEAST_FAULT_MS = 45_000;
/** An alert has to stay away for so long once it has cleared. */
const CALM_MS = 5_000;

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
  const { expected, toldAfterwards = false } = day;
  const seen = new Set<string>();
  const tell = (alert: string) => {
    if (!seen.has(alert)) onStep?.(`${alert} fires`);
    seen.add(alert);
  };
  const isDone = () => {
    const sightings = watch.sightings();
    const fired = expected.map((each) => ({ each, all: firedOf(each, sightings) }));
    for (const { each, all } of fired) if (all.length > 0) tell(each.alert);
    return fired.every(
      ({ each, all }) =>
        all.length > 0 && (toldAfterwards || all.every((one) => isTold(each, one, sightings))),
    );
  };
  const latestMs = Math.max(...expected.map(({ within }) => msOf(within))) + graceMs;
  if (!(await comesTrue(latestMs, isDone))) return;
  await delay(Math.max(holdMs, onMs + leastFaultMs - Date.now()));
}

/** Waits until every alert has cleared, and then for what may come again. */
async function whileItClears({ expected }: GameDay, evidence: () => Evidence): Promise<void> {
  const latestMs = Math.max(...expected.map(({ clearsWithin }) => msOf(clearsWithin))) + GRACE_MS;
  const hasEnded = () => expected.every((each) => isOver(each, evidence()));
  if (await comesTrue(latestMs, hasEnded)) await delay(CALM_MS);
}

/** What Prometheus has of each of these alerts now, by its name. */
async function reasonsOf(alerts: readonly string[], { world }: Scene) {
  const explained = distinct(alerts).map(
    async (alert) => [alert, await explain(world.prometheus.url, alert)] as const,
  );
  return new Map(await Promise.all(explained));
}

/** What a try has seen; how late this machine was is known at its end. */
type Seen = Omit<Result, 'latenessMs' | 'earlier'>;

/** Brings the fault, watches, takes it away, and watches again. */
export async function faultOnAndOff(scene: Scene): Promise<Seen> {
  const { day, world, watch, options } = scene;
  watch.forget();
  world.traffic.take();
  options.onStep?.('the fault is on');
  const onMs = Date.now();
  // It must not outlive the day, whatever happens.
  await using fault = new AsyncDisposableStack();
  fault.defer(await day.on(world));
  await whileItIsOn(scene, onMs);
  const calls = world.traffic.take();
  const { waiting } = world.traffic;
  const silent = day.expected.filter((each) => firedOf(each, watch.sightings()).length === 0);
  const atTheTime = await reasonsOf(
    silent.map(({ alert }) => alert),
    scene,
  );
  const offMs = Date.now();
  options.onStep?.('the fault is gone');
  await fault.disposeAsync();
  const evidence = (): Evidence => ({ sightings: watch.sightings(), onMs, offMs });
  await whileItClears(day, evidence);
  const seen = evidence();
  const findings = findingsOf(day, seen);
  const now = await reasonsOf(
    findings.map(({ alert }) => alert),
    scene,
  );
  const reasons = new Map([...now, ...atTheTime]);
  const others = othersOf(day, seen);
  const problems = [
    ...findings.map(({ alert, text }) => `${alert} ${text}. ${reasons.get(alert)}`),
    ...others.unexpected.map((alert) => `${alert} should not have fired`),
  ];
  const alerts = day.expected.map((each) => resultOf(each, seen));
  return { day, calls, waiting, alerts, problems, ...others };
}

/** A day that never got as far as its fault. */
function unsteady(day: GameDay, { message }: NotSteady): Seen {
  const nothing: Evidence = { sightings: [], onMs: 0, offMs: 0 };
  const alerts = day.expected.map((each) => resultOf(each, nothing));
  return { day, calls: {}, waiting: 0, alerts, besides: [], unexpected: [], problems: [message] };
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
    await untilSteady(world, watch, day);
    options.onStep?.('steady: nothing fires');
    lateness.forget();
    return await faultOnAndOff({ day, world, watch, options });
  } catch (error) {
    if (error instanceof NotSteady) return unsteady(day, error);
    throw error;
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
    const seen = await playIn(world, day, options, lateness);
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
