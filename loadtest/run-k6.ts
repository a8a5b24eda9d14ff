/** A run by k6: a program of this machine, or the image of a stack that is up by Docker Compose. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { composeCommand } from '../observability/local/backends.ts';
import { ROOT } from '../observability/local/paths.ts';
import type { Settings } from '../observability/local/settings.ts';
import type { Ending } from './ending.ts';
import { judgeEnd, type K6End } from './k6-end.ts';
import { TREND_STATS } from './node-driver/remote-write.ts';
import type { ResultFiles } from './results.ts';
import { callOfLine, NotableCalls } from './scenarios/notable-calls.ts';
import type { Env } from './scenarios/settings.ts';
import type { Summary } from './scenarios/summary.ts';

export interface K6Run {
  /** The program; undefined takes the image of the stack. */
  readonly program: string | undefined;
  /** The options of the run, secrets among them, which go by environment only. */
  readonly env: Env;
  readonly stack: Settings;
  readonly files: ResultFiles;
  /** Prometheus' address for remote write, as this machine sees it; undefined where the results go to none. */
  readonly remoteWriteUrl: string | undefined;
  /** Where the trace of a correlation ID is. */
  readonly traceOf: (id: string) => string;
  /** Its signal ends the run early: k6 sums up what there was. */
  readonly ending: Pick<Ending, 'signal' | 'beforeExit'>;
}

export interface K6Ended {
  /** Undefined when k6 made none. */
  readonly summary: Summary | undefined;
  /** What to exit with; undefined where the verdict of the summary says it. */
  readonly exitCode: number | undefined;
}

/** Variables of k6 that may reach it. Others would take away the script's scenarios, its guard or its thresholds. */
const PASSED_ON = /^(?!K6_)|^K6_PROMETHEUS_RW_|^K6_INSECURE_SKIP_TLS_VERIFY$/;

export async function runByK6(run: K6Run): Promise<K6Ended> {
  const { folder, name, json } = run.files;
  const callsFile = join(folder, `${name}.calls`);
  const child = run.program === undefined ? spawnImage(run) : spawnProgram(run, run.program);
  // It has a process group of its own, so that it gets one SIGINT: at the second one it would stop without a summary.
  const { signal } = run.ending;
  signal.addEventListener('abort', () => child.kill('SIGINT'), { once: true });
  run.ending.beforeExit(() => endNow(child, run));
  const how = await endOf(child);
  const notable = new NotableCalls();
  for (const call of linesOf(callsFile).map(callOfLine)) if (call) notable.add(call);
  rmSync(callsFile, { force: true });
  const written = summaryIn(json);
  const made = written && notable.addTo(written, run.traceOf);
  const { problem, ...ended } = judgeEnd(how, made, signal.aborted);
  if (problem !== undefined) process.stderr.write(`loadtest: ${problem}\n`);
  return ended;
}

/** How long k6 may take to end once it was asked for the second time. */
const LAST_MS = 3_000;

/** Ends k6 without its summary: it is in a group of its own, and would go on without us. */
async function endNow(child: ChildProcess, { program, files, env }: K6Run): Promise<void> {
  if (child.pid === undefined) return;
  const exited = once(child, 'exit').catch(() => undefined);
  if (child.kill('SIGINT')) await Promise.race([exited, delay(LAST_MS)]);
  try {
    process.kill(-child.pid, 'SIGKILL');
  } catch {
    // Nothing of its group is left.
  }
  // A container is no child of the command that has started it.
  if (program === undefined) {
    const options = { stdio: 'ignore', timeout: LAST_MS, env: { ...env } } as const;
    spawnSync('docker', ['rm', '--force', containerOf(files)], options);
  }
}

function containerOf({ name }: ResultFiles): string {
  return `observatory-k6-${name}`;
}

async function endOf(child: ChildProcess): Promise<K6End> {
  try {
    const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
    return { code, signal };
  } catch (error) {
    return { error: error as Error };
  }
}

/** @returns undefined where k6 wrote none, or was killed while it did */
function summaryIn(file: string): Summary | undefined {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Summary;
  } catch {
    return undefined;
  }
}

/** @param folder of the results, as k6 sees it */
function argsOf({ files, remoteWriteUrl }: K6Run, folder: string): string[] {
  const output = remoteWriteUrl === undefined ? [] : ['--out', 'experimental-prometheus-rw'];
  const calls = ['--console-output', `${folder}/${files.name}.calls`];
  return ['run', ...output, ...calls, 'loadtest/k6/main.ts'];
}

/** https://grafana.com/docs/k6/latest/results-output/ */
function outputEnv({ files }: K6Run, folder: string): Record<string, string> {
  return {
    RESULT: `${folder}/${files.name}`,
    K6_WEB_DASHBOARD: 'true',
    // No page is served, as k6 would wait for those who look at it; the report is written all the same.
    K6_WEB_DASHBOARD_PORT: '-1',
    K6_WEB_DASHBOARD_EXPORT: `${folder}/${files.name}.html`,
    K6_PROMETHEUS_RW_TREND_STATS: TREND_STATS.join(','),
    K6_PROMETHEUS_RW_STALE_MARKERS: 'true',
    // A script cannot switch off what k6 reports to its makers.
    K6_NO_USAGE_REPORT: 'true',
  };
}

function spawnProgram(run: K6Run, program: string): ChildProcess {
  const { env, remoteWriteUrl, files } = run;
  const given = Object.entries(env).filter(([name]) => PASSED_ON.test(name));
  return spawn(program, argsOf(run, files.folder), {
    cwd: ROOT,
    env: {
      ...Object.fromEntries(given),
      ...outputEnv(run, files.folder),
      ...(remoteWriteUrl !== undefined && { K6_PROMETHEUS_RW_SERVER_URL: remoteWriteUrl }),
    },
    stdio: ['ignore', 'inherit', 'inherit'],
    detached: true,
  });
}

/** Where the container has the folder of the results. */
const MOUNTED = '/results';

/** The files belong to whoever started the run. The compose file lists the variables that the container gets. */
function spawnImage(run: K6Run): ChildProcess {
  const user = `${process.getuid?.()}:${process.getgid?.()}`;
  const volume = `${resolve(run.files.folder)}:${MOUNTED}`;
  const options = [
    '--rm',
    '-T',
    '--name',
    containerOf(run.files),
    '--user',
    user,
    '--volume',
    volume,
  ];
  const command = ['run', ...options, 'k6', ...argsOf(run, MOUNTED)];
  const { args, env } = composeCommand(run.stack, command);
  return spawn('docker', args, {
    cwd: ROOT,
    env: { ...env, ...run.env, ...outputEnv(run, MOUNTED) },
    stdio: ['ignore', 'inherit', 'inherit'],
    detached: true,
  });
}

function linesOf(file: string): string[] {
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n') : [];
}
