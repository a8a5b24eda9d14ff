/** The page says what a result says, and nothing that it does not. */
import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ROOT } from '../../observability/local/paths.ts';
import { chart } from './chart.ts';
import { page } from './page.ts';
import type { Pairs, PairVisit } from './pairs/pairs.ts';
import { reachOf, verdictOf } from './reach.ts';
import { overheadLines, withOverhead } from './readme.ts';
import { REASONS } from './reasons.ts';
import { PAGE_RESULT, readResult } from './result.ts';
import { signalCosts } from './tables.ts';
import { BEHAVIOURS, resultOf } from './testing-result.ts';
import { pageFiles } from './write-page.ts';

const result = resultOf(BEHAVIOURS);
const text = page(result);
const cellsOf = (label: string, source = text) =>
  source
    .split('\n')
    .find((line) => line.startsWith(`| ${label} |`))
    ?.split('|')
    .map((cell) => cell.trim())
    .slice(1, -1);

const verdicts = (behaviours = BEHAVIOURS) =>
  new Map(reachOf(resultOf(behaviours)).map((reach) => [reach.figure, verdictOf(reach)]));

test('page: a figure of a round with errors is shown as none, however fast it was', () => {
  const [, perSecond, ratio] = cellsOf('LiteLLM proxy, no telemetry') ?? [];
  assert.deepEqual([perSecond, ratio], ['–', '–']);
  assert.equal(verdicts().get('throughput, traces 10 %, against LiteLLM'), 'not measured');
});

test('page: a subject that was not measured is named with its reason', () => {
  assert(text.includes('- Bifrost: it cannot be fetched.'));
});

test('page: each figure of a subject is the median, with the least and the most', () => {
  const [, perSecond, ratio, , cpu, added, memory] =
    cellsOf('ours, + traces 10 % (everything on)') ?? [];
  assert.equal(perSecond, '6,205 (5,909–6,500)');
  // Both are slower in the second round, so that the ratio is the same in each.
  assert.equal(ratio, '0.65');
  assert.deepEqual([cpu, added, memory], ['125', '1 / 2', '100 / 200 / 150']);
});

test('reach: the aim, the least, neither, and nothing to judge', () => {
  const found = verdicts();
  assert.equal(found.get('throughput, traces 10 %, of the limit'), 'aim reached');
  assert.equal(found.get('throughput, traces 100 %, of the limit'), 'least reached');
  assert.equal(found.get('added P99 at one connection'), 'not reached');
  assert.equal(found.get('500 streams at once: gap P99, against the limit'), 'not reached');
  assert.equal(found.get('500 streams at once: frames lost'), 'aim reached');
  assert.equal(found.get("telemetry's share of the CPU time of a call"), 'aim reached');
  assert.equal(found.get('throughput, traces 10 %, against Portkey'), 'not measured');
});

test('reach: a figure that misses by a hair is not reached, whatever it is rounded to', () => {
  const slow = { ...BEHAVIOURS, 'traces-10': { ...BEHAVIOURS['traces-10'], perSecond: 4_199.9 } };
  assert.equal(
    verdicts(slow as unknown as typeof BEHAVIOURS).get('throughput, traces 10 %, of the limit'),
    'not reached',
  );
});

test('reach: the page marks what was not reached', () => {
  assert.equal(cellsOf('added P99 at one connection')?.at(-1), '**not reached**');
});

test('reasons: each is of a figure that there is', () => {
  const figures = reachOf(result).map(({ figure }) => figure);
  for (const name of Object.keys(REASONS)) assert(figures.includes(name), name);
});

test('signalCosts: the difference of one signal, and its part of the call that has it', () => {
  const [metrics, logs, some, all] = signalCosts(result);
  // The second round is slower by half: the medians are those of both.
  const medians = [metrics, logs, some, all].map((cost) => cost?.cpuUs.median);
  assert.deepEqual(medians, [12.5, 6.25, 12.5, 106.25]);
  assert.deepEqual([metrics?.cpuUs.least, metrics?.cpuUs.most], [10, 15]);
  assert.equal(metrics?.share.toFixed(2), (100 * (10 / 110)).toFixed(2));
  assert.equal(all?.share.toFixed(2), '42.50');
});

test('signalCosts: a pair with an error in one round has no figure', () => {
  const pairs = result.pairs as Pairs;
  const visits = pairs.visits.map((visit): PairVisit => {
    const isBroken = visit.pair[0] === 'metrics' && visit.round === 1;
    const [metrics, off] = visit.figures;
    return isBroken ? { ...visit, figures: [metrics, { ...off, invalid: '1 × timeout' }] } : visit;
  });
  const costs = signalCosts({ pairs: { ...pairs, visits } }).map(({ signal }) => signal);
  assert.deepEqual(
    costs,
    signalCosts(result)
      .map(({ signal }) => signal)
      .slice(1),
  );
});

test('page: when, and how often, two were compared side by side', () => {
  assert(
    text.includes(
      '- compared side by side: 2026-11-26 08:40 UTC, 10 minutes: 2 rounds, in each 20 turns of a second for each of two\n',
    ),
  );
  const elsewhere = { ...result, pairs: { ...(result.pairs as Pairs), cpu: 'another CPU' } };
  assert(page(elsewhere).includes('for each of two, another CPU\n'));
});

test('page: several processes, and what a rate takes', () => {
  assert.deepEqual(cellsOf('2')?.slice(4), ['3,200 + 3,300', '6,500']);
  // 6,205 a second of one process, three fifths busy.
  assert.deepEqual(cellsOf('10,000')?.slice(1, 3), ['3', '900']);
});

test('README lines: five, with the cost of each signal and stage', () => {
  const lines = overheadLines(result);
  assert.equal(lines.length, 5);
  const all = lines.join('\n');
  for (const part of ['metrics 12.5 µs', 'log lines (standard output) 6.25 µs', '`retry` 0.50']) {
    assert(all.includes(part), `${part} in ${all}`);
  }
});

test('README lines: they take the place of the lines before, and of nothing else', () => {
  const marked =
    'before\n<!-- make bench writes what follows -->\nold\n<!-- up to here -->\nafter\n';
  const once = withOverhead(marked, result);
  assert.equal(withOverhead(once, result), once);
  assert(!once.includes('old'));
  assert(once.startsWith('before\n') && once.endsWith('\nafter\n'));
  assert.throws(() => withOverhead('no place', result), /README/);
});

test('chart: a bar for each subject with a figure, text escaped, colours for dark backgrounds', () => {
  const svg = chart(result);
  assert.equal(svg.match(/<rect/g)?.length, Object.keys(BEHAVIOURS).length - 1);
  assert(svg.includes('A &lt;fast&gt; CPU'));
  assert(svg.includes('prefers-color-scheme: dark'));
  assert(!svg.includes('NaN') && !svg.includes('undefined'));
});

const skip = existsSync(PAGE_RESULT) ? false : 'no run has been committed';

test('docs/performance.md, its chart and the README are those of the committed result', {
  skip,
}, () => {
  for (const [path, expected] of Object.entries(pageFiles(readResult()))) {
    const message = `${path} differs: node loadtest/bench/write-page.ts`;
    assert.equal(readFileSync(join(ROOT, path), 'utf8'), expected, message);
  }
});
