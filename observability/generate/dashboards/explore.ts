/** Links that open Grafana's Explore with a query, for the time that the panel shows. */
import type { DataSourceRef } from '@grafana/grafana-foundation-sdk/common';
import { LOKI, TEMPO } from './data-sources.ts';

/** Encodes what is not a variable of Grafana's, which it replaces, and encodes, when the link is clicked. */
function encodeAround(text: string): string {
  return text
    .split(/(\$\{[^}]+\})/)
    .map((part, i) => (i % 2 === 1 ? part : encodeURIComponent(part)))
    .join('');
}

function explore(datasource: DataSourceRef, query: object): string {
  const queries = [{ refId: 'A', datasource, ...query }];
  // biome-ignore lint/suspicious/noTemplateCurlyInString: variables of Grafana's
  const range = { from: '${__from}', to: '${__to}' };
  const panes = { one: { datasource: datasource.uid, queries, range } };
  return `/explore?schemaVersion=1&panes=${encodeAround(JSON.stringify(panes))}`;
}

/** @returns the link to the traces that a TraceQL query finds */
export function tracesLink(query: string): string {
  return explore(TEMPO, { queryType: 'traceql', query });
}

/** @returns the link to the log lines that a LogQL query finds */
export function linesLink(expr: string): string {
  return explore(LOKI, { expr });
}
