/** One process and two behind one port, on all cores, and what an instance gives off. */
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { request } from 'undici';
import { freePort } from '../../../app/testing/service-process.ts';
import { oursEnv } from '../ours.ts';
import type { World } from '../rounds.ts';
import type { Subject } from '../subject.ts';
import { startSubject } from '../subject-process.ts';
import { EVERYTHING, SUBJECTS } from '../subjects.ts';
import { type SeriesFigures, visitSeries, warmUp } from '../visit.ts';
import { measureVolume, type Volume } from './volume.ts';

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

const PROGRAM = fileURLToPath(new URL('workers.ts', import.meta.url));
const NUMBERS = [1, 2] as const;

function subjectOf(ports: readonly number[]): Subject {
  return {
    name: `workers-${ports.length}`,
    ...{ label: '', kind: 'ours', extras: [], version: () => '' },
    start: (place) => ({
      program: process.execPath,
      args: [PROGRAM, ...ports.map(String)],
      env: oursEnv(EVERYTHING, place),
    }),
  };
}

async function countedAt(port: number): Promise<number> {
  const { body } = await request(`http://127.0.0.1:${port}/metrics`);
  const samples = (await body.text()).matchAll(/^claude_api_requests_total\{[^}]*\} (\d+)/gm);
  return [...samples].reduce((sum, [, count]) => sum + Number(count), 0);
}

async function runWorkers(count: number, world: World): Promise<WorkersRun> {
  const ports: number[] = [];
  while (ports.length < count) ports.push(await freePort());
  const { upstream, sink, folder, pinning, plan } = world;
  const running = await startSubject(subjectOf(ports), {
    ...{ upstream: upstream.url, otlp: sink.url, folder, headers: plan.headers },
    pinning: { ...pinning, subject: pinning.everywhere },
  });
  try {
    const target = { ...running, extras: [] };
    const quiet = { ...plan, tell() {} };
    await warmUp(target, quiet);
    const before = await Promise.all(ports.map(countedAt));
    const { c128 } = await visitSeries(target, quiet, ['c128']);
    // Calls that the generator left behind come to their end.
    await delay(500);
    const after = await Promise.all(ports.map(countedAt));
    const counted = after.map((value, i) => value - (before[i] ?? 0));
    return { figures: c128 as SeriesFigures, counted };
  } finally {
    await running.stop();
  }
}

export async function measureScale(world: World): Promise<Scale> {
  const runs: WorkersRun[] = [];
  for (const count of NUMBERS) runs.push(await runWorkers(count, world));
  const traced = SUBJECTS.find(({ name }) => name === 'traces-100') as Subject;
  const { upstream, sink, folder, pinning, plan } = world;
  const place = { upstream: upstream.url, otlp: sink.url, folder, headers: plan.headers };
  const subject = await startSubject(traced, { ...place, pinning });
  return { runs, volume: await measureVolume(subject, sink, plan.headers) };
}
