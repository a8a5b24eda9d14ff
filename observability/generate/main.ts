/** Writes every generated file, or with `--check` compares what is committed. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../local/paths.ts';
import { oneIdDashboard } from './dashboard-one-id.ts';
import { targetsDashboard } from './dashboard-targets.ts';
import { metricsPage } from './metrics-page.ts';
import { documentedRules } from './rules.ts';

const FILES: Readonly<Record<string, () => string>> = {
  'docs/metrics.md': metricsPage,
  'observability/grafana/dashboards/one-id.json': oneIdDashboard,
  'observability/grafana/dashboards/targets.json': targetsDashboard,
  'observability/prometheus/rules/documented.yml': documentedRules,
};

const check = process.argv.includes('--check');
for (const [path, generate] of Object.entries(FILES)) {
  const file = join(ROOT, path);
  if (!check) {
    writeFileSync(file, generate());
  } else if (readFileSync(file, 'utf8') !== generate()) {
    process.stderr.write(`${path} is not what its source gives: run make generate\n`);
    process.exitCode = 1;
  }
}
