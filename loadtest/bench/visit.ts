/** One visit to one subject in one round: started afresh, warmed up, measured in each series, ended. */
import { setTimeout as delay } from 'node:timers/promises';
import { readStreamsApart, type UpstreamProcess } from './helpers.ts';
import type { WarmUp } from './options.ts';
import { type ProcessFigures, processFigures } from './process-figures.ts';
import type { StreamFigures } from './stream-reader.ts';
import type { Extra } from './subject.ts';
import { AT_ONCE, type UpstreamBehaviour } from './upstream.ts';
import { type LoadFigures, runWrk } from './wrk.ts';

const MB = 1_000_000;

interface SeriesPlan {
  readonly connections: number;
  /** The body of each request: 1 kB or 1 MB. */
  readonly ask: 'small' | 'large';
  readonly upstream: UpstreamBehaviour;
  /** Measured of subjects with this extra only. */
  readonly extra?: Extra;
}

/** In the order in which they are measured. */
export const SERIES = {
  c32: { connections: 32, ask: 'small', upstream: AT_ONCE },
  c128: { connections: 128, ask: 'small', upstream: AT_ONCE },
  c1: { connections: 1, ask: 'small', upstream: AT_ONCE },
  'c32, 20 ms': {
    connections: 32,
    ask: 'small',
    upstream: { ...AT_ONCE, delayMs: 20 },
    extra: 'delay',
  },
  'c128, 20 ms': {
    connections: 128,
    ask: 'small',
    upstream: { ...AT_ONCE, delayMs: 20 },
    extra: 'delay',
  },
  'ask 1 MB': { connections: 8, ask: 'large', upstream: AT_ONCE, extra: 'bodies' },
  'answer 1 MB': {
    connections: 8,
    ask: 'small',
    upstream: { ...AT_ONCE, answerBytes: MB },
    extra: 'bodies',
  },
} as const satisfies Readonly<Record<string, SeriesPlan>>;
export type SeriesName = keyof typeof SERIES;

/** Streams held at once, and how many one after the other in each place that are timed. */
export const STREAM_SERIES = {
  first: { held: 25, each: 12 },
  'held 100': { held: 100, each: 2 },
  'held 500': { held: 500, each: 2 },
} as const;
export type StreamSeriesName = keyof typeof STREAM_SERIES;

const QUICK_STREAMS = { first: { held: 25, each: 2 } } as const;

export interface SeriesFigures extends LoadFigures {
  /** CPU time of the subject for a request, microseconds; undefined of the upstream alone. */
  readonly cpuUs?: number;
  /** How much of one core the subject used, 0 to 1. Well below 1 something else was the bottleneck. */
  readonly busy?: number;
  /** Its memory: the most, and at the end against the middle of the series. */
  readonly peakBytes?: number;
  readonly endToMiddle?: number;
}

export interface Visit {
  readonly subject: string;
  readonly round: number;
  /** Of a random read of memory just before the visit, nanoseconds. */
  readonly memoryNs?: number;
  readonly startMs?: number;
  readonly idleBytes?: number;
  /** Some seconds after all load; undefined in all rounds but the last. */
  readonly recoveredBytes?: number;
  readonly series: Partial<Record<SeriesName, SeriesFigures>>;
  readonly streams: Partial<Record<StreamSeriesName, StreamFigures>>;
}

/** What is loaded: a subject, or the upstream itself. */
export interface Target {
  readonly url: string;
  /** Its processes; none of the upstream, whose own figures do not count. */
  readonly pids: readonly number[];
  readonly extras: readonly Extra[];
}

export interface VisitPlan {
  readonly seconds: number;
  readonly warmUp: WarmUp;
  readonly quick: boolean;
  readonly upstream: Pick<UpstreamProcess, 'behave'>;
  readonly headers: Readonly<Record<string, string>>;
  readonly bodyFiles: Readonly<Record<'small' | 'large', string>>;
  /** Told of each series that has ended. */
  readonly tell: (series: string, figures: SeriesFigures | StreamFigures) => void;
}

const SAMPLE_MS = 200;

function sample(pids: readonly number[], samples: ProcessFigures[]): void {
  try {
    samples.push(processFigures(pids));
  } catch {
    // It has ended; whoever waits for its answers finds out.
  }
}

const REST_STEP_MS = 250;
const REST_LIMIT_MS = 30_000;

/** Waits for whoever still works on calls of the series before, whose callers have gone. */
async function untilAtRest(pids: readonly number[]): Promise<void> {
  const endMs = performance.now() + REST_LIMIT_MS;
  let before = processFigures(pids).cpuMs;
  for (;;) {
    await delay(REST_STEP_MS);
    const now = processFigures(pids).cpuMs;
    if (now - before < REST_STEP_MS / 4 || performance.now() > endMs) return;
    before = now;
  }
}

/** Loads a target and watches its process meanwhile. */
async function measure(
  target: Target,
  plan: VisitPlan,
  series: SeriesPlan,
): Promise<SeriesFigures> {
  await plan.upstream.behave(series.upstream);
  const { pids, url } = target;
  const { connections } = series;
  const bodyFile = plan.bodyFiles[series.ask];
  const load = { url, connections, bodyFile, seconds: plan.seconds, headers: plan.headers };
  if (pids.length === 0) return runWrk(load);
  await untilAtRest(pids);
  const before = processFigures(pids);
  const samples: ProcessFigures[] = [];
  const timer = setInterval(() => sample(pids, samples), SAMPLE_MS);
  const startedMs = performance.now();
  const figures = await runWrk(load).finally(() => clearInterval(timer));
  const after = processFigures(pids);
  const cpuMs = after.cpuMs - before.cpuMs;
  const middle = samples[Math.floor(samples.length / 2)] ?? after;
  return {
    ...figures,
    cpuUs: (cpuMs * 1_000) / figures.requests,
    busy: cpuMs / (performance.now() - startedMs),
    peakBytes: Math.max(after.rssBytes, ...samples.map(({ rssBytes }) => rssBytes)),
    endToMiddle: after.rssBytes / middle.rssBytes,
  };
}

const WARM_UP_STEP_S = 1;

/**
 * Lets hot code be compiled; the figures are dropped. Several take turns, so that none stands idle for long: one that did
 * costs more afterwards.
 */
export async function warmUp(
  targets: readonly Pick<Target, 'url'>[],
  plan: Omit<VisitPlan, 'tell'>,
): Promise<void> {
  await plan.upstream.behave(AT_ONCE);
  const { calls = Number.POSITIVE_INFINITY, seconds } = plan.warmUp;
  const { headers, bodyFiles } = plan;
  const load = { connections: 32, seconds: WARM_UP_STEP_S, headers, bodyFile: bodyFiles.small };
  const made = new Map(targets.map(({ url }) => [url, 0]));
  for (let step = 0; step < seconds / WARM_UP_STEP_S; step += 1) {
    for (const [url, before] of made) {
      if (before < calls) made.set(url, before + (await runWrk({ ...load, url })).requests);
    }
  }
}

/** Every series of answers that this target is measured in. @param names by default all */
export async function visitSeries(
  target: Target,
  plan: VisitPlan,
  names = Object.keys(SERIES) as readonly SeriesName[],
): Promise<Visit['series']> {
  const visited: Partial<Record<SeriesName, SeriesFigures>> = {};
  for (const name of names) {
    const series: SeriesPlan = SERIES[name];
    if (series.extra && (plan.quick || !target.extras.includes(series.extra))) continue;
    const figures = await measure(target, plan, series);
    visited[name] = figures;
    plan.tell(name, figures);
  }
  await plan.upstream.behave(AT_ONCE);
  return visited;
}

/** Every series of streams that this target is measured in. */
export async function visitStreams(target: Target, plan: VisitPlan): Promise<Visit['streams']> {
  const visited: Partial<Record<StreamSeriesName, StreamFigures>> = {};
  if (!target.extras.includes('streams')) return visited;
  for (const [name, size] of Object.entries(plan.quick ? QUICK_STREAMS : STREAM_SERIES)) {
    const figures = await readStreamsApart({
      ...size,
      untimed: plan.warmUp.streams,
      url: target.url,
      headers: plan.headers,
    });
    visited[name as StreamSeriesName] = figures;
    plan.tell(name, figures);
  }
  return visited;
}

const SETTLE_MS = 1_000;
const RECOVERY_MS = 6_000;

/** Memory once the start is over. */
export async function idleBytes({ pids }: Target): Promise<number> {
  await delay(SETTLE_MS);
  return processFigures(pids).rssBytes;
}

/** Memory once the load is over, for long enough that idle connections are closed. */
export async function recoveredBytes({ pids }: Target): Promise<number> {
  await delay(RECOVERY_MS);
  return processFigures(pids).rssBytes;
}
