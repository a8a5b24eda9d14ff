/** The variables above the dashboards. Each narrows those after it. */
import {
  DatasourceVariableBuilder,
  QueryVariableBuilder,
  TextBoxVariableBuilder,
  VariableHide,
  VariableRefresh,
  VariableSort,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { METRICS } from '../../../app/telemetry/metric-catalogue.ts';
import { DATA_SOURCES, PROMETHEUS } from './data-sources.ts';
import { CHOSEN } from './queries.ts';

/** A choice of several values of a label, at first all. */
function choice(name: string, label: string, from: string, of: string): QueryVariableBuilder {
  const query = `label_values(${from}, ${of})`;
  return new QueryVariableBuilder(name)
    .label(label)
    .datasource(PROMETHEUS)
    .query({ query, refId: name })
    .definition(query)
    .multi(true)
    .includeAll(true)
    .allValue('.+')
    .current({ text: 'All', value: '$__all' })
    .refresh(VariableRefresh.OnTimeRangeChanged)
    .sort(VariableSort.AlphabeticalAsc);
}

function source(name: keyof typeof DATA_SOURCES): DatasourceVariableBuilder {
  const { type, label } = DATA_SOURCES[name];
  return new DatasourceVariableBuilder(name).label(label).type(type);
}

/** The metric whose jobs and instances are offered: the service's own, or every target of Prometheus. */
export type Targets = 'service' | 'all';
const TARGETS = { service: METRICS.buildInfo.name, all: 'up' } as const;

const chosen = (metric: { readonly name: string }) => `${metric.name}{${CHOSEN}}`;

/** What the variables of a dashboard are made for. */
export interface VariableOptions {
  readonly targets: Targets;
  /** Where the runbooks are: the base of their addresses. */
  readonly runbooks: string;
}

/** In the order in which they stand above a dashboard. */
const VARIABLES = {
  datasource: () => source('datasource'),
  tempo_datasource: () => source('tempo_datasource'),
  loki_datasource: () => source('loki_datasource'),
  job: ({ targets }: VariableOptions) => choice('job', 'Job', TARGETS[targets], 'job'),
  instance: ({ targets }: VariableOptions) =>
    choice('instance', 'Instance', `${TARGETS[targets]}{job=~"$job"}`, 'instance'),
  model: () => choice('model', 'Model', chosen(METRICS.requests), 'model'),
  upstream: () => choice('upstream', 'Upstream', chosen(METRICS.attempts), 'upstream'),
  id: () => new TextBoxVariableBuilder('id').label('Correlation ID').defaultValue(''),
  // A hidden field, so that whoever imports the dashboard can set it once, in its address.
  runbooks: ({ runbooks }: VariableOptions) =>
    new TextBoxVariableBuilder('runbooks').defaultValue(runbooks).hide(VariableHide.HideVariable),
  session: () => new TextBoxVariableBuilder('session').label('Session').defaultValue(''),
} as const;

/** @returns the variables that a dashboard's text uses, as `$name` or in braces, in their order */
export function variablesIn(text: string, options: VariableOptions) {
  return Object.entries(VARIABLES)
    .filter(([name]) => new RegExp(`\\$(?:${name}\\b|\\{${name}[:}])`).test(text))
    .map(([, build]) => build(options));
}
