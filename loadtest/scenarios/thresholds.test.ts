/** The thresholds follow the objectives, their limits are exact, and none holds without samples. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Phase, Threshold } from './scenario.ts';
import {
  expression,
  holds,
  isAsFastAs,
  kindsMeetTargets,
  MINIMUM_CALLS,
  measured,
  meetsTargets,
  plannedByKind,
  staysUp,
} from './thresholds.ts';

const PHASE: Phase = {
  name: 'load',
  startS: 0,
  fromPerSecond: 50,
  stages: [{ seconds: 20, perSecond: 50 }],
  calls: [
    { kind: 'complete', weight: 2 },
    { kind: 'streaming', weight: 1 },
  ],
  models: ['m'],
  maxInFlight: 50,
  counted: true,
};

const written = (thresholds: readonly Threshold[]) =>
  Object.fromEntries(thresholds.map((one) => [one.metric, expression(one)]));

test('thresholds: those of a phase within capacity state the documented targets', () => {
  assert.deepEqual(written(meetsTargets(PHASE)), {
    'claude_call_success{scenario:load}': 'rate>0.995',
    'claude_call_duration_ms{scenario:load}': 'p(99)<500',
    'claude_call_overhead_ms{scenario:load}': 'p(99)<100',
    'claude_call_overhead_reported{scenario:load}': 'rate==1',
    'claude_calls{scenario:load}': 'count>=990',
    'dropped_iterations{scenario:load}': 'count<=0',
    'claude_driver_lag_ms{scenario:load}': 'p(99)<50',
    'claude_call_correlated{scenario:load}': 'rate==1',
  });
});

test('thresholds: a phase of streams alone has no overhead to be judged by', () => {
  const calls = [{ kind: 'streaming', weight: 1 }] as const;
  const keys = Object.keys(written(meetsTargets({ ...PHASE, calls })));
  assert(!keys.some((key) => key.includes('overhead')));
});

test('thresholds: past capacity callers are to be answered, and few calls to be lost', () => {
  assert.deepEqual(written(staysUp(PHASE)), {
    'claude_call_answered{scenario:load}': 'rate>0.995',
    'claude_calls{scenario:load}': 'count>=940',
    'dropped_iterations{scenario:load}': 'count<=50',
    'claude_driver_lag_ms{scenario:load}': 'p(99)<50',
    'claude_call_correlated{scenario:load}': 'rate==1',
  });
});

test('thresholds: a kind with too few calls to be judged has to be made, and no more', () => {
  const calls = [
    { kind: 'complete', weight: 5 },
    { kind: 'long', weight: 1 },
  ] as const;
  const keys = Object.keys(written(kindsMeetTargets([{ ...PHASE, calls }])));
  assert(keys.includes('claude_calls{call_type:long}'));
  assert(!keys.includes('claude_call_success{call_type:long}'));
  assert(keys.includes('claude_call_success{call_type:complete}'));
});

test('thresholds: who hangs up has no duration to be judged by', () => {
  const calls = [{ kind: 'hang_up', weight: 1 }] as const;
  const keys = Object.keys(written(kindsMeetTargets([{ ...PHASE, calls }])));
  assert.deepEqual(keys, ['claude_calls{call_type:hang_up}']);
});

test('thresholds: callers who hang up have a limit of their own, beside the success of those who wait', () => {
  const calls = [
    { kind: 'complete', weight: 1 },
    { kind: 'hang_up', weight: 1 },
  ] as const;
  // Of 500, two are less than half a percent, and of 200 none is.
  const failures = (seconds: number) =>
    written(meetsTargets({ ...PHASE, calls, stages: [{ seconds, perSecond: 50 }] }))[
      'claude_hang_up_failed{scenario:load}'
    ];
  assert.deepEqual([failures(20), failures(8)], ['count<=2', 'count<=0']);
});

test('thresholds: of the least number of calls one may fail', () => {
  const success = meetsTargets(PHASE).find(({ metric }) =>
    metric.startsWith('claude_call_success'),
  );
  assert(success);
  assert(holds(success, 1 - 1 / MINIMUM_CALLS));
  assert(!holds(success, 1 - 1 / (MINIMUM_CALLS - 1)));
});

test('threshold: growth is what a series has more than an earlier one, and unknown without either', () => {
  const growth = isAsFastAs({ ...PHASE, name: 'early' }, { ...PHASE, name: 'late' });
  const [early, late] = ['early', 'late'].map(
    (name) => `claude_call_duration_ms{scenario:${name}}`,
  );
  assert.equal(expression(growth), 'p(99)<50 over {scenario:early}');
  const metrics = { [String(early)]: { 'p(99)': 40 }, [String(late)]: { 'p(99)': 95 } };
  assert.equal(measured(metrics, growth), 55);
  assert.equal(measured({ [String(late)]: { 'p(99)': 95 } }, growth), undefined);
  assert.equal(measured({ [String(early)]: { 'p(99)': 95 } }, growth), undefined);
});

test('planned calls: kinds take turns, and the last round may be a part of one', () => {
  const stages = [{ seconds: 20.02, perSecond: 50 }];
  assert.deepEqual(plannedByKind([PHASE, { ...PHASE, stages }]), [
    ['complete', 667 + 668],
    ['streaming', 333 + 333],
  ]);
});

const edges: [Threshold['operator'], number, boolean][] = [
  ['>', 10, false],
  ['>', 10.001, true],
  ['<', 10, false],
  ['<', 9.999, true],
  ['>=', 10, true],
  ['>=', 9, false],
  ['<=', 10, true],
  ['<=', 11, false],
  ['==', 10, true],
  ['==', 11, false],
];

for (const [operator, value, expected] of edges) {
  test(`threshold: ${value} ${operator} 10 is ${expected}`, () => {
    const threshold: Threshold = { metric: 'm', aggregate: 'count', operator, limit: 10 };
    assert.equal(holds(threshold, value), expected);
  });
}

const P99: Threshold = { metric: 'm', aggregate: 'p(99)', operator: '<', limit: 10 };
const RATE: Threshold = { metric: 'm', aggregate: 'rate', operator: '<', limit: 10 };
const COUNT: Threshold = { metric: 'm', aggregate: 'count', operator: '<', limit: 10 };

test('threshold: a trend or a rate without samples has no value, as k6 shows them too', () => {
  assert.equal(measured({}, P99), undefined);
  assert.equal(measured({ m: { count: 0, 'p(99)': 0 } }, P99), undefined);
  assert.equal(measured({ m: { count: 1, 'p(99)': 7 } }, P99), 7);
  assert.equal(measured({}, RATE), undefined);
  assert.equal(measured({ m: { rate: 0, passes: 0, fails: 0 } }, RATE), undefined);
  assert.equal(measured({ m: { rate: 0, passes: 0, fails: 3 } }, RATE), 0);
  assert.equal(measured({ m: { rate: 0.5 } }, RATE), 0.5);
  assert.equal(holds(P99, undefined), false);
  assert.equal(holds(P99, Number.NaN), false);
});

test('threshold: a counter that counted nothing is 0', () => {
  assert.equal(measured({}, COUNT), 0);
  assert.equal(measured({ m: { count: 3, rate: 1 } }, COUNT), 3);
});
