/** Billed and counted dollars, side by side and as gauges. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { Scrape } from '../../app/testing/samples.ts';
import type { BilledLine } from './cost-report.ts';
import { GAUGES, gaugesText } from './gauges.ts';
import { reconcile } from './reconcile.ts';

const line = (model: string | undefined, listDollars: number, costType = 'tokens'): BilledLine => ({
  model,
  costType,
  listDollars,
  chargedDollars: listDollars / 2,
});
const COUNTED = new Map([
  ['claude-opus-5-5', 99],
  ['claude-haiku-5-5', 0],
  ['other', 1],
]);

test('reconcile: tokens and searches are compared by the service’s models, a dated ID under its name', () => {
  const found = reconcile(
    [
      line('claude-opus-5-5', 60),
      line('claude-opus-5-5-20260901', 30),
      line('claude-opus-5-5', 5, 'web_search'),
      line('claude-of-tomorrow', 4),
      line(undefined, 1),
    ],
    COUNTED,
  );
  assert.deepEqual(found.models.get('claude-opus-5-5'), { list: 95, charged: 47.5, counted: 99 });
  assert.deepEqual(found.models.get('other'), { list: 4, charged: 2, counted: 1 });
  assert.deepEqual(found.models.get('none'), { list: 1, charged: 0.5, counted: 0 });
  assert.equal(found.ratio, 1);
});

test('reconcile: what the service does not count is kept apart, whatever the API calls it', () => {
  const billed = [
    line('m', 7, 'code_execution'),
    line('m', 2, 'invented'),
    line('m', 3, '__proto__'),
  ];
  const { uncounted, models, ratio } = reconcile(billed, COUNTED);
  assert.deepEqual(Object.fromEntries(uncounted), {
    code_execution: 7,
    session_usage: 0,
    other: 5,
  });
  assert.equal(models.get('other')?.list, 0);
  assert.equal(ratio, undefined);
});

test('reconcile: a bill of nothing, or of less than nothing, has no ratio', () => {
  assert.equal(reconcile([], COUNTED).ratio, undefined);
  assert.equal(reconcile([line('m', -5)], COUNTED).ratio, undefined);
});

const WINDOW = { startMs: 1_000_000, endMs: 5_000_000 };

test('bill gauges: they are read as they were found, and failures are counted by reason', () => {
  const found = reconcile([line('claude-opus-5-5', 100)], COUNTED);
  const failures = new Map([['denied', 3]] as const);
  const text = gaugesText({ last: { atMs: 6_000_000, window: WINDOW, found }, failures });
  const scraped = new Scrape(text);
  const opus = { model: 'claude-opus-5-5' };
  assert.equal(scraped.sum('claude_bill_list_dollars', opus), 100);
  assert.equal(scraped.sum('claude_bill_charged_dollars', opus), 50);
  assert.equal(scraped.sum('claude_bill_counted_dollars', opus), 99);
  assert.equal(scraped.sum('claude_bill_counted_ratio'), 1);
  assert.equal(scraped.sum('claude_bill_window_end_timestamp_seconds'), 5_000);
  assert.equal(scraped.sum('claude_bill_last_success_timestamp_seconds'), 6_000);
  assert.equal(scraped.sum('claude_bill_read_failures_total', { reason: 'denied' }), 3);
});

test('bill gauges: before the first good read there is nothing to mistake for a bill', () => {
  const scraped = new Scrape(gaugesText({ last: undefined, failures: new Map() }));
  assert.deepEqual(
    [...new Set(scraped.samples.map(({ name }) => name))],
    ['claude_bill_read_failures_total'],
  );
});

test('bill gauges: docs/cost.md lists each of them', () => {
  const page = readFileSync(new URL('../../docs/cost.md', import.meta.url), 'utf8');
  for (const name of Object.keys(GAUGES)) assert(page.includes(`| \`${name}\``), name);
});
