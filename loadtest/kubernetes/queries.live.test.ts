/** The queries of docs/kubernetes-load.md still have their answers when the run is over and its series have ended. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { expectValue } from '../../observability/generate/testing-promtool.ts';
import { ROOT } from '../../observability/local/paths.ts';

const page = readFileSync(join(ROOT, 'docs/kubernetes-load.md'), 'utf8');
const queries = /```promql\n(.*?)```/s.exec(page)?.[1]?.trim().split('\n') ?? [];

/** Two instances, whose series are marked as ended at the fourth minute. */
const SERIES = {
  'k6_claude_calls_total{instance_id="a",scenario="load"}': '10 20 30 stale',
  'k6_claude_calls_total{instance_id="b",scenario="load"}': '10 20 50 stale',
  'k6_claude_call_success_rate{instance_id="a",scenario="load"}': '1 1 0.9 stale',
  'k6_claude_call_success_rate{instance_id="b",scenario="load"}': '0.5 0.9 1 stale',
  'k6_claude_call_duration_ms_p99{instance_id="a",scenario="load"}': '0.9 0.3 0.2 stale',
  'k6_claude_call_duration_ms_p99{instance_id="b",scenario="load"}': '0.1 0.2 0.4 stale',
  'k6_claude_fault_changes_total{instance_id="a",scenario="faults_0_off"}': '0 1 2 stale',
};
const ANSWERS = ['80', '0.9', '0.4', '2'];

test('kubernetes-load.md: as many queries as are tried here', () => {
  assert.equal(queries.length, ANSWERS.length);
});

for (const [i, answer] of ANSWERS.entries()) {
  const query = queries[i] ?? '';
  test(`kubernetes-load.md: ${query} is answered half an hour after the run`, () => {
    // Of a query with labels, what it is for: the worst of the instances.
    const worst = query.startsWith('min') ? 'min' : 'max';
    expectValue(`${worst}(${query})`, SERIES, Number(answer), '30m');
  });
}
