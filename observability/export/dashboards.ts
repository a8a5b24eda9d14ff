/** The dashboards of an export, with the limits of its profile and somebody else's data source. */
import { dashboardFiles } from '../generate/dashboards/all.ts';
import { slo } from '../slo.ts';
import type { ExportedFile } from './kubernetes.ts';
import type { ExportOptions } from './options.ts';

interface Variable {
  readonly name: string;
  current?: { readonly text: string; readonly value: string };
}

/** Grafana opens a dashboard with its default data source, unless the variable says another. */
function withDataSource(text: string, datasource: string): string {
  const dashboard = JSON.parse(text);
  const variables: Variable[] = dashboard.templating?.list ?? [];
  const variable = variables.find(({ name }) => name === 'datasource');
  if (variable) variable.current = { text: datasource, value: datasource };
  return `${JSON.stringify(dashboard, null, 2)}\n`;
}

/** @returns the JSON of each dashboard */
export function dashboardsFor({ datasource, profile }: ExportOptions): ExportedFile[] {
  return Object.entries(dashboardFiles(slo.profiles[profile], 'grafana')).map(([path, make]) => ({
    path,
    text: datasource === undefined ? make() : withDataSource(make(), datasource),
  }));
}
