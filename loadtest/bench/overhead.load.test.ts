/**
 * Proves that a call with everything on costs no more than a few calls through Express and undici alone. CPU time is
 * compared and not throughput, because other work on the machine takes time from both but adds none to either.
 */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { Agent } from 'undici';
import { callOnce } from '../lib/call-once.ts';
import { closedLoop } from '../lib/load.ts';
import { startSink, startUpstream } from './helpers.ts';
import { choosePinning } from './pinning.ts';
import { processFigures } from './process-figures.ts';
import { median } from './statistics.ts';
import { startSubject } from './subject-process.ts';
import { EVERYTHING, LIMIT, SUBJECTS } from './subjects.ts';

const ROUNDS = 3;
const WARM_UP = 3_000;
const CALLS = 6_000;
const CONCURRENCY = 32;

/** Less than half of what docs/performance.md has, so that no noise fails it, and a second path through the SDK does. */
const LEAST_SHARE = 0.15;

test('overhead: everything on, a call costs less than seven times the CPU time of bare Express and undici', async (t) => {
  const upstream = await startUpstream();
  const sink = await startSink();
  const folder = mkdtempSync(join(tmpdir(), 'overhead-'));
  t.after(() => {
    upstream.stop();
    sink.server.close();
    sink.server.closeAllConnections();
    rmSync(folder, { recursive: true });
  });
  const world = {
    upstream: upstream.url,
    otlp: sink.url,
    folder,
    headers: {},
    pinning: choosePinning([], undefined),
  };

  /** @returns microseconds of CPU time a call */
  async function costOf(name: string): Promise<number> {
    const subject = SUBJECTS.find((one) => one.name === name);
    assert(subject);
    const running = await startSubject(subject, world);
    const agent = new Agent({ connections: CONCURRENCY });
    const load = async (calls: number) => {
      const ends = await closedLoop({ calls, concurrency: CONCURRENCY }, () =>
        callOnce(running.url, false, agent),
      );
      assert(ends.every(({ ok }) => ok));
    };
    try {
      await load(WARM_UP);
      const before = processFigures(running.pids);
      await load(CALLS);
      return ((processFigures(running.pids).cpuMs - before.cpuMs) * 1_000) / CALLS;
    } finally {
      await agent.destroy();
      await running.stop();
    }
  }

  const shares: number[] = [];
  for (let round = 0; round < ROUNDS; round += 1) {
    const [limit, ours] = [await costOf(LIMIT), await costOf(EVERYTHING)];
    t.diagnostic(`${limit.toFixed(0)} µs a call without anything, ${ours.toFixed(0)} µs with all`);
    shares.push(limit / ours);
  }
  assert(median(shares) >= LEAST_SHARE, `shares ${shares.map((share) => share.toFixed(2))}`);
});
