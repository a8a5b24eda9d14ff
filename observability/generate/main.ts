/** Writes every generated file, or with `--check` compares the committed ones. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../local/paths.ts';
import { slo, thresholds } from '../slo.ts';
import { CONSOLE_FAULTS_FILE, consoleFaults } from './console-faults.ts';
import { dashboardFiles } from './dashboards/all.ts';
import { envExample } from './env-example.ts';
import { METRIC_NAMES_FILE, metricNames } from './metric-names.ts';
import { metricsDoc } from './metrics-doc.ts';
import { problemsOf } from './rules/check-objectives.ts';
import { ruleFiles } from './rules/files.ts';
import { runbookFiles } from './runbooks.ts';

/** The local stack loads the documented profile; `make export` writes any. */
const PROFILE = slo.profiles.documented;

/** Each file's text, by its path. */
function files(): Readonly<Record<string, () => string>> {
  const rules = Object.entries(ruleFiles(PROFILE));
  return {
    '.env.example': envExample,
    'docs/metrics.md': metricsDoc,
    [METRIC_NAMES_FILE]: metricNames,
    [CONSOLE_FAULTS_FILE]: consoleFaults,
    ...Object.fromEntries(
      rules.map(([name, text]) => [`observability/prometheus/rules/${name}`, () => text]),
    ),
    ...runbookFiles(PROFILE),
    ...dashboardFiles(PROFILE, 'observability/grafana/dashboards'),
  };
}

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
  const source = readFileSync(join(ROOT, 'observability/slo.ts'), 'utf8');
  const unusable = problemsOf({ slo, thresholds }, source);
  const problems =
    unusable.length > 0
      ? [...unusable, 'Nothing was generated.']
      : Object.entries(files()).flatMap(([path, generate]) => make(path, generate, check) ?? []);
  for (const problem of problems) process.stderr.write(`${problem}\n`);
  return problems.length === 0 ? 0 : 1;
}

if (import.meta.main) process.exitCode = main(process.argv.includes('--check'));
