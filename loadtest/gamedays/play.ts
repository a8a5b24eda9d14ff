/** Plays one game day: healthy history, fault on, alerts and their notifications, fault off, all clear. */

import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { thresholds } from '../../observability/slo.ts';
import { STORAGE } from './commands.ts';
import { explain } from './explain.ts';
import type { GameDay, World } from './game-day.ts';
import { layIn } from './history.ts';
import { readOverTime } from './layout.ts';
import { type Series, samplesOf, valuesOf } from './prometheus-api.ts';
import type { Tally } from './traffic.ts';
import { AlertWatch, NOBODY, type Sighting } from './watch.ts';
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
  /** P99 of how late this process's own timers were, milliseconds: a busy machine makes everything slow. */
  readonly latenessMs: number;
  /** Why the game day is lost, one line or more each; empty when it is won. */
  readonly problems: readonly string[];
}

const STEADY_LIMIT_MS = 90_000;
/** No alert may be active for so long before the fault comes. */
const STEADY_MS = 5_000;
const PATIENCE_S = 90;
const POLL_MS = 100;
const JOB = 'job="claude-observatory"';

/** @returns whether it became true in time */
async function within(limitMs: number, check: () => boolean | Promise<boolean>): Promise<boolean> {
  const endMs = performance.now() + limitMs;
  while (performance.now() < endMs) {
    if (await check()) return true;
    await delay(POLL_MS);
  }
  return check();
}

/** The longest windows: rules read the service's own series for a day, and an hour before it, and recordings for a month. */
const RAW_HISTORY_S = 26 * 60;
const RECORDED_HISTORY_S = 12.2 * 3_600;

const nameOf = ({ metric }: Series) => metric['__name__'] ?? '';

/** Seen for long enough to have rates, and nothing bad among it that would become a bad past. */
function isHealthy(series: readonly Series[]): boolean {
  const rates = series.filter((each) => /:bad_rate5m$/.test(nameOf(each)));
  return rates.length > 0 && rates.every(({ values }) => values.every(([, rate]) => rate === '0'));
}

/** Lets Prometheus see the warm service, and extends what it saw backwards. @throws {Error} when it sees none */
async function layHistory({ prometheus, folder }: World): Promise<void> {
  const { url, program } = prometheus;
  await program.start();
  let seen: readonly Series[] = [];
  const isWarm = async () => {
    const scrapes = await valuesOf(url, `count_over_time(up{${JOB}}[10s]) > 12`);
    if (scrapes.length === 0) return false;
    seen = await samplesOf(url, `{${JOB},__name__!~"ALERTS.*"}[4s]`);
    return isHealthy(seen);
  };
  const isSeen = await within(STEADY_LIMIT_MS, () => isWarm().catch(() => false));
  if (!isSeen) throw new Error('Prometheus sees no warm and healthy service');
  const [up] = await samplesOf(url, `up{${JOB}}[5m]`);
  await program.stop();
  const untilS = (up?.values[0]?.[0] ?? 0) - 1;
  const long = readOverTime();
  const recorded = seen.filter((each) => long.has(nameOf(each)));
  const raw = seen.filter((each) => !nameOf(each).includes(':'));
  const storage = join(folder, STORAGE);
  await layIn({ series: raw, fromS: untilS - RAW_HISTORY_S, untilS }, folder, storage);
  await layIn({ series: recorded, fromS: untilS - RECORDED_HISTORY_S, untilS }, folder, storage);
  await program.start();
}

/**
 * Waits until nothing fires or is about to: Prometheus takes some seconds to find its targets again, too.
 * @throws {Error} when something does before there is a fault
 */
async function untilSteady({ receiver }: World, watch: AlertWatch): Promise<void> {
  const active = () =>
    [...watch.sightings()].filter(([, seen]) => seen.isActive).map(([alert]) => alert);
  const startedAt = new Date().toISOString();
  // The Prometheus before the history was laid in beat too.
  const beats = () => (receiver.watchdogAt() ?? '') > startedAt;
  let quietSinceMs = performance.now();
  const isSteady = await within(STEADY_LIMIT_MS, () => {
    if (active().length > 0 || !beats()) quietSinceMs = performance.now();
    return performance.now() - quietSinceMs > STEADY_MS;
  });
  if (isSteady) return;
  const watchdog = beats() ? 'heard' : 'not heard';
  const names = active().join(', ') || 'nothing';
  throw new Error(`no steady state: ${names} is active, the watchdog is ${watchdog}`);
}

/** Whether all has been seen of an alert that is to be seen while the fault is on. */
const isTold = ({ firedAtMs, toldAtMs, inhibitedBy, routes }: Sighting) =>
  firedAtMs !== undefined && (toldAtMs !== undefined || inhibitedBy.size > 0 || routes.has(NOBODY));

/** Whether it ended, and whoever was told of it has been told of that too. */
const isClear = ({ isFiring, lastToldMs = 0, resolvedAtMs = 0 }: Sighting) =>
  !isFiring && resolvedAtMs >= lastToldMs;

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

/** The expected alerts that have not done what they should, each with what Prometheus has. */
async function complaints(
  { expected }: GameDay,
  watch: AlertWatch,
  { prometheus }: World,
  [isDone, text]: readonly [(seen: Sighting) => boolean, string],
): Promise<string[]> {
  const late = expected.filter((alert) => !isDone(watch.of(alert)));
  const reasons = late.map((alert) => explain(prometheus.url, alert));
  return (await Promise.all(reasons)).map((reason, i) => `${late[i]} ${text}. ${reason}`);
}

const FIRES = [({ firedAtMs }: Sighting) => firedAtMs !== undefined, 'did not fire'] as const;
const TOLD = [isTold, 'fired, but nobody was told, and it is not inhibited'] as const;
const CLEARS = [({ isFiring }: Sighting) => !isFiring, 'did not clear'] as const;
const CLEAR = [isClear, 'cleared, but whoever was told of it was not told that'] as const;

/** Brings the fault, watches, takes it away, and watches again. */
async function faultOnAndOff(day: GameDay, world: World, watch: AlertWatch): Promise<Result> {
  const { fire = PATIENCE_S, clear = PATIENCE_S } = day.patienceS ?? {};
  const all = (isDone: (seen: Sighting) => boolean) => () =>
    day.expected.every((alert) => isDone(watch.of(alert)));
  const lateness = monitorEventLoopDelay({ resolution: 10 });
  lateness.enable();
  watch.forget();
  world.traffic.take();
  const onMs = Date.now();
  await day.on(world);
  await within(fire * 1_000, all(day.toldAfterwards ? FIRES[0] : isTold));
  const problems = await complaints(day, watch, world, FIRES);
  const calls = world.traffic.take();
  const offMs = Date.now();
  await day.off(world);
  await within(
    clear * 1_000,
    all((seen) => isTold(seen) && isClear(seen)),
  );
  for (const check of [CLEARS, CLEAR, ...(problems.length > 0 ? [] : [TOLD])]) {
    if (problems.length === 0) problems.push(...(await complaints(day, watch, world, check)));
  }
  return {
    ...judged(day, watch, problems),
    calls,
    latenessMs: lateness.percentile(99) / 1e6,
    alerts: day.expected.map((alert) => resultOf(alert, watch.of(alert), onMs, offMs)),
  };
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
