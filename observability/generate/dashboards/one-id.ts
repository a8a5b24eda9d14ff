/** The second dashboard: it takes a correlation ID, lists its log lines and opens its trace. */
import { LogsSortOrder } from '@grafana/grafana-foundation-sdk/common';
import {
  DashboardBuilder,
  DashboardLinkBuilder,
  DashboardLinkType,
  TextBoxVariableBuilder,
} from '@grafana/grafana-foundation-sdk/dashboard';
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
import { ATTR_CORRELATION_ID } from '../../../app/telemetry/attributes.ts';
import { dashboardJson, LOKI, TEMPO } from './panels.ts';
import { ONE_ID_UID, TARGETS_UID } from './targets.ts';

/** Grafana quotes and escapes the value, so whatever is typed stays a string in the query. */
// biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of Grafana's
const ID = '${id:doublequote}';

const HELP = `Type a correlation ID (\`x-correlation-id\` of a response) into the field above.
A UUID without its dashes **is** the trace ID; any other ID is an attribute of its spans.
IDs hold \`A-Za-z0-9._:-\`. On the command line: \`make find ID=…\`.`;

function help(): TextBuilder {
  return new TextBuilder()
    .id(1)
    .title('')
    .description('How to find an ID.')
    .gridPos({ x: 0, y: 0, w: 24, h: 4 })
    .mode(TextMode.Markdown)
    .content(HELP);
}

function traces(): TableBuilder {
  return new TableBuilder()
    .id(2)
    .title('Traces')
    .description('The traces whose spans carry the ID; a click opens one.')
    .datasource(TEMPO)
    .gridPos({ x: 0, y: 4, w: 24, h: 6 })
    .noValue('no trace: not yet, not kept, or no such ID')
    .withTarget(
      new TempoQuery()
        .refId('A')
        .datasource(TEMPO)
        .queryType('traceql')
        .query(`{ span."${ATTR_CORRELATION_ID}" = ${ID} }`)
        .tableType(SearchTableType.Traces)
        .limit(20),
    );
}

function lines(): LogsBuilder {
  return new LogsBuilder()
    .id(3)
    .title('Log lines')
    .description('Every line of the ID, oldest first; its details hold a link to the trace.')
    .datasource(LOKI)
    .gridPos({ x: 0, y: 10, w: 24, h: 14 })
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
        .expr(`{service_name=~".+"} | correlation_id=${ID}`),
    );
}

/** @returns the JSON of the dashboard, as it is committed */
export function oneIdDashboard(): string {
  const dashboard = new DashboardBuilder('Claude: find one ID')
    .uid(ONE_ID_UID)
    .description('One correlation ID: its log lines and its trace.')
    .tags(['claude'])
    .readonly()
    .time({ from: 'now-6h', to: 'now' })
    .withVariable(new TextBoxVariableBuilder('id').label('Correlation ID').defaultValue(''))
    .link(
      new DashboardLinkBuilder('The two targets')
        .type(DashboardLinkType.Link)
        .url(`/d/${TARGETS_UID}`)
        .keepTime(true),
    );
  for (const panel of [help(), traces(), lines()]) dashboard.withPanel(panel);
  return dashboardJson(dashboard);
}
