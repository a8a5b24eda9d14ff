/** Every part of a rule that can be wrong becomes a mutant, and nothing else does. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mutantsOf } from './mutants.ts';

const exprs = (expr: string) => mutantsOf({ alert: 'A', expr }).map(({ rule }) => rule.expr);

const CASES: readonly [title: string, expr: string, mutants: string[]][] = [
  ['a threshold is doubled, its comparison turned round', 'a > 5', ['a < 5', 'a > 10']],
  [
    'every comparison is turned round',
    'a >= b <= c == d != e < f',
    [
      'a <= b <= c == d != e < f',
      'a >= b >= c == d != e < f',
      'a >= b <= c != d != e < f',
      'a >= b <= c == d == e < f',
      'a >= b <= c == d != e > f',
    ],
  ],
  ['a threshold of 0 becomes 1', 'a == 0', ['a != 0', 'a == 1']],
  [
    'each factor of a threshold is doubled, without the dust of floating point',
    'a > 14.4 * 0.3',
    ['a < 14.4 * 0.3', 'a > 28.8 * 0.3', 'a > 14.4 * 0.6'],
  ],
  [
    'each matcher is dropped with its comma',
    'a{b="1",c!~"2", d=~"3"}',
    ['a{c!~"2", d=~"3"}', 'a{b="1",d=~"3"}', 'a{b="1",c!~"2"}'],
  ],
  ['the only matcher leaves braces', 'a{b="1"}', ['a{}']],
  ['a comparison within a matcher is none', 'a{b!="1"} and c', ['a{} and c']],
  ['a window is halved', 'rate(a[5m])', ['rate(a[150s])']],
  ['an odd window is halved in milliseconds', 'rate(a[5s])', ['rate(a[2500ms])']],
  [
    'of a subquery the window is halved, not the step',
    'sum_over_time(a[1d:5m])',
    ['sum_over_time(a[43200s:5m])'],
  ],
  ['an offset is halved', 'a offset 1d', ['a offset 43200s']],
  ['labels and functions stay', 'sum by (job) (a) and on (job) b', []],
];
for (const [title, expr, mutants] of CASES) {
  test(`mutantsOf: ${title}`, () => assert.deepEqual(exprs(expr), mutants));
}

test('mutantsOf: times to wait are halved, and half a minute is none', () => {
  const rule = { alert: 'A', expr: 'a', for: '15m', keep_firing_for: '1m' };
  assert.deepEqual(mutantsOf(rule), [
    { what: 'for 15m to 450s', rule: { ...rule, for: '450s' } },
    { what: 'keep_firing_for 1m to 0s', rule: { ...rule, keep_firing_for: '0s' } },
  ]);
});

test('mutantsOf: the words say what is wrong and where', () => {
  const [first, second] = mutantsOf({ alert: 'A', expr: 'a{b="1"} > 5' });
  assert.equal(first?.what, 'b="1" to nothing at 2');
  assert.equal(second?.what, '> to < at 9');
});

test('mutantsOf: a duration that it cannot halve is an error, as promtool would refuse its mutant', () => {
  assert.throws(() => mutantsOf({ alert: 'A', expr: 'rate(a[1h30m])' }), /1h30m cannot be halved/);
});
