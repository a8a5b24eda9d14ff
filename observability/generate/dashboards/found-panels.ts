/** Builds the panels of what a search finds, traces and log lines, and those of text. */
import { LogsSortOrder } from '@grafana/grafana-foundation-sdk/common';
import { PanelBuilder as LogsBuilder } from '@grafana/grafana-foundation-sdk/logs';
import {
  DataqueryBuilder as LokiQuery,
  LokiQueryDirection,
} from '@grafana/grafana-foundation-sdk/loki';
import { PanelBuilder as TableBuilder } from '@grafana/grafana-foundation-sdk/table';
import {
  SearchTableType,
  DataqueryBuilder as TempoQuery,
} from '@grafana/grafana-foundation-sdk/tempo';
import { PanelBuilder as TextBuilder, TextMode } from '@grafana/grafana-foundation-sdk/text';
import { LOKI, TEMPO } from './data-sources.ts';
import type { LogsPanel, TextPanel, TracesPanel } from './panel-spec.ts';

const MOST_TRACES = 50;

export function text({ markdown }: TextPanel): TextBuilder {
  return new TextBuilder().mode(TextMode.Markdown).content(markdown);
}

/** A table of traces; a click opens one. */
export function traces({ traceQL, noValue }: TracesPanel): TableBuilder {
  return new TableBuilder()
    .datasource(TEMPO)
    .noValue(noValue)
    .withTarget(
      new TempoQuery()
        .refId('A')
        .datasource(TEMPO)
        .queryType('traceql')
        .query(traceQL)
        .tableType(SearchTableType.Traces)
        .limit(MOST_TRACES),
    );
}

/** Log lines in the order in which they were written; their details hold a link to the trace. */
export function logs({ logQL }: LogsPanel): LogsBuilder {
  return new LogsBuilder()
    .datasource(LOKI)
    .sortOrder(LogsSortOrder.Ascending)
    .showTime(true)
    .wrapLogMessage(true)
    .enableLogDetails(true)
    .withTarget(
      new LokiQuery()
        .refId('A')
        .datasource(LOKI)
        .queryType('range')
        .direction(LokiQueryDirection.Forward)
        .expr(logQL),
    );
}
