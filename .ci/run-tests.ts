/** Runs checks and tests: `run-tests.ts check | rules | all | compose`. Its last line is `N passed, N failed`. */
import { spawnSync } from 'node:child_process';
import { globSync } from 'node:fs';
import { join } from 'node:path';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { findTool, ROOT } from '../observability/local/paths.ts';

export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
}

const PASSED: Counts = { passed: 1, failed: 0, skipped: 0 };
const FAILED: Counts = { passed: 0, failed: 1, skipped: 0 };

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Runs a program, which passes by exiting with 0; its output is shown when it fails. */
function step(name: string, program: string, args: readonly string[]): Counts {
  const startedMs = performance.now();
  const { status, stdout, stderr } = spawnSync(program, args, { cwd: ROOT, encoding: 'utf8' });
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  if (status === 0) {
    say(`✔ ${name} (${seconds} s)`);
    return PASSED;
  }
  say(`✖ ${name} (${seconds} s)\n${stdout ?? ''}${stderr ?? ''}`);
  return FAILED;
}

const bin = (name: string) => join(ROOT, 'node_modules/.bin', name);
const tool = (name: string) => findTool(name) ?? name;

function staticChecks(): Counts[] {
  return [
    step('format and lint', bin('biome'), ['check', '--error-on-warnings', '.']),
    step('types', bin('tsc'), ['--noEmit']),
    step('types of the console’s page', bin('tsc'), ['-p', 'observability/console/page']),
    step('generated files', process.execPath, ['observability/generate/main.ts', '--check']),
    step('sizes and imports', process.execPath, ['.ci/house.ts']),
  ];
}

/** Prometheus' own program lints and tests the committed rules, also its release 3 where there is one. */
function ruleChecks(): Counts[] {
  const rules = globSync('observability/prometheus/rules/*.yml', { cwd: ROOT });
  const tests = globSync('observability/prometheus/tests/*.test.yml', { cwd: ROOT });
  const lint = ['check', 'rules', '--lint=all', '--lint-fatal', ...rules];
  const programs = ['promtool', ...(findTool('promtool3') ? ['promtool3'] : [])];
  return [
    ...programs.flatMap((name) => [
      step(`${name} check rules`, tool(name), lint),
      step(`${name} test rules`, tool(name), ['test', 'rules', ...tests]),
    ]),
    step('mutants of the rules', process.execPath, [
      'observability/prometheus/check/mutation-main.ts',
    ]),
  ];
}

/** Prometheus' and Alertmanager's own programs check the committed configurations. */
function configurationChecks(): Counts[] {
  const config = 'observability/prometheus/prometheus.yml';
  const alerting = 'observability/alertmanager/alertmanager.yml';
  return [
    step('promtool check config', tool('promtool'), ['check', 'config', config]),
    step('amtool check-config', tool('amtool'), ['check-config', alerting]),
  ];
}

/**
 * The kinds of tests: `load` tests measure, so they run one after the other; `live` tests need the tools of
 * `make test`; `proof` tests need a Docker engine and all images.
 */
const KINDS = ['unit', 'load', 'live', 'proof'] as const;

/** Tests of other people's clients, which have a lock file of their own: `make test` installs them. */
function clientFiles(): string[] {
  return globSync('clients/*.test.ts', { cwd: ROOT }).map((file) => join(ROOT, file));
}

function testFiles(wanted: (typeof KINDS)[number]): string[] {
  const all = globSync('{app,deploy,examples,loadtest,observability,.ci}/**/*.test.ts', {
    cwd: ROOT,
  });
  const kindOf = (file: string) =>
    KINDS.find((kind) => file.endsWith(`.${kind}.test.ts`)) ?? 'unit';
  return all.filter((file) => kindOf(file) === wanted).map((file) => join(ROOT, file));
}

/** Runs each file in a process by Node’s test runner: one at a time if `alone`, else on all cores but one. */
export async function nodeTests(files: readonly string[], alone = false): Promise<Counts> {
  let counts: Counts = FAILED;
  const stream = run({ files: [...files], concurrency: !alone });
  // A summary arrives for each file and, last and without a file, one for all files.
  stream.on('test:summary', ({ file, success, counts: { tests, passed, skipped, todo } }) => {
    if (file !== undefined) return;
    const failed = tests - passed - skipped - todo;
    // A hook of a suite can fail although no test did.
    counts = { passed, failed: success ? failed : Math.max(1, failed), skipped };
  });
  for await (const text of stream.compose(spec)) process.stdout.write(text);
  return counts;
}

async function check(): Promise<Counts[]> {
  return [...staticChecks(), await nodeTests(testFiles('unit'))];
}

const COMMANDS: Readonly<Record<string, () => Promise<Counts[]>>> = {
  check,
  rules: async () => ruleChecks(),
  all: async () => [
    ...(await check()),
    step('types of the clients', bin('tsc'), ['--noEmit', '-p', 'clients']),
    await nodeTests(clientFiles()),
    await nodeTests(testFiles('load'), true),
    ...configurationChecks(),
    ...ruleChecks(),
    await nodeTests(testFiles('live')),
  ],
  compose: async () => [await nodeTests(testFiles('proof'))],
};

async function main(command: string): Promise<void> {
  const results = await (COMMANDS[command] ?? check)();
  const sum = (key: keyof Counts) => results.reduce((total, counts) => total + counts[key], 0);
  const skipped = sum('skipped') > 0 ? `, ${sum('skipped')} skipped` : '';
  process.exitCode = sum('failed') === 0 ? 0 : 1;
  say(`\n${sum('passed')} passed, ${sum('failed')} failed${skipped}`);
}

if (import.meta.main) await main(process.argv[2] ?? 'check');
