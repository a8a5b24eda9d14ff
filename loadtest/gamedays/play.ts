/** Plays one game day: healthy history, fault on, alerts and their notifications, fault off, all clear. */
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { thresholds } from '../../observability/slo.ts';
import { explain } from './explain.ts';
import type { GameDay, World } from './game-day.ts';
import { layHistory } from './history.ts';
import { untilSteady } from './steady.ts';
import type { Tally } from './traffic.ts';
import { within } from './wait.ts';
import { AlertWatch, NOBODY, RECEIVERS, type Sighting } from './watch.ts';
import { startWorld } from './world.ts';

/** What became of an expected alert; milliseconds after the fault came, or went. */
export interface AlertResult {
  readonly alert: string;
  readonly firedAfterMs: number | undefined;
  readonly receiver: string | undefined;
  readonly toldAfterMs: number | undefined;
  readonly inhibitedBy: readonly string[];
  readonly clearedAfterMs: number | undefined;
}

export interface Result {
  readonly day: GameDay;
  /** How calls ended while the fault was on. */
  readonly calls: Tally;
  readonly alerts: readonly AlertResult[];
  /** Companions that fired. */
  readonly besides: readonly string[];
  /** Alerts that should not have fired and did. */
  readonly unexpected: readonly string[];
  /** How late this process’s own timers were at most, milliseconds: a busy machine makes everything slow. */
  readonly latenessMs: number;
  /** Why the game day is lost, one line or more each; empty when it is won. */
  readonly problems: readonly string[];
}

const PATIENCE_S = 90;

const hasFired = ({ firedAtMs }: Sighting) => firedAtMs !== undefined;

/** Whether somebody was told, or it is known why nobody is. */
const isTold = ({ toldAtMs, inhibitedBy, routes }: Sighting) =>
  toldAtMs !== undefined || inhibitedBy.size > 0 || routes.has(NOBODY);

/** Whether nobody else was told than its severity asks for. */
const isToldRightly = ({ severity = '', receiver, routes }: Sighting) => {
  const wanted = RECEIVERS[severity] ?? NOBODY;
  return [...routes, receiver ?? wanted].every((name) => name === wanted);
};

/** Whether whoever was told of it has been told of its end. */
const isResolved = ({ lastToldMs = 0, resolvedAtMs = 0 }: Sighting) => resolvedAtMs >= lastToldMs;

function resultOf(alert: string, seen: Sighting, onMs: number, offMs: number): AlertResult {
  const after = (from: number, ms: number | undefined) =>
    ms === undefined ? undefined : Math.max(0, ms - from);
  return {
    alert,
    firedAfterMs: after(onMs, seen.firedAtMs),
    receiver: seen.receiver ?? (seen.routes.has(NOBODY) ? NOBODY : undefined),
    toldAfterMs: after(onMs, seen.toldAtMs),
    inhibitedBy: [...seen.inhibitedBy].toSorted(),
    clearedAfterMs: seen.isFiring ? undefined : after(offMs, seen.lastFiredMs),
  };
}

/** What an alert has to do once it has fired, and what is said of one that does not. */
const DUTIES: readonly (readonly [(seen: Sighting) => boolean, string])[] = [
  [isTold, 'fired, but nobody was told, and it is not inhibited'],
  [isToldRightly, 'went to another receiver than its severity asks for'],
  [({ isFiring }) => !isFiring, 'did not clear'],
  [
    (seen) => seen.isFiring || isResolved(seen),
    'cleared, but whoever was told was not told of that',
  ],
];

/** The expected alerts that have not done their duty, each with what Prometheus has. */
async function complaints(
  alerts: readonly string[],
  prometheus: string,
  text: string,
): Promise<string[]> {
  const reasons = await Promise.all(alerts.map((alert) => explain(prometheus, alert)));
  return alerts.map((alert, i) => `${alert} ${text}. ${reasons[i]}`);
}

/** Brings the fault, watches, takes it away, and watches again. */
async function faultOnAndOff(day: GameDay, world: World, watch: AlertWatch): Promise<Result> {
  const { fire = PATIENCE_S, clear = PATIENCE_S } = day.patienceS ?? {};
  const { url } = world.prometheus;
  const those = (fits: (seen: Sighting) => boolean) =>
    day.expected.filter((alert) => fits(watch.of(alert)));
  const lateness = monitorEventLoopDelay({ resolution: 10 });
  lateness.enable();
  watch.forget();
  world.traffic.take();
  const onMs = Date.now();
  await day.on(world);
  const isSeen = (seen: Sighting) => hasFired(seen) && (day.toldAfterwards || isTold(seen));
  await within(fire * 1_000, () => those(isSeen).length === day.expected.length);
  const silent = those((seen) => !hasFired(seen));
  const problems = await complaints(silent, url, 'did not fire');
  const calls = world.traffic.take();
  const offMs = Date.now();
  await day.off(world);
  const fails = (seen: Sighting) => hasFired(seen) && DUTIES.some(([isDone]) => !isDone(seen));
  await within(clear * 1_000, () => those(fails).length === 0);
  for (const [isDone, text] of DUTIES) {
    const late = those((seen) => hasFired(seen) && !isDone(seen));
    problems.push(...(await complaints(late, url, text)));
  }
  const alerts = day.expected.map((alert) => resultOf(alert, watch.of(alert), onMs, offMs));
  const latenessMs = lateness.max / 1e6;
  return { ...judged(day, watch, problems), calls, latenessMs, alerts };
}

function judged(day: GameDay, watch: AlertWatch, problems: readonly string[]) {
  const fired = [...watch.sightings()].filter(([, seen]) => seen.firedAtMs).map(([name]) => name);
  const others = fired.filter((alert) => !day.expected.includes(alert)).toSorted();
  const isCompanion = (alert: string) => day.companions?.some((other) => other.alert === alert);
  const unexpected = others.filter((alert) => !isCompanion(alert));
  return {
    day,
    besides: others.filter(isCompanion),
    unexpected,
    problems: [...problems, ...unexpected.map((alert) => `${alert} should not have fired`)],
  };
}

/**
 * Plays a game day in a stack of its own, which is gone afterwards.
 * @throws {NotHere} when this machine lacks something
 * @throws {Error} when there is no steady state before the fault, or a program of the stack does not start
 */
async function playOnce(day: GameDay): Promise<Result> {
  const world = await startWorld(day);
  const watch = new AlertWatch(world);
  try {
    await layHistory(world);
    watch.start();
    await untilSteady(world, watch);
    return await faultOnAndOff(day, world, watch);
  } finally {
    await watch.stop();
    await world.stop();
  }
}

/** As late as EventLoopLagging tolerates of the service: beyond it a run says more of the machine than of the rules. */
const LATE_MS = thresholds.eventLoopDelaySeconds * 1_000;
const TRIES = 3;

/**
 * Plays a game day, and plays it again if it was lost while this machine was too busy to keep time; the last result
 * counts, whatever it is.
 * @param onAgain called with the result that does not count
 * @throws {Error} as a single try does
 */
export async function play(day: GameDay, onAgain?: (result: Result) => void): Promise<Result> {
  for (let tries = 1; ; tries++) {
    const result = await playOnce(day);
    const isNoise = result.problems.length > 0 && result.latenessMs > LATE_MS;
    if (!isNoise || tries === TRIES) return result;
    onAgain?.(result);
  }
}
