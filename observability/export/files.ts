/** Every file of an export, in memory: nothing is written before all of them could be made. */
import { basename } from 'node:path';
import { ruleFiles } from '../generate/rules/files.ts';
import { runbookFiles } from '../generate/runbooks.ts';
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

/** What the rules of the profile say, in the pages of their alerts. */
function runbooks({ job, profile }: ExportOptions): ExportedFile[] {
  const pages = Object.entries(runbookFiles(slo.profiles[profile]));
  const names = new Set(pages.map(([path]) => basename(path)));
  return pages.map(([path, make]) => ({
    path: `runbooks/${basename(path)}`,
    text: forJob(withoutLinksOut(withoutDeadLinks(make(), names)), job),
  }));
}

/** Alerts that are not exported have no page, so their names are all that is left of links to them. */
function withoutDeadLinks(page: string, names: ReadonlySet<string>): string {
  return page.replaceAll(/\[([^\]]+)\]\((\w+\.md)\)/g, (link, text, name) =>
    names.has(name) ? link : text,
  );
}

/** Pages of the repository are named, because links to them lead nowhere outside of it. */
function withoutLinksOut(page: string): string {
  return page.replaceAll(/\[([^\]]+)\]\((?:\.\.\/)+([^)]+)\)/g, '$1 (`$2` in the repository)');
}

/** @returns every file, README.md first */
export function exportedFiles(options: ExportOptions): readonly ExportedFile[] {
  const { namespace, profile } = options;
  const written = rules(options);
  const dashboards = dashboardsFor(options);
  return [
    { path: 'README.md', text: exportReadme(options) },
    ...written,
    ...ruleTests(options),
    ...prometheusRules(options, written),
    podMonitor(options),
    ...dashboards,
    ...dashboardConfigMaps(namespace, dashboards),
    alertmanagerFragment(profile),
    ...runbooks(options),
    slothSpec(slo.profiles[profile]),
    openSlo(slo.profiles[profile]),
  ];
}
