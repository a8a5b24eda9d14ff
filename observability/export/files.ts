/** Every file of an export, in memory: nothing is written before all of them could be made. */
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { ruleFiles } from '../generate/rules/files.ts';
import { ROOT } from '../local/paths.ts';
import { slo } from '../slo.ts';
import { alertmanagerFragment } from './alertmanager.ts';
import { dashboardsFor } from './dashboards.ts';
import { forJob } from './for-job.ts';
import {
  dashboardConfigMaps,
  type ExportedFile,
  podMonitor,
  prometheusRules,
} from './kubernetes.ts';
import type { ExportOptions } from './options.ts';
import { exportReadme } from './readme.ts';
import { ruleTests } from './rule-tests.ts';
import { openSlo, slothSpec } from './slo-specs.ts';

function rules({ job, profile }: ExportOptions): ExportedFile[] {
  return Object.entries(ruleFiles(slo.profiles[profile])).map(([name, text]) => ({
    path: `prometheus/rules/${name}`,
    text: forJob(text, job),
  }));
}

/** Committed files that are exported as they are. */
function copies(from: string, to: string): ExportedFile[] {
  return globSync(from, { cwd: ROOT })
    .toSorted()
    .map((file) => ({
      path: `${to}/${basename(file)}`,
      text: readFileSync(join(ROOT, file), 'utf8'),
    }));
}

/** @returns every file, README.md first */
export function exportedFiles(options: ExportOptions): readonly ExportedFile[] {
  const { namespace, job, profile } = options;
  const written = rules(options);
  const dashboards = dashboardsFor(options);
  return [
    { path: 'README.md', text: exportReadme(options) },
    ...written,
    ...ruleTests(options),
    ...prometheusRules(namespace, written),
    podMonitor(namespace, job),
    ...dashboards,
    ...dashboardConfigMaps(namespace, dashboards),
    alertmanagerFragment(),
    ...copies('observability/runbooks/*.md', 'runbooks'),
    slothSpec(slo.profiles[profile]),
    openSlo(slo.profiles[profile]),
  ];
}
