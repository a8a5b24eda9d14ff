/** Prometheus' and Alertmanager's own programs take the compressed files. */
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { findTool, ROOT } from '../../local/paths.ts';
import { execute } from '../../local/testing-stack.ts';
import { readRuleFiles } from '../../prometheus/check/rule-files.ts';
import {
  compressAlertmanager,
  compressPrometheus,
  compressRules,
  GAME_DAY_SPEED,
} from './compress.ts';

let folder = '';
const compressed = (path: string, compress: typeof compressRules) => {
  const file = join(folder, path);
  writeFileSync(file, compress(readFileSync(file, 'utf8'), GAME_DAY_SPEED));
  return file;
};

before(() => {
  folder = mkdtempSync(join(tmpdir(), 'compressed-'));
  for (const part of ['prometheus', 'alertmanager']) {
    cpSync(join(ROOT, 'observability', part), join(folder, part), { recursive: true });
  }
});
after(() => rmSync(folder, { recursive: true }));

test('promtool takes the compressed rules, every lint included, and the configuration that loads them', async () => {
  const rules = readRuleFiles().map(({ name }) =>
    compressed(`prometheus/rules/${name}`, compressRules),
  );
  const config = compressed('prometheus/prometheus.yml', compressPrometheus);
  const promtool = findTool('promtool') ?? 'promtool';
  const lint = ['check', 'rules', '--lint=all', '--lint-fatal', ...rules];
  for (const args of [lint, ['check', 'config', config]]) {
    const { code, output } = await execute(promtool, args, process.env);
    assert.equal(code, 0, output);
  }
});

test('amtool takes the compressed routes', async () => {
  const config = compressed('alertmanager/alertmanager.yml', compressAlertmanager);
  const { code, output } = await execute(
    findTool('amtool') ?? 'amtool',
    ['check-config', config],
    process.env,
  );
  assert.equal(code, 0, output);
});
