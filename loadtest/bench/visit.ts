/** What is measured of a subject in a round: which series, and the figures of each. */
import type { StreamFigures, StreamLoad } from './stream-reader.ts';
import type { Extra } from './subject.ts';
import { AT_ONCE, type UpstreamBehaviour } from './upstream.ts';
import type { LoadFigures } from './wrk.ts';

const MB = 1_000_000;

export interface SeriesPlan {
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

/** Of a run that is to be seen to run. */
export const QUICK_STREAMS = { first: { held: 25, each: 2 } } as const satisfies Partial<
  Record<StreamSeriesName, Pick<StreamLoad, 'held' | 'each'>>
>;

export interface SeriesFigures extends LoadFigures {
  /** CPU time of the subject for a request, microseconds; undefined of the upstream alone. */
  readonly cpuUs?: number;
  /** How much of one core the subject used, 0 to 1. Well below 1 something else was the bottleneck. */
  readonly busy?: number;
  /** Its memory: the most, and after the last slice against after the middle one. */
  readonly peakBytes?: number;
  readonly endToMiddle?: number;
}

export interface Visit {
  readonly subject: string;
  readonly round: number;
  /** Of a random read of memory just before it was started, nanoseconds. */
  readonly memoryNs?: number;
  readonly startMs?: number;
  readonly idleBytes?: number;
  /** Some seconds after all load; in the last round only. */
  readonly recoveredBytes?: number;
  readonly series: Partial<Record<SeriesName, SeriesFigures>>;
  readonly streams: Partial<Record<StreamSeriesName, StreamFigures>>;
}
