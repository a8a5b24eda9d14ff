/** How k6 is run, by a stand-in for the program: it tells what it was given, and writes what k6 would. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, test } from 'node:test';
import { eventually } from '../app/testing/poll.ts';
import { ROOT } from '../observability/local/paths.ts';
import { readSettings } from '../observability/local/settings.ts';
import { execute } from '../observability/local/testing-stack.ts';
import type { LastAct } from './ending.ts';
import { resultFiles } from './results.ts';
import { runByK6 } from './run-k6.ts';
import { EXIT } from './scenarios/run-verdict.ts';
import type { Summary } from './scenarios/summary.ts';

const folder = mkdtempSync(join(tmpdir(), 'observatory-k6-'));
after(() => rmSync(folder, { recursive: true }));

const SUMMARY: Summary = {
  driver: 'k6',
  scenario: 'smoke',
  question: 'Does it?',
  target: 'http://127.0.0.1:8080',
  started: '2026-01-01T00:00:00.000Z',
  seconds: 23,
  verdict: 'passed',
  bottlenecks: [],
  thresholds: [],
  breakpoint: null,
  phases: [],
  kinds: [],
  slowest: [],
  failed: [],
  driverLag: { p50Ms: 0.6, p99Ms: 1.8 },
};

const call = (id: string, durationMs: number) =>
  `claude_call ${JSON.stringify({ id, kind: 'complete', phase: 'smoke', durationMs })}`;

/** @returns the stand-in: it keeps its arguments and environment, and runs a script that exits */
function standIn(script: string): string {
  const program = join(folder, 'k6');
  const lines = [
    '#!/bin/bash',
    `[ "$1" = version ] && echo 'k6 v2.3.0 (go1.26, linux/amd64)' && exit`,
    `printf '%s\\n' "$@" > ${folder}/argv`,
    `env > ${folder}/env`,
    'while [ $# -gt 0 ]; do [ "$1" = --console-output ] && calls=$2; shift; done',
    script,
  ];
  writeFileSync(program, lines.join('\n'), { mode: 0o755 });
  return program;
}

function envOf(script: string): NodeJS.ProcessEnv {
  return {
    PATH: process.env['PATH'],
    ENV_FILE: '/dev/null',
    RUN_DIR: folder,
    STACK: 'processes',
    K6: standIn(script),
    RESULTS_DIR: join(folder, 'results'),
  };
}

function run(script: string, env: NodeJS.ProcessEnv = {}) {
  return execute(process.execPath, ['loadtest/run.ts'], { ...envOf(script), ...env });
}

const writeSummary = (summary: Summary) => `echo '${JSON.stringify(summary)}' > "$RESULT.json"`;

/** What would take away the scenarios, the guard or the thresholds, or hold the run up. */
const MISLEADING = {
  K6_NO_SETUP: 'true',
  K6_NO_TEARDOWN: 'true',
  K6_NO_THRESHOLDS: 'true',
  K6_PAUSED: 'true',
  K6_ITERATIONS: '1',
  K6_RPS: '5',
  K6_OUT: 'json',
  K6_INCLUDE_SYSTEM_ENV_VARS: 'false',
};

test('run: k6 gets its options by environment, and a token is in no argument and in no output', async () => {
  const env = {
    SCENARIO: 'smoke',
    RATE: '20',
    K6_PROMETHEUS_RW_USERNAME: 'somebody',
    TOKEN: 'token-of-search',
    K6_VUS: '3',
    ...MISLEADING,
  };
  const { code, output } = await run(writeSummary(SUMMARY), env);
  assert.equal(code, EXIT.passed, output);
  const argv = readFileSync(join(folder, 'argv'), 'utf8');
  const given = readFileSync(join(folder, 'env'), 'utf8').split('\n');
  assert.match(argv, /^--out\nexperimental-prometheus-rw$/m);
  assert.match(argv, /^run\n(?:.*\n)*loadtest\/k6\/main\.ts\n$/);
  assert.doesNotMatch(argv + output, /token-of-search/);
  for (const line of ['SCENARIO=smoke', 'RATE=20', 'TOKEN=token-of-search']) {
    assert(given.includes(line), line);
  }
  for (const line of [
    ...['K6_NO_USAGE_REPORT=true', 'K6_WEB_DASHBOARD=true', 'K6_WEB_DASHBOARD_PORT=-1'],
    'K6_PROMETHEUS_RW_SERVER_URL=http://127.0.0.1:9090/api/v1/write',
    ...['K6_PROMETHEUS_RW_STALE_MARKERS=true', 'K6_PROMETHEUS_RW_TREND_STATS=med,p(90),p(99)'],
  ]) {
    assert(given.includes(line), line);
  }
  const names = Object.keys({ K6_VUS: '', ...MISLEADING });
  for (const name of names) assert(!given.some((line) => line.startsWith(`${name}=`)), name);
  assert(given.includes('K6_PROMETHEUS_RW_USERNAME=somebody'));
});

test('run: the calls that k6 told of are in the summary with their traces, and their file is gone', async () => {
  const told = [call('slow', 900), call('fast', 3)].map((line) => `echo '${line}' >> "$calls"`);
  const { code, output } = await run([...told, writeSummary(SUMMARY)].join('\n'));
  assert.equal(code, EXIT.passed, output);
  assert.match(output, /900 ms +smoke\/complete {2}make find ID=slow/);
  const [, json = ''] = /results: (\S+\.json)/.exec(output) ?? [];
  const { slowest } = JSON.parse(readFileSync(json, 'utf8')) as Summary;
  assert.deepEqual(
    slowest.map(({ id, trace }) => [id, trace]),
    [
      ['slow', 'make find ID=slow'],
      ['fast', 'make find ID=fast'],
    ],
  );
  assert(!existsSync(json.replace('.json', '.calls')));
});

test('run: the verdict of the summary wins over the exit code of k6, which knows no inconclusive run', async () => {
  const { code } = await run(
    `${writeSummary({ ...SUMMARY, verdict: 'inconclusive' })}\nexit ${EXIT.missed}`,
  );
  assert.equal(code, EXIT.inconclusive);
});

test('run: a test that the guard of the script aborts is refused', async () => {
  // k6 sums up what it has aborted.
  assert.equal((await run(`${writeSummary(SUMMARY)}\nexit 108`)).code, EXIT.refused);
});

// Each way in which k6 ends: with the exit code for a summary of a passed run, and the one without.
const ends: [how: string, withSummary: number, without: number, said?: RegExp][] = [
  ['exit 0', EXIT.passed, 69, /exit code 0, but wrote no summary/],
  ['exit 99', EXIT.passed, 69, /exit code 99, but wrote no summary/],
  ['exit 105', EXIT.inconclusive, EXIT.inconclusive, /ended with exit code 105/],
  ['exit 137', EXIT.inconclusive, EXIT.inconclusive, /ended with exit code 137/],
  ['kill -KILL $$', EXIT.inconclusive, EXIT.inconclusive, /ended by SIGKILL/],
  ['exit 108', EXIT.refused, EXIT.refused],
  ['exit 107', 69, 69, /failed with exit code 107/],
  ['exit 104', 69, 69, /failed with exit code 104/],
  ['exit 1', 69, 69, /failed with exit code 1\b/],
  // Not ours, although we exit with these ourselves.
  [`exit ${EXIT.badOptions}`, 69, 69, /failed with exit code 78/],
];

for (const [how, withSummary, without, said] of ends) {
  test(`run: k6 that ends by \`${how}\` gives ${withSummary} with a summary and ${without} without`, async () => {
    const first = await run(`${writeSummary(SUMMARY)}\n${how}`);
    assert.equal(first.code, withSummary, first.output);
    const second = await run(how);
    assert.equal(second.code, without, second.output);
    if (said) assert.match(second.output, said);
    if (said && withSummary !== EXIT.passed) assert.match(first.output, said);
  });
}

test('run: a summary that k6 could not write to its end is none', async () => {
  const { code, output } = await run('echo \'{"driver"\' > "$RESULT.json"; exit 0');
  assert.equal(code, 69, output);
});

test('run: a k6 that is not there is said, and is no crash', async () => {
  const { code, output } = await run('exit 0', { K6: join(folder, 'nothing') });
  assert.equal(code, 69);
  assert.match(output, /loadtest: k6 cannot be run: spawn .*ENOENT\n$/);
});

test('run: Ctrl-C reaches k6 once, whose summary is then inconclusive', async () => {
  writeFileSync(join(folder, 'summary'), JSON.stringify(SUMMARY));
  const script = [
    `trap 'cp ${folder}/summary "$RESULT.json"; echo INT >> ${folder}/signals' INT`,
    `echo ready > ${folder}/ready`,
    `until [ -f ${folder}/signals ]; do sleep 0.05; done`,
  ].join('\n');
  const child = spawn(process.execPath, ['loadtest/run.ts'], {
    cwd: ROOT,
    env: envOf(script),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const ended = Promise.all([text(child.stdout), once(child, 'exit')]);
  await eventually(() => existsSync(join(folder, 'ready')), { timeoutMs: 60_000 });
  child.kill('SIGINT');
  const [output, [code]] = await ended;
  assert.equal(code, EXIT.inconclusive, output);
  assert.equal(readFileSync(join(folder, 'signals'), 'utf8'), 'INT\n');
});

test('run: a k6 that does not end at the second signal is killed with all that it has started', async () => {
  const script = [
    'trap \'echo INT >> "$RESULT.signals"\' INT',
    `sleep 600 & echo $! > ${folder}/sleeper`,
    `echo $$ > ${folder}/stubborn`,
    'while true; do sleep 0.05; done',
  ].join('\n');
  const stdio: ['ignore', 'ignore', 'pipe'] = ['ignore', 'ignore', 'pipe'];
  const options = { cwd: ROOT, env: envOf(script), stdio };
  const child = spawn(process.execPath, ['loadtest/run.ts'], options);
  let told = '';
  child.stderr.on('data', (chunk) => {
    told += String(chunk);
  });
  const ended = once(child, 'exit');
  const limit = { timeoutMs: 60_000 };
  await eventually(() => existsSync(join(folder, 'stubborn')), limit);
  child.kill('SIGHUP');
  await eventually(() => told.includes('a second signal'), limit);
  child.kill('SIGHUP');
  assert.deepEqual(await ended, [128 + 1, null]);
  for (const name of ['stubborn', 'sleeper']) {
    const pid = Number(readFileSync(join(folder, name), 'utf8'));
    await eventually(() => !isRunning(pid), limit);
  }
});

test('runByK6: a container that does not end at the second signal is removed by its name', async () => {
  // It stands in for Docker Compose, whose container goes on when the command is killed.
  const log = join(folder, 'docker-log');
  const lines = ['#!/bin/bash', "trap '' INT", `echo "$@" >> ${log}`, '[ "$1" = rm ] || sleep 600'];
  writeFileSync(join(folder, 'docker'), lines.join('\n'), { mode: 0o755 });
  const env = { PATH: `${folder}:${process.env['PATH']}`, ENV_FILE: '/dev/null', RUN_DIR: folder };
  const early = new AbortController();
  const acts: LastAct[] = [];
  const ended = runByK6({
    program: undefined,
    env,
    stack: readSettings({ ...env, STACK: 'compose' }),
    files: resultFiles('smoke', join(folder, 'results')),
    remoteWriteUrl: undefined,
    traceOf: () => '',
    ending: { signal: early.signal, beforeExit: (act) => acts.push(act) },
  });
  await eventually(() => existsSync(log), { timeoutMs: 60_000 });
  early.abort();
  await Promise.all(acts.map((act) => act()));
  assert.deepEqual(await ended, { summary: undefined, exitCode: EXIT.inconclusive });
  const told = readFileSync(log, 'utf8');
  const [, name] = / run --rm -T --name (\S+) /.exec(told) ?? [];
  assert.match(told, new RegExp(`^rm --force ${name}$`, 'm'));
});

/** A process that has ended may have no parent yet that takes notice. */
function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

test('run: bad options end it before k6 is started', async () => {
  rmSync(join(folder, 'argv'), { force: true });
  const { code, output } = await run('exit 0', { SCENARIO: 'smoky' });
  assert.equal(code, EXIT.badOptions, output);
  assert(!existsSync(join(folder, 'argv')));
});
