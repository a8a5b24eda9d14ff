/** Slices become a series by hand-made figures, and one slice is of real load on a real process. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { findTool } from '../../observability/local/paths.ts';
import { askOf } from './answers.ts';
import { startUpstream } from './helpers.ts';
import { measureSlice, type Slice, seriesOf } from './slices.ts';

const slice = (requests: number, seconds: number, p99Ms: number, rest: Partial<Slice> = {}) =>
  ({
    requests,
    perSecond: requests / seconds,
    p50Ms: p99Ms / 10,
    p99Ms,
    invalid: '',
    ...rest,
  }) satisfies Slice;

const used = (cpuMs: number, peakBytes: number, endBytes: number) => ({
  used: { cpuMs, peakBytes, endBytes },
});

test('seriesOf: calls, time and CPU time are summed, latencies are the median of the slices', () => {
  const figures = seriesOf([
    slice(100, 1, 10, used(900, 50, 40)),
    slice(300, 2, 90, used(1_100, 70, 60)),
    slice(100, 1, 20, used(1_000, 66, 66)),
  ]);
  assert.deepEqual(figures, {
    requests: 500,
    perSecond: 125,
    p50Ms: 2,
    p99Ms: 20,
    invalid: '',
    cpuUs: 6_000,
    busy: 0.75,
    peakBytes: 70,
    endToMiddle: 1.1,
  });
});

test('seriesOf: what went wrong in any slice is told once', () => {
  const wrong = { invalid: '2 × status' };
  const figures = seriesOf([slice(1, 1, 1), slice(1, 1, 1, wrong), slice(1, 1, 1, wrong)]);
  assert.equal(figures.invalid, '2 × status');
});

test('seriesOf: without processes that count there is neither CPU time nor memory', () => {
  const { cpuUs, busy, peakBytes, endToMiddle } = seriesOf([slice(1, 1, 1)]);
  assert.deepEqual([cpuUs, busy, peakBytes, endToMiddle], Array(4).fill(undefined));
});

test('measureSlice: CPU time and memory are those of the processes that are named', {
  skip: findTool('wrk') === undefined && 'there is no wrk',
}, async (t) => {
  const upstream = await startUpstream();
  const folder = mkdtempSync(join(tmpdir(), 'slices-'));
  t.after(() => {
    upstream.stop();
    rmSync(folder, { recursive: true });
  });
  const bodyFile = join(folder, 'body.json');
  writeFileSync(bodyFile, askOf(1_000, false));
  const load = { url: upstream.url, connections: 2, seconds: 1, bodyFile, headers: {} };
  const of = await measureSlice([process.pid], load);
  assert.equal(of.invalid, '');
  assert(of.requests > 0);
  assert(of.used);
  assert(of.used.peakBytes >= of.used.endBytes && of.used.endBytes > 1e6);
});
