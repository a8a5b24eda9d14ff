/** The service as several processes behind one port, each an instance with metrics of its own (docs/scaling.md). */
import { request } from 'undici';
import { eventually } from '../../../app/testing/poll.ts';
import { freePort } from '../../../app/testing/service-process.ts';
import { oursEnv } from '../ours.ts';
import { type SubjectProcess, type SubjectWorld, startSubject } from '../subject-process.ts';
import { EVERYTHING } from '../subjects.ts';

export interface Workers {
  readonly url: string;
  readonly pids: readonly number[];
  /** Calls that each process has counted so far. */
  counted(): Promise<readonly number[]>;
  stop(): Promise<void>;
}

async function metricsOf({ metricsUrl }: SubjectProcess): Promise<string> {
  const { statusCode, body } = await request(metricsUrl);
  const text = await body.text();
  if (statusCode !== 200) throw new Error(`${metricsUrl} answered ${statusCode}`);
  return text;
}

function callsIn(text: string): number {
  const samples = text.matchAll(/^claude_api_requests_total\{[^}]*\} (\d+)/gm);
  return [...samples].reduce((sum, [, count]) => sum + Number(count), 0);
}

async function startWorker(port: number, world: SubjectWorld): Promise<SubjectProcess> {
  const worker = await startSubject(
    {
      name: 'worker',
      label: '',
      kind: 'ours',
      extras: [],
      version: () => '',
      start: (place) => ({
        program: process.execPath,
        args: ['app/main.ts'],
        env: { ...oursEnv(EVERYTHING, { ...place, port }), REUSE_PORT: 'true' },
      }),
    },
    { ...world, port },
  );
  // Another one may have answered for it.
  await eventually(() => metricsOf(worker).catch(() => false), { timeoutMs: 60_000 });
  return worker;
}

export async function startWorkers(count: number, world: SubjectWorld): Promise<Workers> {
  const port = await freePort();
  const workers: SubjectProcess[] = [];
  while (workers.length < count) workers.push(await startWorker(port, world));
  return {
    url: `http://127.0.0.1:${port}`,
    pids: workers.flatMap(({ pids }) => pids),
    counted: () => Promise.all(workers.map(async (worker) => callsIn(await metricsOf(worker)))),
    async stop() {
      await Promise.all(workers.map((worker) => worker.stop()));
    },
  };
}
