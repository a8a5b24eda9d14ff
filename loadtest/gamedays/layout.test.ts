/** The folder of a game day has all shipped rules, compressed, and the addresses of its own parts. */
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { readRuleFiles, rulesOf } from '../../observability/prometheus/check/rule-files.ts';
import { layOut, RULES, readOverTime } from './layout.ts';

test('layOut: every shipped rule file, compressed, and the addresses of this stack alone', (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'layout-'));
  t.after(() => rmSync(folder, { recursive: true }));
  layOut(folder, {
    service: '127.0.0.1:1',
    alertmanager: '127.0.0.1:2',
    receiver: 'http://127.0.0.1:3',
    stack: { prometheus: '127.0.0.1:4' },
  });
  const text = (path: string) => readFileSync(join(folder, path), 'utf8');
  const shipped = readRuleFiles();
  assert.deepEqual(
    readdirSync(join(folder, RULES)),
    shipped.map(({ name }) => name),
  );
  const names = (files: typeof shipped) =>
    files.flatMap(rulesOf).map((rule) => rule.alert ?? rule.record);
  assert.deepEqual(names(readRuleFiles(join(folder, RULES))), names(shipped));
  assert.match(text(`${RULES}/objectives.yml`), /for: 2s/);
  assert.deepEqual(JSON.parse(text('targets/service.json')), [{ targets: ['127.0.0.1:1'] }]);
  assert.deepEqual(JSON.parse(text('targets/stack.json')), [
    { targets: ['127.0.0.1:4'], labels: { component: 'prometheus' } },
  ]);
  assert.equal(text('watchdog.url'), 'http://127.0.0.1:3/watchdog');
});

test('readOverTime: the recordings that rules read by subqueries, each of which is recorded', () => {
  const recorded = new Set(
    readRuleFiles()
      .flatMap(rulesOf)
      .map(({ record }) => record),
  );
  const names = readOverTime();
  assert(names.has('job:claude_availability:bad_rate5m'));
  assert(names.size >= 9);
  for (const name of names) assert(recorded.has(name), name);
});
