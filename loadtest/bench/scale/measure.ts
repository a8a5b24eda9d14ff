/** One process and two behind one port, on all cores, and what an instance gives off. */
import { setTimeout as delay } from 'node:timers/promises';
import type { World } from '../rounds.ts';
import type { Subject } from '../subject.ts';
import { startSubject } from '../subject-process.ts';
import { SUBJECTS } from '../subjects.ts';
import { type SeriesFigures, visitSeries, warmUp } from '../visit.ts';
import { measureVolume, type Volume } from './volume.ts';
import { startWorkers } from './workers.ts';

/** A run of so many processes behind one port. */
export interface WorkersRun {
  readonly figures: SeriesFigures;
  /** Calls that each process has counted on its own page of metrics. */
  readonly counted: readonly number[];
}

export interface Scale {
  readonly volume: Volume;
  readonly runs: readonly WorkersRun[];
}

/** How long calls take to end that the generator has left. */
const LEFT_MS = 500;

async function runWorkers(count: number, world: World): Promise<WorkersRun> {
  const { upstream, sink, folder, pinning, plan } = world;
  const workers = await startWorkers(count, {
    upstream: upstream.url,
    otlp: sink.url,
    folder,
    headers: plan.headers,
    pinning: { ...pinning, subject: pinning.everywhere },
  });
  try {
    const target = { ...workers, extras: [] };
    const quiet = { ...plan, tell() {} };
    await warmUp([target], quiet);
    const before = await workers.counted();
    const { c128 } = await visitSeries(target, quiet, ['c128']);
    await delay(LEFT_MS);
    const counted = (await workers.counted()).map((value, i) => value - (before[i] ?? 0));
    return { figures: c128 as SeriesFigures, counted };
  } finally {
    await workers.stop();
  }
}

export async function measureScale(world: World): Promise<Scale> {
  const runs = [await runWorkers(1, world), await runWorkers(2, world)];
  const traced = SUBJECTS.find(({ name }) => name === 'traces-100') as Subject;
  const { upstream, sink, folder, pinning, plan } = world;
  const place = { upstream: upstream.url, otlp: sink.url, folder, headers: plan.headers };
  const subject = await startSubject(traced, { ...place, pinning });
  return { runs, volume: await measureVolume(subject, sink, plan.headers) };
}
