/** The fault of a game day: it comes, is watched until the alerts have told of it, goes, and the alerts clear. */
import { setTimeout as delay } from 'node:timers/promises';
import { resultOf } from './alert-result.ts';
import { distinct, type Evidence, firedOf, isTold, msOf } from './duties.ts';
import { explain } from './explain.ts';
import type { GameDay, World } from './game-day.ts';
import { findingsOf, isOver, othersOf } from './judge.ts';
import type { Seen } from './result.ts';
import { comesTrue } from './wait.ts';
import type { AlertWatch } from './watch.ts';

export interface FaultOptions {
  /** How long the fault lasts at least, milliseconds. */
  readonly leastFaultMs?: number;
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

export interface Scene {
  readonly day: GameDay;
  readonly world: World;
  readonly watch: Pick<AlertWatch, 'sightings' | 'forget'>;
  readonly options: FaultOptions;
}

/** Waits until every expected alert fired and was told, and then on; tells of each that fires. */
export async function whileItIsOn(
  {
    day,
    watch,
    options,
  }: Pick<Scene, 'day' | 'options'> & { readonly watch: Pick<AlertWatch, 'sightings'> },
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
