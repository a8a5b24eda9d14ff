/** The command as it is typed: two scenarios gate this project, and its exit codes are earned. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, describe, test } from 'node:test';
import { eventually } from '../../app/testing/poll.ts';
import { Scrape } from '../../app/testing/samples.ts';
import { ROOT } from '../../observability/local/paths.ts';
import { type Ended, execute } from '../../observability/local/testing-stack.ts';
import { slo } from '../../observability/slo.ts';
import { type DrivenService, startDrivenService } from '../lib/driven-service.ts';
import { EXIT } from '../scenarios/run-verdict.ts';
import type { Summary } from '../scenarios/summary.ts';

const PROGRAM = ['loadtest/run.ts', 'node'];

/** How often a run is made again that says nothing, because something else took the CPU from its driver. */
const TRIES = 3;

/** Keeps the only thread of a process busy for four fifths of the time. */
const BUSY = `setInterval(() => { const end = performance.now() + 80; while (performance.now() < end); }, 100).unref()`;

describe('scenarios', { concurrency: false }, () => {
  let subject: DrivenService;
  let folder: string;
  before(async () => {
    subject = await startDrivenService();
    folder = await mkdtemp(join(tmpdir(), 'observatory-load-'));
  });
  after(async () => {
    await subject.stop();
    await rm(folder, { recursive: true });
  });

  const envFor = (options: NodeJS.ProcessEnv) => ({
    PATH: process.env['PATH'],
    ENV_FILE: '/dev/null',
    RUN_DIR: folder,
    STACK: 'processes',
    TARGET: subject.service.url,
    SIMULATOR: subject.simulator,
    RESULTS_DIR: join(folder, 'results'),
    ...options,
  });

  async function run(options: NodeJS.ProcessEnv): Promise<Ended> {
    const ended = await execute(process.execPath, PROGRAM, envFor(options));
    subject.service.lines.length = 0;
    return ended;
  }

  async function conclusive(options: NodeJS.ProcessEnv): Promise<Ended> {
    for (let tries = 1; ; tries++) {
      const ended = await run(options);
      if (ended.code !== EXIT.inconclusive || tries === TRIES) return ended;
    }
  }

  function lastSummary(): Summary {
    const files = readdirSync(join(folder, 'results')).filter((file) => file.endsWith('.json'));
    const last = files.toSorted().at(-1) ?? assert.fail('no results');
    return JSON.parse(readFileSync(join(folder, 'results', last), 'utf8'));
  }

  async function setFaults(faults: readonly object[]): Promise<void> {
    const url = `${subject.simulator}/__sim/faults`;
    const response = await fetch(url, { method: 'PUT', body: JSON.stringify(faults) });
    assert.equal(response.status, 200);
  }

  test('smoke: the service meets both targets under a light load', async () => {
    const { code, output } = await conclusive({ SCENARIO: 'smoke', DURATION: '10s' });
    assert.equal(code, EXIT.passed, output);
    assert.equal(lastSummary().verdict, 'passed');
  });

  test('mixed: everything that callers do holds at once', async () => {
    const { code, output } = await conclusive({
      SCENARIO: 'mixed',
      RATE: '25',
      DURATION: '20s',
    });
    assert.equal(code, EXIT.passed, output);
  });

  test('control run: with half of the streams broken the exit is 99, and the threshold on success is named', async () => {
    await setFaults([{ kind: 'stream_error', probability: 0.5 }]);
    const { code, output } = await conclusive({ SCENARIO: 'smoke', DURATION: '10s' });
    await setFaults([]);
    assert.equal(code, EXIT.missed, output);
    const missed = lastSummary().thresholds.filter(({ ok }) => ok === false);
    const metrics = missed.map(({ metric }) => metric);
    assert(metrics.includes('claude_call_success{call_type:streaming}'), metrics.join());
    assert(!metrics.includes('claude_call_success{call_type:complete}'), metrics.join());
  });

  test('control run: with answers that come too late the exit is 99, and the threshold on latency is named', async () => {
    await setFaults([{ kind: 'slow', delayMs: 700, probability: 0.1, path: '/v1/messages' }]);
    const { code, output } = await conclusive({ SCENARIO: 'smoke', DURATION: '5s' });
    await setFaults([]);
    assert.equal(code, EXIT.missed, output);
    const missed = lastSummary().thresholds.filter(({ ok }) => ok === false);
    assert(missed.length > 0);
    for (const { metric } of missed) assert.match(metric, /^claude_call_duration_ms/);
  });

  test('a driver that is short of CPU makes the run inconclusive, although the service is fast', async () => {
    const NODE_OPTIONS = `--import data:text/javascript,${encodeURIComponent(BUSY)}`;
    const before = await metrics();
    const { code, output } = await run({ SCENARIO: 'smoke', DURATION: '5s', NODE_OPTIONS });
    assert.equal(code, EXIT.inconclusive, output);
    assert.match(output, /because: smoke: calls began up to \d+ ms late/);
    assert.match(output, /because: the driver's timers fired \d+ ms late/);
    assert.match(output, /verdict: INCONCLUSIVE/);
    assert(await withinSince(before, 0.9), 'the service itself was slow');
  });

  test('Ctrl-C sums up what there was, takes the faults back, and is inconclusive', async () => {
    const child = spawn(process.execPath, PROGRAM, {
      cwd: ROOT,
      env: envFor({ SCENARIO: 'chaos', DURATION: '18s' }),
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const ended = Promise.all([text(child.stdout), once(child, 'exit')]);
    await eventually(async () => (await faults()).length > 0, { timeoutMs: 120_000 });
    child.kill('SIGINT');
    const [output, [code]] = await ended;
    assert.equal(code, EXIT.inconclusive, output);
    assert.match(output, /because: the run was ended early, after \d+ s/);
    assert.deepEqual(await faults(), []);
    assert((lastSummary().phases[0]?.calls ?? 0) > 0);
  });

  test('bad options end the run before it begins, and each is named', async () => {
    const { code, output } = await run({ SCENARIO: 'smoky', RATE: '0', DURATION: 'long' });
    assert.equal(code, EXIT.badOptions, output);
    assert.match(output, /^bad option: SCENARIO: .*\nbad option: RATE: .*\nbad option: DURATION: /);
  });

  const faults = async () =>
    (await (await fetch(`${subject.simulator}/__sim/faults`)).json()) as readonly object[];

  const metrics = async () => new Scrape(await (await fetch(subject.service.metricsUrl)).text());

  /** Whether at least that share of the service's calls since then were within the limit. */
  async function withinSince(before: Scrape, share: number): Promise<boolean> {
    const now = await metrics();
    const limit = String(slo.profiles.documented.objectives.latency.limitMs / 1000);
    const since = (name: string, labels = {}) => now.sum(name, labels) - before.sum(name, labels);
    const within = since('claude_api_request_duration_seconds_bucket', { le: limit });
    return within >= share * since('claude_api_request_duration_seconds_count');
  }
});
