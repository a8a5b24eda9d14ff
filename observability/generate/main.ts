/** Writes every generated file, or with `--check` compares the committed ones. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../local/paths.ts';
import { slo } from '../slo.ts';
import { dashboardFiles } from './dashboards/all.ts';
import { envExample } from './env-example.ts';
import { METRIC_NAMES_FILE, metricNames } from './metric-names.ts';
import { metricsDoc } from './metrics-doc.ts';
import { causeRules } from './rules/causes.ts';
import { documentedRules } from './rules/documented.ts';
import { recordingRules } from './rules/recording.ts';

const FILES: Readonly<Record<string, () => string>> = {
  '.env.example': envExample,
  'docs/metrics.md': metricsDoc,
  [METRIC_NAMES_FILE]: metricNames,
  'observability/prometheus/rules/documented.yml': documentedRules,
  'observability/prometheus/rules/causes.yml': () => causeRules(slo.profiles.documented),
  // The local stack loads the documented profile; `make export` writes any.
  'observability/prometheus/rules/recording.yml': () => recordingRules(slo.profiles.documented),
  ...dashboardFiles(slo.profiles.documented, 'observability/grafana/dashboards'),
};

/** Writes a file, or compares it. @returns what is wrong, or nothing */
function make(path: string, generate: () => string, check: boolean): string | undefined {
  const file = join(ROOT, path);
  let text: string;
  try {
    text = generate();
  } catch (error) {
    return `${path}: ${(error as Error).message}`;
  }
  if (!check) writeFileSync(file, text);
  else if (readFileSync(file, 'utf8') !== text) {
    return `${path} differs from its source: run make generate`;
  }
  return undefined;
}

function main(check: boolean): number {
  const problems = Object.entries(FILES).flatMap(
    ([path, generate]) => make(path, generate, check) ?? [],
  );
  for (const problem of problems) process.stderr.write(`${problem}\n`);
  return problems.length === 0 ? 0 : 1;
}

if (import.meta.main) process.exitCode = main(process.argv.includes('--check'));
