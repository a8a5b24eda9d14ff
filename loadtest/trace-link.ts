/** Where the trace of a call is, in the stack that is up. */
import { urlOf } from '../observability/local/components.ts';
import type { Settings } from '../observability/local/settings.ts';
import { findCommand } from './scenarios/notable-calls.ts';

/** @returns for a correlation ID a link into the stack's Grafana, or the command that finds it where there is no Tempo */
export function traceOf({ running, ports }: Pick<Settings, 'running' | 'ports'>) {
  if (running?.mode !== 'compose') return findCommand;
  return (id: string): string => {
    const datasource = { type: 'tempo', uid: 'tempo' };
    const query = { refId: 'A', datasource, queryType: 'traceql', query: id.replaceAll('-', '') };
    const range = { from: 'now-1h', to: 'now' };
    const panes = { trace: { datasource: 'tempo', queries: [query], range } };
    const encoded = encodeURIComponent(JSON.stringify(panes));
    return `${urlOf('GRAFANA_PORT', ports)}/explore?schemaVersion=1&panes=${encoded}`;
  };
}
