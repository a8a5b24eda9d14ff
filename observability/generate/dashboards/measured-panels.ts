/** Builds the panels that show metrics: numbers, lines, heat maps and tables. */
import {
  AxisPlacement,
  BigValueColorMode,
  BigValueGraphMode,
  GraphThresholdsStyleConfigBuilder,
  GraphThresholdsStyleMode,
  LegendDisplayMode,
  LegendPlacement,
  ReduceDataOptionsBuilder,
  ScaleDistribution,
  ScaleDistributionConfigBuilder,
  SortOrder,
  StackingConfigBuilder,
  StackingMode,
  TooltipDisplayMode,
  VisibilityMode,
  VizLegendOptionsBuilder,
  VizTooltipOptionsBuilder,
} from '@grafana/grafana-foundation-sdk/common';
import {
  DashboardLinkBuilder,
  DashboardLinkType,
  MappingType,
  type Threshold,
  ThresholdsConfigBuilder,
  ThresholdsMode,
  type ValueMapping,
} from '@grafana/grafana-foundation-sdk/dashboard';
import {
  PanelBuilder as HeatmapBuilder,
  HeatmapColorMode,
  HeatmapColorOptionsBuilder,
  YAxisConfigBuilder,
} from '@grafana/grafana-foundation-sdk/heatmap';
import { DataqueryBuilder, PromQueryFormat } from '@grafana/grafana-foundation-sdk/prometheus';
import { PanelBuilder as StatBuilder } from '@grafana/grafana-foundation-sdk/stat';
import { PanelBuilder as TableBuilder } from '@grafana/grafana-foundation-sdk/table';
import { PanelBuilder as LinesBuilder } from '@grafana/grafana-foundation-sdk/timeseries';
import { PROMETHEUS } from './data-sources.ts';
import { linesLink, tracesLink } from './explore.ts';
import type {
  HeatmapPanel,
  Limit,
  LinesPanel,
  Query,
  StatPanel,
  TablePanel,
} from './panel-spec.ts';

const NO_VALUE = 'no traffic';

function steps(limit: Limit | undefined): Threshold[] {
  if (!limit) return [{ value: null, color: 'green' }];
  const { value, warning, bad } = limit;
  const between = warning === undefined ? [] : [{ value: warning, color: 'orange' }];
  if (bad === 'above') {
    return [{ value: null, color: 'green' }, ...between, { value, color: 'red' }];
  }
  // Each step begins at its value, so under the limit it is red and from the last step on green.
  const green = { value: warning ?? value, color: 'green' };
  const orange = warning === undefined ? [] : [{ value, color: 'orange' }];
  return [{ value: null, color: 'red' }, ...orange, green];
}

function thresholds(limit: Limit | undefined): ThresholdsConfigBuilder {
  return new ThresholdsConfigBuilder().mode(ThresholdsMode.Absolute).steps(steps(limit));
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

function page(title: string, url: string): DashboardLinkBuilder {
  return new DashboardLinkBuilder(title).type(DashboardLinkType.Link).url(url).targetBlank(true);
}

function links({ traces, logs }: { traces?: string; logs?: string }): DashboardLinkBuilder[] {
  return [
    ...(traces === undefined ? [] : [page('Traces like this', tracesLink(traces))]),
    ...(logs === undefined ? [] : [page('Log lines like this', linesLink(logs))]),
  ];
}

/** What numbers, lines and tables have in common. */
function measured<B extends StatBuilder | LinesBuilder | TableBuilder>(
  builder: B,
  spec: StatPanel | LinesPanel | TablePanel,
): B {
  builder
    .datasource(PROMETHEUS)
    .unit(spec.unit)
    .noValue(spec.noValue ?? NO_VALUE)
    .thresholds(thresholds(spec.limit))
    .dataLinks(links(spec));
  if (spec.min !== undefined) builder.min(spec.min);
  if (spec.max !== undefined) builder.max(spec.max);
  if (spec.decimals !== undefined) builder.decimals(spec.decimals);
  return builder;
}

/**
 * One number for each series: what it is now. A range has a last value also of what has long been gone, so that a dead
 * service would look as it did while it lived.
 */
export function stat(spec: StatPanel): StatBuilder {
  const builder = measured(new StatBuilder(), spec)
    .colorMode(spec.filled ? BigValueColorMode.Background : BigValueColorMode.Value)
    .graphMode(BigValueGraphMode.None)
    .reduceOptions(new ReduceDataOptionsBuilder().calcs(['lastNotNull']))
    .targets(spec.queries.map((query, i) => target(query, i).instant()));
  const mappings = mappingsOf(spec);
  if (mappings.length > 0) builder.mappings(mappings);
  return builder;
}

function mappingsOf({ words, wordsFrom }: StatPanel): ValueMapping[] {
  const mappings: ValueMapping[] = [];
  if (words) mappings.push({ type: MappingType.ValueToText, options: { ...words } });
  if (wordsFrom) {
    const { from, ...result } = wordsFrom;
    mappings.push({ type: MappingType.RangeToText, options: { from, to: null, result } });
  }
  return mappings;
}

/** Lines over time, in which the limit is a further line. */
export function lines(spec: LinesPanel): LinesBuilder {
  const style = spec.limit ? GraphThresholdsStyleMode.Line : GraphThresholdsStyleMode.Off;
  const builder = measured(new LinesBuilder(), spec)
    .lineWidth(spec.stacked ? 1 : 2)
    .fillOpacity(spec.stacked ? 40 : 5)
    .showPoints(VisibilityMode.Auto)
    .thresholdsStyle(new GraphThresholdsStyleConfigBuilder().mode(style))
    .legend(
      new VizLegendOptionsBuilder()
        .displayMode(LegendDisplayMode.List)
        .placement(LegendPlacement.Bottom)
        .showLegend(true),
    )
    .tooltip(
      new VizTooltipOptionsBuilder().mode(TooltipDisplayMode.Multi).sort(SortOrder.Descending),
    )
    .targets(spec.queries.map(target));
  if (spec.stacked) builder.stacking(new StackingConfigBuilder().mode(StackingMode.Normal));
  if (spec.logarithmic) {
    builder.scaleDistribution(
      new ScaleDistributionConfigBuilder().type(ScaleDistribution.Log).log(10),
    );
  }
  return builder;
}

/** The buckets come from Prometheus, so nothing is calculated here. */
export function heatmap(spec: HeatmapPanel): HeatmapBuilder {
  return new HeatmapBuilder()
    .datasource(PROMETHEUS)
    .noValue(spec.noValue ?? NO_VALUE)
    .unit('short')
    .dataLinks(links(spec))
    .calculate(false)
    .color(
      new HeatmapColorOptionsBuilder().mode(HeatmapColorMode.Scheme).scheme('Oranges').steps(64),
    )
    .yAxis(new YAxisConfigBuilder().unit(spec.unit).axisPlacement(AxisPlacement.Left))
    .targets(spec.queries.map((query, i) => target(query, i).format(PromQueryFormat.Heatmap)));
}

/** The labels of the series as columns; a column may lead to a page. */
export function table(spec: TablePanel): TableBuilder {
  const names = Object.keys(spec.columns);
  const order = [...names, ...(spec.value === undefined ? [] : ['Value'])];
  const builder = measured(new TableBuilder(), spec)
    .targets(spec.queries.map((q, i) => target(q, i).instant().format(PromQueryFormat.Table)))
    .withTransformation({
      id: 'organize',
      options: {
        includeByName: Object.fromEntries(order.map((name) => [name, true])),
        indexByName: Object.fromEntries(order.map((name, i) => [name, i])),
        renameByName: { ...spec.columns, ...(spec.value !== undefined && { Value: spec.value }) },
      },
    });
  if (spec.pages) {
    const { column, title, url } = spec.pages;
    builder.overrideByName(column, [{ id: 'links', value: [{ title, url, targetBlank: true }] }]);
  }
  return builder;
}
