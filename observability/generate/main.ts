/** Writes every generated file, or with `--check` compares the committed ones. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../local/paths.ts';
import { slo } from '../slo.ts';
import { oneIdDashboard } from './dashboards/one-id.ts';
import { targetsDashboard } from './dashboards/targets.ts';
import { envExample } from './env-example.ts';
import { metricsDoc } from './metrics-doc.ts';
import { documentedRules } from './rules/documented.ts';
import { recordingRules } from './rules/recording.ts';

const FILES: Readonly<Record<string, () => string>> = {
  '.env.example': envExample,
  'docs/metrics.md': metricsDoc,
  'observability/grafana/dashboards/one-id.json': oneIdDashboard,
  'observability/grafana/dashboards/targets.json': targetsDashboard,
  'observability/prometheus/rules/documented.yml': documentedRules,
  // The local stack loads the documented profile; `make export` writes any.
  'observability/prometheus/rules/recording.yml': () => recordingRules(slo.profiles.documented),
};

function main(check: boolean): number {
  let code = 0;
  for (const [path, generate] of Object.entries(FILES)) {
    const file = join(ROOT, path);
    if (!check) {
      writeFileSync(file, generate());
    } else if (readFileSync(file, 'utf8') !== generate()) {
      process.stderr.write(`${path} differs from its source: run make generate\n`);
      code = 1;
    }
  }
  return code;
}

if (import.meta.main) process.exitCode = main(process.argv.includes('--check'));
