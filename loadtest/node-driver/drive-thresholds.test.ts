/** The thresholds follow the objectives, in k6's notation, and their limits are exact. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { holds, k6Thresholds, smokeThresholds, type Threshold } from './drive-thresholds.ts';

test("thresholds: in k6's notation they state the documented targets", () => {
  assert.deepEqual(k6Thresholds(smokeThresholds(1000)), {
    claude_call_success: ['rate>0.995'],
    claude_call_duration_ms: ['p(99)<500'],
    claude_call_overhead_ms: ['p(99)<100'],
    claude_call_overhead_reported: ['rate==1'],
    claude_call_correlated: ['rate==1'],
    'claude_calls{call_type:complete}': ['count>=1000'],
    'claude_calls{call_type:streaming}': ['count>=1000'],
    dropped_iterations: ['count==0'],
  });
});

const edges: [Threshold['operator'], number, boolean][] = [
  ['>', 10, false],
  ['>', 10.001, true],
  ['<', 10, false],
  ['<', 9.999, true],
  ['>=', 10, true],
  ['>=', 9, false],
  ['==', 10, true],
  ['==', 11, false],
];

for (const [operator, value, expected] of edges) {
  test(`threshold: ${value} ${operator} 10 is ${expected}`, () => {
    const threshold: Threshold = { metric: 'm', aggregate: 'count', operator, limit: 10 };
    assert.equal(holds(threshold, value), expected);
  });
}

test('threshold: without a measured value none is met', () => {
  for (const threshold of smokeThresholds(1)) {
    assert.equal(holds(threshold, undefined), false, threshold.metric);
    assert.equal(holds(threshold, Number.NaN), false, threshold.metric);
  }
});
