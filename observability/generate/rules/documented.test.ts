/** The documented rule is written word for word, and the P99 beside it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'yaml';
import { slo } from '../../slo.ts';
import { ruleFiles } from './files.ts';

test('documented.yml: the documented rule is there word for word, its unit in the comment', () => {
  const text = ruleFiles(slo.profiles.documented)['documented.yml'] ?? '';
  const [group] = parse(text).groups;
  assert.deepEqual(group.rules[0], {
    alert: 'HighClaudeErrorRate',
    expr: 'rate(claude_api_errors_total[5m]) > 0.05',
    for: '10m',
    labels: { severity: 'critical' },
    annotations: { summary: 'High error rate on Claude API' },
  });
  assert(text.includes('        expr: rate(claude_api_errors_total[5m]) > 0.05\n'), text);
  assert(text.includes('# The unit of HighClaudeErrorRate is errors per second and series'), text);
});

test('documented.yml: only the documented profile has it', () => {
  assert.deepEqual(Object.keys(ruleFiles(slo.profiles.production)), [
    'recording.yml',
    'objectives.yml',
    'causes.yml',
    'monitoring.yml',
  ]);
});
