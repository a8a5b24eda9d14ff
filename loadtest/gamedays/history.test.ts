/** The past that is laid in: counters that rose as fast as they do now, gauges as they are, text that promtool takes. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { findTool } from '../../observability/local/paths.ts';
import { layIn, openMetrics } from './history.ts';
import type { Series } from './prometheus-api.ts';

const counter: Series = {
  metric: { __name__: 'calls_total', job: 'j', path: 'a "b"\\\n' },
  values: [
    [1_000, '100'],
    [1_004, '180'],
  ],
};
const gauge: Series = { metric: { __name__: 'up', job: 'j' }, values: [[1_004, '1']] };
const past = { series: [counter, gauge], fromS: 900, untilS: 912 };

test('openMetrics: a counter begins at 0 and rises by what it rises now; a gauge is what it is', () => {
  assert.deepEqual([...openMetrics(past)].join('').split('\n'), [
    'calls_total{job="j",path="a \\"b\\"\\\\\\n"} 0 900',
    'calls_total{job="j",path="a \\"b\\"\\\\\\n"} 80 904',
    'calls_total{job="j",path="a \\"b\\"\\\\\\n"} 160 908',
    'up{job="j"} 1 900',
    'up{job="j"} 1 904',
    'up{job="j"} 1 908',
    '# EOF',
    '',
  ]);
});

test('openMetrics: a counter that began again within its samples does not fall', () => {
  const restarted = {
    ...counter,
    values: [
      [1_000, '500'],
      [1_004, '3'],
    ] as const,
  };
  assert.match([...openMetrics({ ...past, series: [restarted] })].join(''), / 0 908$/m);
});

const promtool = findTool('promtool');
test('layIn: promtool makes blocks of it', { skip: !promtool && 'no promtool here' }, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'history-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const nowS = Math.floor(Date.now() / 1_000);
  await layIn({ ...past, fromS: nowS - 600, untilS: nowS }, folder, join(folder, 'data'));
  assert(readdirSync(join(folder, 'data')).length > 0);
});
