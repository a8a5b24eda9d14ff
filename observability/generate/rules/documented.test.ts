/** The documented rule is written word for word. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'yaml';
import { documentedRule } from '../../slo.ts';
import { documentedRules } from './documented.ts';

test('documentedRules: the alert is that of slo.ts, its expression on one line', () => {
  const text = documentedRules();
  assert.deepEqual(parse(text), { groups: [{ name: 'documented', rules: [documentedRule] }] });
  assert(text.includes('        expr: rate(claude_api_errors_total[5m]) > 0.05\n'), text);
});
