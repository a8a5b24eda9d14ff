/** Rule files have the shape that Prometheus reads, and every alert of them its labels and links. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'yaml';
import type { Alert } from './alert.ts';
import { ruleFile } from './write.ts';

const URLS = { runbooks: 'https://runbooks.test/x', dashboards: 'https://grafana.test' };
const ALERT: Alert = {
  alert: 'ClaudeTrial',
  severity: 'ticket',
  because: 'it is a trial',
  expr: 'a > 1\nand b > 2',
  for: '5m',
  summary: '{{ $value }} of {{ $labels.job }}',
  description: 'It tries.',
  dashboard: 'claude-calls',
};
const write = (alert: Alert) =>
  ruleFile(
    { about: 'First line\nand second.', kind: 'cause', groups: [{ name: 'g', rules: [alert] }] },
    { urls: URLS },
  );

test('ruleFile: an alert has its severity, its kind, its pack, its texts and the links of the profile', () => {
  assert.deepEqual(parse(write(ALERT)), {
    groups: [
      {
        name: 'g',
        rules: [
          {
            alert: 'ClaudeTrial',
            expr: 'a > 1\nand b > 2',
            for: '5m',
            labels: { severity: 'ticket', kind: 'cause', pack: 'claude-observatory' },
            annotations: {
              summary: '{{ $value }} of {{ $labels.job }}',
              description: 'It tries.',
              runbook_url: 'https://runbooks.test/x/ClaudeTrial.md',
              dashboard_url:
                'https://grafana.test/d/claude-calls{{ with $labels.job }}?var-job={{ . | urlquery }}{{ end }}',
            },
          },
        ],
      },
    ],
  });
});

test('ruleFile: labels of the alert, and how long it keeps firing, are written', () => {
  const text = write({ ...ALERT, labels: { objective: 'latency' }, keepFiringFor: '10m' });
  const [rule] = parse(text).groups[0].rules;
  assert.deepEqual(rule.labels, {
    severity: 'ticket',
    kind: 'cause',
    pack: 'claude-observatory',
    objective: 'latency',
  });
  assert.equal(rule.keep_firing_for, '10m');
});

test('ruleFile: an expression keeps its lines, however long they are', () => {
  const expr = `sum(${'a'.repeat(200)} + ${'b'.repeat(200)}) > 1\nor c`;
  const text = write({ ...ALERT, expr });
  for (const line of expr.split('\n')) assert(text.includes(`          ${line}\n`), text);
});

test('ruleFile: the comment says where the file comes from, and each of its lines is one', () => {
  const comment = write(ALERT).split('\n\n', 1)[0];
  assert.equal(
    comment,
    '# Generated from observability/slo.ts by `make generate`; do not edit.\n# First line\n# and second.',
  );
});
