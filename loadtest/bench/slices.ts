/** One second of load on one target, and several of them as the figures of a series. */
import { type ProcessFigures, processFigures } from './process-figures.ts';
import { median } from './statistics.ts';
import type { SeriesFigures } from './visit.ts';
import { type Load, type LoadFigures, runWrk } from './wrk.ts';

export interface Slice extends LoadFigures {
  /** What the target's processes used meanwhile; undefined where they do not count. */
  readonly used?: {
    readonly cpuMs: number;
    readonly peakBytes: number;
    readonly endBytes: number;
  };
}

const SAMPLE_MS = 200;

function sample(pids: readonly number[], samples: ProcessFigures[]): void {
  try {
    samples.push(processFigures(pids));
  } catch {
    // It has ended; whoever waits for its answers finds out.
  }
}

/** Loads a target and watches its processes meanwhile. @throws {Error} when one of them has ended */
export async function measureSlice(pids: readonly number[], load: Load): Promise<Slice> {
  if (pids.length === 0) return runWrk(load);
  const before = processFigures(pids);
  const samples: ProcessFigures[] = [];
  const timer = setInterval(() => sample(pids, samples), SAMPLE_MS);
  const figures = await runWrk(load).finally(() => clearInterval(timer));
  const after = processFigures(pids);
  const peakBytes = Math.max(after.rssBytes, ...samples.map(({ rssBytes }) => rssBytes));
  const used = { cpuMs: after.cpuMs - before.cpuMs, peakBytes, endBytes: after.rssBytes };
  return { ...figures, used };
}

const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);

/** Counts are summed; of latencies, which cannot be, it is the median of the slices. */
export function seriesOf(slices: readonly Slice[]): SeriesFigures {
  const requests = sum(slices.map((slice) => slice.requests));
  const seconds = sum(slices.map((slice) => slice.requests / slice.perSecond));
  const load: LoadFigures = {
    requests,
    perSecond: requests / seconds,
    p50Ms: median(slices.map(({ p50Ms }) => p50Ms)),
    p99Ms: median(slices.map(({ p99Ms }) => p99Ms)),
    invalid: [...new Set(slices.map(({ invalid }) => invalid))].filter(Boolean).join('; '),
  };
  const used = slices.flatMap((slice) => slice.used ?? []);
  if (used.length === 0) return load;
  const cpuMs = sum(used.map((one) => one.cpuMs));
  const endAt = (i: number) => used[i]?.endBytes ?? Number.NaN;
  return {
    ...load,
    cpuUs: (cpuMs * 1_000) / requests,
    busy: cpuMs / 1_000 / seconds,
    peakBytes: Math.max(...used.map(({ peakBytes }) => peakBytes)),
    endToMiddle: endAt(used.length - 1) / endAt(Math.floor((used.length - 1) / 2)),
  };
}
