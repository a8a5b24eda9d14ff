/** Measures targets side by side: in slices, in turn, each frozen while it is not its turn. */
import { setTimeout as delay } from 'node:timers/promises';
import { request } from 'undici';
import { askOf } from './answers.ts';
import { readStreamsApart, type UpstreamProcess } from './helpers.ts';
import type { WarmUp } from './options.ts';
import { processFigures } from './process-figures.ts';
import { measureSlice, type Slice, seriesOf } from './slices.ts';
import type { StreamFigures, StreamLoad } from './stream-reader.ts';
import type { Extra } from './subject.ts';
import { AT_ONCE } from './upstream.ts';
import { SERIES, type SeriesFigures, type SeriesName, type SeriesPlan } from './visit.ts';
import { type Load, runWrk } from './wrk.ts';

const ASK = askOf(1_000, false);

/** What is loaded: a subject, or the upstream itself. */
export interface Target {
  readonly name: string;
  readonly url: string;
  /** Its processes; none of the upstream, whose own figures do not count. */
  readonly pids: readonly number[];
  readonly extras: readonly Extra[];
  /** How long it is loaded at a time, where a second is too short for it. */
  readonly sliceSeconds?: number;
}

export interface Plan {
  /** Slices of each series. */
  readonly seconds: number;
  readonly warmUp: WarmUp;
  readonly quick: boolean;
  readonly upstream: Pick<UpstreamProcess, 'behave'>;
  readonly headers: Readonly<Record<string, string>>;
  readonly bodyFiles: Readonly<Record<'small' | 'large', string>>;
}

/** Where something went wrong with a target: it is left out from then on. */
export type Fail = (target: Target, error: Error) => void;

/** Even ones go forwards, odd ones backwards, so that no place is an advantage. */
export function orderOf<T>(things: readonly T[], turn: number): readonly T[] {
  return turn % 2 === 0 ? things : things.toReversed();
}

/** How long calls take to end whose callers have gone. */
const LEFT_MS = 150;

/** Freezes it once it has no call in flight, which would be overdue when it is thawed. */
export async function freeze({ pids }: Target): Promise<void> {
  await delay(LEFT_MS);
  for (const pid of pids) process.kill(pid, 'SIGSTOP');
}

export function thaw({ pids }: Target): void {
  for (const pid of pids) process.kill(pid, 'SIGCONT');
}

const RUN_IN_MS = 300;

/** Calls, one after the other, that are not counted: what was frozen has overdue timers, and its code is in no cache. */
async function runIn({ url }: Target, { headers }: Pick<Plan, 'headers'>): Promise<void> {
  const untilMs = performance.now() + RUN_IN_MS;
  while (performance.now() < untilMs) {
    const answer = await request(`${url}/v1/messages`, { method: 'POST', headers, body: ASK });
    await answer.body.dump();
  }
}

/**
 * A target's turn. What is idle collects garbage and has timers, on the core of the one that is measured: so it is
 * frozen until then. @returns undefined where it failed
 */
async function turnOf<T>(
  target: Target,
  { plan, fail }: { readonly plan: Pick<Plan, 'headers'>; readonly fail: Fail },
  measure: () => Promise<T>,
): Promise<T | undefined> {
  try {
    thaw(target);
    await runIn(target, plan);
    const figures = await measure();
    await freeze(target);
    return figures;
  } catch (error) {
    fail(target, error as Error);
    return undefined;
  }
}

const WARM_UP_STEP_S = 1;

/** Lets hot code be compiled; the figures are dropped. */
export async function warmUp({ url }: Target, plan: Plan): Promise<void> {
  await plan.upstream.behave(AT_ONCE);
  const { calls, seconds } = plan.warmUp;
  const load = { url, connections: 32, seconds: WARM_UP_STEP_S, headers: plan.headers };
  let made = 0;
  for (let step = 0; step < seconds / WARM_UP_STEP_S && made < calls; step += 1) {
    made += (await runWrk({ ...load, bodyFile: plan.bodyFiles.small })).requests;
  }
}

/** Those of them that this series is measured of. */
function takersOf<T extends Target>(targets: readonly T[], { extra }: SeriesPlan, quick: boolean) {
  return targets.filter(({ extras }) => !extra || (!quick && extras.includes(extra)));
}

function loadOf(target: Target, plan: Plan, { connections, ask }: SeriesPlan): Load {
  const { url, sliceSeconds: seconds = 1 } = target;
  return { url, connections, seconds, bodyFile: plan.bodyFiles[ask], headers: plan.headers };
}

/** @returns the figures of those that take part and did not fail */
export async function measureSeries<T extends Target>(
  targets: readonly T[],
  plan: Plan,
  { name, fail }: { readonly name: SeriesName; readonly fail: Fail },
): Promise<ReadonlyMap<T, SeriesFigures>> {
  const series: SeriesPlan = SERIES[name];
  await plan.upstream.behave(series.upstream);
  const takingPart = takersOf(targets, series, plan.quick);
  const slices = new Map(takingPart.map((target) => [target, [] as Slice[]]));
  for (let turn = 0; turn < plan.seconds; turn += 1) {
    for (const target of orderOf([...slices.keys()], turn)) {
      const load = loadOf(target, plan, series);
      const slice = await turnOf(target, { plan, fail }, () => measureSlice(target.pids, load));
      if (slice) slices.get(target)?.push(slice);
      else slices.delete(target);
    }
  }
  await plan.upstream.behave(AT_ONCE);
  return new Map([...slices].map(([target, of]) => [target, seriesOf(of)]));
}

/** @returns the figures of those that take streams and did not fail */
export async function measureStreams<T extends Target>(
  targets: readonly T[],
  plan: Plan,
  { held, each, fail }: Pick<StreamLoad, 'held' | 'each'> & { readonly fail: Fail },
): Promise<ReadonlyMap<T, StreamFigures>> {
  const measured = new Map<T, StreamFigures>();
  for (const target of targets.filter(({ extras }) => extras.includes('streams'))) {
    const load = { held, each, url: target.url, headers: plan.headers };
    const figures = await turnOf(target, { plan, fail }, () => readStreamsApart(load));
    if (figures) measured.set(target, figures);
  }
  return measured;
}

const SETTLE_MS = 1_000;
const RECOVERY_MS = 6_000;

/** Memory once the start is over. */
export async function idleBytes({ pids }: Target): Promise<number> {
  await delay(SETTLE_MS);
  return processFigures(pids).rssBytes;
}

/** Memory once the load is over, for long enough that idle connections are closed. */
export async function recoveredBytes<T extends Target>(
  targets: readonly T[],
): Promise<ReadonlyMap<T, number>> {
  for (const target of targets) thaw(target);
  await delay(RECOVERY_MS);
  return new Map(targets.map((target) => [target, processFigures(target.pids).rssBytes]));
}
