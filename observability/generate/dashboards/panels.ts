/** The panels of the dashboards: each has a description, a unit and words for no data. */
import {
  type DataSourceRef,
  GraphThresholdsStyleConfigBuilder,
  GraphThresholdsStyleMode,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import {
  type DashboardBuilder,
  type GridPos,
  type Threshold,
  ThresholdsConfigBuilder,
  ThresholdsMode,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as TimeSeriesBuilder } from '@grafana/grafana-foundation-sdk/timeseries';

/** The reader chooses the data source above the dashboard, so it can be copied anywhere. */
// biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of Grafana's
export const PROMETHEUS: DataSourceRef = { type: 'prometheus', uid: '${datasource}' };
export const TEMPO: DataSourceRef = { type: 'tempo', uid: 'tempo' };
export const LOKI: DataSourceRef = { type: 'loki', uid: 'loki' };

/** `$__rate_interval` is wide enough for a rate at every zoom. */
export const WINDOW = '$__rate_interval';

export interface Query {
  readonly expr: string;
  /** The names of its lines. */
  readonly legend: string;
  /** Whether the exemplars of the selected series are shown. */
  readonly exemplar?: boolean;
}

export interface PanelSpec {
  readonly id: number;
  readonly title: string;
  /** One or two plain sentences: what the panel shows, and how to judge it. */
  readonly description: string;
  /** Grafana's name of the unit: `s`, `percentunit`, `reqps`, `short`. */
  readonly unit: string;
  readonly at: GridPos;
  readonly queries: readonly Query[];
  /** The objective, and on which side of it a value is bad. */
  readonly objective?: { readonly value: number; readonly badAbove: boolean };
  readonly noValue?: string;
}

const GREEN = 'green';
const RED = 'red';

function steps({ objective }: PanelSpec): Threshold[] {
  if (!objective) return [{ value: null, color: GREEN }];
  const [low, high] = objective.badAbove ? [GREEN, RED] : [RED, GREEN];
  return [
    { value: null, color: low },
    { value: objective.value, color: high },
  ];
}

function thresholds(spec: PanelSpec): ThresholdsConfigBuilder {
  return new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(steps(spec));
}

function target({ expr, legend, exemplar }: Query, i: number): DataqueryBuilder {
  const query = new DataqueryBuilder()
    .refId(String.fromCharCode('A'.charCodeAt(0) + i))
    .datasource(PROMETHEUS)
    .expr(expr)
    .legendFormat(legend)
    .range();
  return exemplar ? query.exemplar(true) : query;
}

/** A panel of lines over time, in which the objective is a further line. */
export function timeSeries(spec: PanelSpec): TimeSeriesBuilder {
  const style = spec.objective ? GraphThresholdsStyleMode.Line : GraphThresholdsStyleMode.Off;
  return new TimeSeriesBuilder()
    .id(spec.id)
    .title(spec.title)
    .description(spec.description)
    .datasource(PROMETHEUS)
    .gridPos(spec.at)
    .unit(spec.unit)
    .noValue(spec.noValue ?? 'no traffic')
    .lineWidth(2)
    .fillOpacity(5)
    .showPoints(VisibilityMode.Never)
    .thresholds(thresholds(spec))
    .thresholdsStyle(new GraphThresholdsStyleConfigBuilder().mode(style))
    .legend(
      new VizLegendOptionsBuilder()
        .displayMode(LegendDisplayMode.List)
        .placement(LegendPlacement.Bottom)
        .showLegend(true),
    )
    .tooltip(new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi))
    .targets(spec.queries.map(target));
}

/** A panel of one number, the last, coloured by the objective. */
export function stat(spec: PanelSpec): StatBuilder {
  return new StatBuilder()
    .id(spec.id)
    .title(spec.title)
    .description(spec.description)
    .datasource(PROMETHEUS)
    .gridPos(spec.at)
    .unit(spec.unit)
    .decimals(2)
    .noValue(spec.noValue ?? 'no traffic')
    .thresholds(thresholds(spec))
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']))
    .targets(spec.queries.map((query, i) => target(query, i).instant()));
}

/** @returns the JSON of a dashboard in the v1 model, which file provisioning takes */
export function dashboardJson(builder: DashboardBuilder): string {
  const dashboard = builder.build();
  // The SDK hides every link in a menu; a link without a placement stands above the panels.
  for (const link of dashboard.links ?? []) delete link.placement;
  return `${JSON.stringify(dashboard, null, 2)}\n`;
}
