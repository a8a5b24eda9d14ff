/** The colours of limits, and the links of values. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stat } from './measured-panels.ts';
import { above, below, type Limit } from './panel-spec.ts';

function stepsOf(limit: Limit) {
  const panel = stat({
    kind: 'stat',
    title: 'A number',
    description: 'Some.',
    unit: 'short',
    queries: [{ expr: 'up', legend: '' }],
    limit,
  }).build();
  return panel.fieldConfig?.defaults.thresholds?.steps.map(({ value, color }) => [value, color]);
}

test('stat: it asks for the value of now, as the last value of a range outlives a dead service', () => {
  const { targets } = stat({
    kind: 'stat',
    title: 'A number',
    description: 'Some.',
    unit: 'short',
    queries: [
      { expr: 'up', legend: '' },
      { expr: 'down', legend: '' },
    ],
  }).build();
  assert.deepEqual(
    targets?.map((each) => ({ instant: true, range: false, ...each })),
    targets,
  );
  assert.equal(targets?.length, 2);
});

test('above: a value is red from its limit on, and orange from the warning on', () => {
  assert.deepEqual(stepsOf(above(5)), [
    [null, 'green'],
    [5, 'red'],
  ]);
  assert.deepEqual(stepsOf(above(5, 3)), [
    [null, 'green'],
    [3, 'orange'],
    [5, 'red'],
  ]);
});

test('below: a value is red under its limit, and orange up to the warning', () => {
  assert.deepEqual(stepsOf(below(0.995)), [
    [null, 'red'],
    [0.995, 'green'],
  ]);
  assert.deepEqual(stepsOf(below(0, 0.25)), [
    [null, 'red'],
    [0, 'orange'],
    [0.25, 'green'],
  ]);
});
