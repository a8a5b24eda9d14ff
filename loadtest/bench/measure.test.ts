/** Targets take turns, are frozen while it is not theirs, and one that ends is left out. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { eventually } from '../../app/testing/poll.ts';
import { findTool } from '../../observability/local/paths.ts';
import { endWithUs } from '../lib/children.ts';
import { askOf } from './answers.ts';
import { startUpstream } from './helpers.ts';
import {
  freeze,
  measureSeries,
  measureStreams,
  type Plan,
  recoveredBytes,
  type Target,
  thaw,
  warmUp,
} from './measure.ts';

const skip = findTool('wrk') === undefined && 'there is no wrk';

/** A process that does nothing, and stands for a subject: what answers is the upstream. */
function anIdleProcess(t: TestContext): ChildProcess & { readonly pid: number } {
  const child = spawn('sleep', ['600'], { stdio: 'ignore' });
  endWithUs(child);
  t.after(() => child.kill('SIGKILL'));
  return child as ChildProcess & { readonly pid: number };
}

/** As the kernel writes it: T is stopped, S sleeps. */
const stateOf = (pid: number) =>
  /^State:\s+(\S)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];

async function aPlan(t: TestContext, seconds: number): Promise<Plan & { readonly url: string }> {
  const upstream = await startUpstream();
  const folder = mkdtempSync(join(tmpdir(), 'measure-'));
  t.after(() => {
    upstream.stop();
    rmSync(folder, { recursive: true });
  });
  const small = join(folder, 'small.json');
  writeFileSync(small, askOf(1_000, false));
  return {
    seconds,
    quick: false,
    warmUp: { calls: 1, seconds: 1 },
    upstream,
    url: upstream.url,
    headers: {},
    bodyFiles: { small, large: small },
  };
}

const unexpected = ({ name }: Target, error: Error) => assert.fail(`${name}: ${error.message}`);

test('freeze and thaw: a frozen process runs no code until it is thawed', async (t) => {
  const { pid } = anIdleProcess(t);
  const target = { name: 'one', url: '', pids: [pid], extras: [] };
  await freeze(target);
  await eventually(() => stateOf(pid) === 'T');
  thaw(target);
  await eventually(() => stateOf(pid) === 'S');
});

test('measureSeries: every target has its turns and is frozen after them', { skip }, async (t) => {
  const plan = await aPlan(t, 2);
  const targets = ['one', 'two'].map((name) => {
    const { pid } = anIdleProcess(t);
    return { name, url: plan.url, pids: [pid], extras: [] };
  });
  await warmUp(targets[0] as Target, plan);
  const measured = await measureSeries(targets, plan, { name: 'c1', fail: unexpected });
  assert.deepEqual(
    [...measured.keys()].map(({ name }) => name),
    ['one', 'two'],
  );
  for (const [{ pids }, figures] of measured) {
    assert.equal(figures.invalid, '');
    assert(figures.requests > 0);
    // They are of the processes that are named, which do nothing, and not of the upstream.
    assert.equal(figures.cpuUs, 0);
    assert.equal(stateOf(pids[0] as number), 'T');
  }
  const rested = await recoveredBytes(targets);
  assert([...rested.values()].every((bytes) => bytes > 0));
});

test('measureSeries: a series of an extra is of those that have it', { skip }, async (t) => {
  const plan = await aPlan(t, 1);
  const without: Target = { name: 'without', url: plan.url, pids: [], extras: [] };
  const having: Target = { ...without, name: 'with', extras: ['delay'] };
  const options = { name: 'c32, 20 ms', fail: unexpected } as const;
  const measured = await measureSeries([without, having], plan, options);
  assert.deepEqual([...measured.keys()], [having]);
  const [figures] = measured.values();
  assert(figures && figures.p50Ms >= 19, `${figures?.p50Ms} ms`);
  assert.equal((await measureSeries([having], { ...plan, quick: true }, options)).size, 0);
});

test('measureSeries and measureStreams: a target that has ended fails, and the others are measured', {
  skip,
}, async (t) => {
  const plan = await aPlan(t, 1);
  const gone = anIdleProcess(t);
  gone.kill('SIGKILL');
  await once(gone, 'exit');
  const ended: Target = { name: 'ended', url: plan.url, pids: [gone.pid], extras: ['streams'] };
  const left: Target = { ...ended, name: 'left', pids: [] };
  const failed: string[] = [];
  const fail = ({ name }: Target) => failed.push(name);
  const measured = await measureSeries([ended, left], plan, { name: 'c1', fail });
  assert.deepEqual([...measured.keys()], [left]);
  const streams = await measureStreams([ended, left], plan, { held: 1, each: 1, fail });
  assert.deepEqual([...streams.keys()], [left]);
  assert.deepEqual(failed, ['ended', 'ended']);
});
