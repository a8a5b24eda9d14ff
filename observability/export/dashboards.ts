/** The dashboards of an export: those of the local stack, opened with somebody else's data source. */
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { ROOT } from '../local/paths.ts';
import type { ExportedFile } from './kubernetes.ts';
import type { ExportOptions } from './options.ts';

interface Variable {
  readonly name: string;
  readonly type: string;
  current?: { readonly text: string; readonly value: string };
}

/** @returns the JSON of each dashboard; without a data source Grafana opens them with its default one */
export function dashboardsFor({ datasource }: ExportOptions): ExportedFile[] {
  const files = globSync('observability/grafana/dashboards/*.json', { cwd: ROOT }).toSorted();
  return files.map((file) => {
    const dashboard = JSON.parse(readFileSync(join(ROOT, file), 'utf8'));
    const variables: Variable[] = dashboard.templating?.list ?? [];
    const variable = variables.find(
      ({ name, type }) => type === 'datasource' && name === 'datasource',
    );
    if (datasource !== undefined && variable) {
      variable.current = { text: datasource, value: datasource };
    }
    return { path: `grafana/${basename(file)}`, text: `${JSON.stringify(dashboard, null, 2)}\n` };
  });
}
