/** How whole runs end before their time, and that they leave nothing behind; the simulator is the service too. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, afterEach, before, beforeEach, test } from 'node:test';
import { eventually } from '../app/testing/poll.ts';
import { ROOT } from '../observability/local/paths.ts';
import { execute } from '../observability/local/testing-stack.ts';
import { EXIT } from './scenarios/run-verdict.ts';
import type { Summary } from './scenarios/summary.ts';
import { DEFAULT_KEY, type Simulator, startSimulator } from './simulator/server.ts';

const LONG = { timeoutMs: 60_000 };

let simulator: Simulator;
let folder: string;
let child: ChildProcess | undefined;
before(async () => {
  simulator = await startSimulator({ profile: 'none' });
});
after(() => simulator.close());
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'observatory-ending-'));
});
afterEach(() => {
  child?.kill('SIGKILL');
  simulator.setFaults([]);
  rmSync(folder, { recursive: true, force: true });
});

function envOf(extra: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return {
    PATH: process.env['PATH'],
    ENV_FILE: '/dev/null',
    RUN_DIR: folder,
    RESULTS_DIR: join(folder, 'results'),
    TOKEN: DEFAULT_KEY,
    TARGET: simulator.url,
    SIMULATOR: simulator.url,
    ...extra,
  };
}

async function faults(): Promise<readonly unknown[]> {
  return (await fetch(`${simulator.url}/__sim/faults`)).json() as Promise<unknown[]>;
}

/** Starts chaos. @returns when its faults are on */
async function startChaos() {
  const env = envOf({ SCENARIO: 'chaos', RATE: '50', DURATION: '18s' });
  child = spawn(process.execPath, ['loadtest/run.ts', 'node'], {
    cwd: ROOT,
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let told = '';
  child.stderr?.on('data', (chunk) => {
    told += String(chunk);
  });
  await eventually(async () => (await faults()).length > 0, LONG);
  return { child, ended: once(child, 'exit'), told: () => told };
}

function summaryIn(results: string): Summary {
  const [file = ''] = readdirSync(results).filter((name) => name.endsWith('.json'));
  return JSON.parse(readFileSync(join(results, file), 'utf8')) as Summary;
}

test('run: a terminal that is closed ends it, with its faults taken back and a summary of what there was', async () => {
  const run = await startChaos();
  run.child.kill('SIGHUP');
  const [code] = await run.ended;
  assert.equal(code, EXIT.inconclusive);
  assert.deepEqual(await faults(), []);
  const { bottlenecks, phases, thresholds } = summaryIn(join(folder, 'results'));
  assert.match(bottlenecks.at(-1) ?? '', /ended early/);
  // Of what had not been reached there is neither a rate nor a miss.
  const after = phases.find(({ name }) => name === 'after');
  assert.deepEqual([after?.calls, after?.perSecond], [0, 0]);
  const open = thresholds.filter(({ metric }) => metric.includes('{scenario:after'));
  assert(open.every(({ ok }) => ok !== false) && open.some(({ notReached }) => notReached));
});

test('run: a second signal ends it at once, but not before its faults are taken back', async () => {
  const run = await startChaos();
  run.child.kill('SIGINT');
  await eventually(() => run.told().includes('a second signal'), LONG);
  run.child.kill('SIGTERM');
  const [code] = await run.ended;
  // The summary may have been quicker than the second signal.
  assert([128 + 15, EXIT.inconclusive].includes(code), String(code));
  assert.deepEqual(await faults(), []);
});

test('run: the faults of chaos end by themselves, should nobody be left to take them back', async () => {
  const run = await startChaos();
  const [fault] = (await faults()) as { forSeconds?: number }[];
  assert(fault?.forSeconds !== undefined && fault.forSeconds >= 20 && fault.forSeconds <= 120);
  run.child.kill('SIGKILL');
  await run.ended;
});

const SMOKE = { SCENARIO: 'smoke', RATE: '100', DURATION: '3s' };

test('run: a reader of its output who leaves takes neither the results nor the exit code away', async () => {
  const command = `${process.execPath} loadtest/run.ts node | head -1; exit \${PIPESTATUS[0]}`;
  const { code, output } = await execute('bash', ['-c', command], envOf(SMOKE));
  assert.doesNotMatch(output, /EPIPE|\n\s+at /);
  assert.equal(code, EXIT[summaryIn(join(folder, 'results')).verdict], output);
});

test('run: results that cannot be written cost one line for each file, and the verdict is shown', async () => {
  const env = envOf({ ...SMOKE, RESULTS_DIR: '/dev/null/results' });
  const { code, output } = await execute(process.execPath, ['loadtest/run.ts', 'node'], env);
  const [, verdict = ''] = /^verdict: (\w+)/m.exec(output) ?? [];
  assert.equal(code, EXIT[verdict.toLowerCase() as Summary['verdict']], output);
  assert.equal(output.match(/^loadtest: not written: .*$/gm)?.length, 2, output);
  assert(!existsSync(join(folder, 'results')));
});
