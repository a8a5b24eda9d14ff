/** A run says which figures it lacks, and fails for those that it was asked for and could have taken. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { hasFailed, missingFigures } from './missing.ts';
import type { Pairs } from './pairs/pairs.ts';
import { BEHAVIOURS, resultOf } from './testing-result.ts';

const { litellm: _, ...sound } = BEHAVIOURS;
const good = { ...resultOf(sound), notMeasured: [] };
const pairs = good.pairs as Pairs;

test('missing figures: a run without any has not failed', () => {
  assert.deepEqual(missingFigures(good), []);
  assert.equal(hasFailed(good), false);
});

test('missing figures: each series with an error is named, and the run has failed', () => {
  const run = { ...resultOf(BEHAVIOURS), notMeasured: [] };
  assert(missingFigures(run).includes('round 2, litellm, c128: 7 × status'));
  assert(hasFailed(run));
});

test('missing figures: a pair with an error is named, and the run has failed', () => {
  const broken = resultOf({ ...sound, metrics: { ...sound.metrics, invalid: '1 × timeout' } });
  const run = { ...broken, visits: [], notMeasured: [] };
  assert(missingFigures(run).includes('round 1, metrics and off: 1 × timeout'));
  assert(hasFailed(run));
});

test('missing figures: streams that did not come to their end are counted', () => {
  const [first] = good.visits.filter(({ subject }) => subject === 'off');
  assert(first?.streams['held 500']);
  const streams = { 'held 500': { ...first.streams['held 500'], broken: 3 } };
  const run = { ...good, visits: [{ ...first, streams }] };
  assert.deepEqual(missingFigures(run), ['round 1, off, held 500: 3 broken']);
  assert(hasFailed(run));
});

test('missing figures: a subject that did not start fails the run, one that could not be fetched does not', () => {
  const lacking = { ...good, notMeasured: [{ name: 'Bifrost', reason: 'it cannot be fetched' }] };
  assert.deepEqual(missingFigures(lacking), ['Bifrost: it cannot be fetched']);
  assert.equal(hasFailed(lacking), false);
  assert(hasFailed({ ...good, notMeasured: [{ name: 'sdk', reason: 'sdk ended' }] }));
});

test('missing figures: a pair that did not start is named, and the run has failed', () => {
  const failed = [{ pair: ['logs', 'metrics'] as const, reason: 'logs ended' }];
  const run = { ...good, pairs: { ...pairs, failed } };
  assert.deepEqual(missingFigures(run), ['logs and metrics: logs ended']);
  assert(hasFailed(run));
});
