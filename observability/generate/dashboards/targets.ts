/** The first dashboard: the two targets, the causes that endanger them, and the load of the service. */
import {
  DashboardBuilder,
  DashboardCursorSync,
  DashboardLinkBuilder,
  DashboardLinkType,
  DatasourceVariableBuilder,
} from '@grafana/grafana-foundation-sdk/dashboard';
import { METRICS } from '../../../app/telemetry/metric-catalogue.ts';
import { documentedRule, slo } from '../../slo.ts';
import { prometheusName } from '../prometheus-names.ts';
import {
  budgetLeft,
  EXEMPLAR_METRIC,
  latencyP99,
  quantile,
  rateBy,
  successRatio,
} from '../promql.ts';
import { dashboardJson, type PanelSpec, stat, timeSeries, WINDOW } from './panels.ts';

export const TARGETS_UID = 'claude-targets';
export const ONE_ID_UID = 'claude-one-id';

const { availability, latency: p99, overhead } = slo.profiles.documented.objectives;

const percent = (ratio: number) => `${(ratio * 100).toFixed(1)} %`;
const seconds = (ms: number) => ms / 1000;

const success = { value: availability.goodRatio, badAbove: false };
const latency = { value: seconds(p99.limitMs), badAbove: true };
const [documentedSeries = '', documentedLimit = ''] = documentedRule.expr.split(' > ');

const STATS: readonly PanelSpec[] = [
  {
    id: 1,
    title: 'Success',
    description: `The share of good calls in those that count, over the range shown. The target is ${percent(availability.goodRatio)}.`,
    unit: 'percentunit',
    at: { x: 0, y: 0, w: 6, h: 4 },
    queries: [{ expr: successRatio('$__range'), legend: 'success' }],
    objective: success,
  },
  {
    id: 2,
    title: 'Error budget left',
    description: `The share that is left of the ${percent(1 - availability.goodRatio)} of calls that may fail, over the range shown. Below zero the target is missed.`,
    unit: 'percentunit',
    at: { x: 6, y: 0, w: 6, h: 4 },
    queries: [{ expr: budgetLeft(availability.goodRatio, '$__range'), legend: 'left' }],
    objective: { value: 0, badAbove: false },
  },
  {
    id: 3,
    title: 'P99 latency',
    description: `99 of 100 calls ended within this time, over the range shown: good ones, and those that callers cancelled after the target. The documented target, against the simulator, is ${p99.limitMs} ms.`,
    unit: 's',
    at: { x: 12, y: 0, w: 6, h: 4 },
    queries: [{ expr: latencyP99('$__range'), legend: 'P99' }],
    objective: latency,
  },
  {
    id: 4,
    title: 'Calls in flight',
    description: 'Calls that the service is answering now.',
    unit: 'short',
    at: { x: 18, y: 0, w: 6, h: 4 },
    queries: [{ expr: `sum(${prometheusName(METRICS.inFlight.name)})`, legend: 'calls' }],
    noValue: 'not scraped',
  },
];

const GRAPHS: readonly PanelSpec[] = [
  {
    id: 5,
    title: 'Success against its target',
    description:
      'The share of good calls. Errors of callers and calls that they cancelled are excluded; no traffic leaves a gap, not a zero.',
    unit: 'percentunit',
    at: { x: 0, y: 4, w: 12, h: 8 },
    queries: [{ expr: successRatio(WINDOW), legend: 'success' }],
    objective: success,
  },
  {
    id: 6,
    title: 'P99 latency against its target',
    description:
      'Good calls, from request to last byte, and calls that callers cancelled after the target. Each exemplar leads to its trace; the second line is made of kept traces only, as the exemplars are.',
    unit: 's',
    at: { x: 12, y: 4, w: 12, h: 8 },
    queries: [
      { expr: latencyP99(WINDOW), legend: 'P99' },
      {
        expr: quantile(0.99, EXEMPLAR_METRIC, WINDOW, 'gen_ai_operation_name="chat"'),
        legend: 'P99 of kept traces',
        exemplar: true,
      },
    ],
    objective: latency,
  },
  {
    id: 7,
    title: 'Calls by outcome',
    description:
      'How calls ended for their callers, after our own retries. docs/semantics.md says which outcomes are good.',
    unit: 'reqps',
    at: { x: 0, y: 12, w: 12, h: 8 },
    queries: [{ expr: rateBy(METRICS.requests.name, 'outcome', WINDOW), legend: '{{outcome}}' }],
  },
  {
    id: 8,
    title: 'Failed attempts, and the documented alert',
    description: `Failed attempts a second by upstream and error. ${documentedRule.alert} fires when one of them stays above ${documentedLimit} for ${documentedRule.for}: errors a second, not a share.`,
    unit: 'reqps',
    at: { x: 12, y: 12, w: 12, h: 8 },
    queries: [{ expr: documentedSeries, legend: '{{upstream}} {{error_type}}' }],
    objective: { value: Number(documentedLimit), badAbove: true },
  },
  {
    id: 9,
    title: 'Concurrent calls and connections',
    description:
      'Calls in flight, and the connections to the upstream: open, free, and requests that wait for one. Waiting requests mean that the pool is too small.',
    unit: 'short',
    at: { x: 0, y: 20, w: 12, h: 8 },
    queries: [
      { expr: `sum(${prometheusName(METRICS.inFlight.name)})`, legend: 'calls in flight' },
      {
        expr: `sum by (state) (${prometheusName(METRICS.pool.name)})`,
        legend: 'connections {{state}}',
      },
    ],
    noValue: 'not scraped',
  },
  {
    id: 10,
    title: 'P99 of the first token, and of our own overhead',
    description: `Time to the first token of streams, and the time that the service itself adds, whose target is ${overhead.limitMs} ms.`,
    unit: 's',
    at: { x: 12, y: 20, w: 12, h: 8 },
    queries: [
      { expr: quantile(0.99, METRICS.timeToFirstToken.name, WINDOW), legend: 'first token' },
      { expr: quantile(0.99, METRICS.overhead.name, WINDOW), legend: 'overhead' },
    ],
    objective: { value: seconds(overhead.limitMs), badAbove: true },
  },
  {
    id: 11,
    title: 'Circuits and admission',
    description:
      'Upstreams whose circuit is open or half-open (1), and calls that wait for a slot. All should be 0.',
    unit: 'short',
    at: { x: 0, y: 28, w: 12, h: 8 },
    queries: [
      {
        expr: `max by (upstream, state) (${prometheusName(METRICS.circuit.name)}{state!="closed"})`,
        legend: '{{upstream}} {{state}}',
      },
      {
        expr: `sum(${prometheusName(METRICS.admission.name)}{state="queued"})`,
        legend: 'calls waiting',
      },
    ],
    noValue: 'not scraped',
  },
  {
    id: 12,
    title: 'Retries and failover',
    description:
      'Retries, calls that failed over to another upstream, and calls that were not retried because attempts, budget or time were used up.',
    unit: 'reqps',
    at: { x: 12, y: 28, w: 12, h: 8 },
    queries: [
      { expr: rateBy(METRICS.retries.name, 'reason', WINDOW), legend: 'retried: {{reason}}' },
      {
        expr: rateBy(METRICS.failovers.name, 'upstream', WINDOW),
        legend: 'failed over to {{upstream}}',
      },
      {
        expr: rateBy(METRICS.retriesRefused.name, 'reason', WINDOW),
        legend: 'not retried: {{reason}}',
      },
    ],
  },
];

/** @returns the JSON of the dashboard, as it is committed */
export function targetsDashboard(): string {
  const dashboard = new DashboardBuilder('Claude: the two targets')
    .uid(TARGETS_UID)
    .description('More than 99.5 % success, and a P99 below 500 ms: are they met, and if not, why?')
    .tags(['claude'])
    .readonly()
    .refresh('10s')
    .time({ from: 'now-30m', to: 'now' })
    .tooltip(DashboardCursorSync.Crosshair)
    .withVariable(
      new DatasourceVariableBuilder('datasource').label('Prometheus').type('prometheus'),
    )
    .link(
      new DashboardLinkBuilder('Find one ID')
        .type(DashboardLinkType.Link)
        .url(`/d/${ONE_ID_UID}`)
        .keepTime(true),
    );
  for (const spec of STATS) dashboard.withPanel(stat(spec));
  for (const spec of GRAPHS) dashboard.withPanel(timeSeries(spec));
  return dashboardJson(dashboard);
}
