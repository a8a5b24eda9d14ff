/** The load's own view beside the server's: where they differ, something between them is slow. */

import { METRICS } from '../../../app/telemetry/metric-catalogue.ts';
import { METRIC } from '../../../loadtest/scenarios/metrics.ts';
import { MAX_LAG_MS } from '../../../loadtest/scenarios/thresholds.ts';
import type { Profile } from '../../slo.ts';
import { latencyP99, successRatio } from '../promql.ts';
import type { DashboardSpec } from './dashboard.ts';
import { limitOf } from './limits.ts';
import { above, below, type PanelSpec } from './panel-spec.ts';
import { CHOSEN, quantile, rate, WINDOW } from './queries.ts';

const NO_LOAD = 'no load writes its results here';

/**
 * The load writes its results by remote write, with names of k6: `k6_` before a metric's name, and after it
 * `_total` for counters, `_rate` for rates and `_p99` for trends. A trend that is declared to be of times is sent in
 * seconds, whatever its name says (`adaptUnit` in k6's internal/output/prometheusrw/remotewrite/trend.go). These series
 * come from no scrape, so they have neither job nor instance.
 */
const k6 = {
  counter: (name: string, labels: string) =>
    `sum by (${labels}) (rate(k6_${name}_total[${WINDOW}]))`,
  share: (name: string) => `min(k6_${name}_rate)`,
  /** Since the run began: k6 keeps all samples. */
  p99: (name: string, labels: string) => `max by (${labels}) (k6_${name}_p99)`,
};

const CALLS: PanelSpec = {
  kind: 'lines',
  title: 'Calls a second',
  description:
    'What the load asks for, and what the server counts. A server that counts fewer has callers who do not get through.',
  unit: 'reqps',
  min: 0,
  queries: [
    { expr: k6.counter(METRIC.calls, 'call_type'), legend: 'load: {{call_type}}' },
    { expr: rate(METRICS.requests.name, ['stream']), legend: 'server: stream {{stream}}' },
  ],
  noValue: NO_LOAD,
};

function judged(profile: Profile): PanelSpec[] {
  const { availability } = profile.objectives;
  return [
    {
      kind: 'lines',
      title: 'Success',
      description: `Answers that the load judged as good by their content, and calls that the server counted as good. Both shall stay above ${availability.goodRatio * 100} %.`,
      unit: 'percentunit',
      max: 1,
      queries: [
        { expr: k6.share(METRIC.success), legend: 'load: good answers' },
        { expr: successRatio(WINDOW, CHOSEN), legend: 'server: good calls' },
      ],
      limit: below(availability.goodRatio),
      noValue: NO_LOAD,
    },
    {
      kind: 'lines',
      title: 'P99 latency',
      description:
        'The load measures from its socket, the server from the request on. The distance between them is the network, or a queue before the server.',
      unit: 's',
      min: 0,
      queries: [
        { expr: k6.p99(METRIC.durationMs, 'call_type'), legend: 'load: {{call_type}}' },
        {
          expr: k6.p99('http_req_duration', 'scenario'),
          legend: 'load, any answer: {{scenario}}',
        },
        { expr: latencyP99(WINDOW, CHOSEN), legend: 'server' },
      ],
      ...limitOf(profile, 'latency'),
      noValue: NO_LOAD,
    },
  ];
}

function ownTime(profile: Profile): PanelSpec {
  return {
    kind: 'lines',
    title: 'P99 of the server’s own time',
    description:
      'As the load reads it in each answer, and as the server measures it. They must agree, or one of them is wrong.',
    unit: 's',
    min: 0,
    queries: [
      { expr: k6.p99(METRIC.overheadMs, 'call_type'), legend: 'load: {{call_type}}' },
      { expr: quantile(0.99, METRICS.overhead), legend: 'server' },
    ],
    ...limitOf(profile, 'overhead'),
    noValue: NO_LOAD,
  };
}

function streams(profile: Profile): PanelSpec[] {
  return [
    {
      kind: 'lines',
      title: 'P99 until the first text of a stream',
      description:
        'What a reader waits for, as the load sees it and as the server does. k6 reads answers whole, so only the driver in Node has the load’s.',
      unit: 's',
      min: 0,
      queries: [
        { expr: k6.p99(METRIC.firstTextMs, 'call_type'), legend: 'load: {{call_type}}' },
        { expr: quantile(0.99, METRICS.timeToFirstText), legend: 'server' },
      ],
      ...limitOf(profile, 'first_token'),
      noValue: NO_LOAD,
    },
    {
      kind: 'lines',
      title: 'P99 of the longest silence in a stream',
      description:
        'Where the load sees longer ones than the server, they come from the way between them. k6 has none, as above.',
      unit: 's',
      min: 0,
      queries: [
        { expr: k6.p99(METRIC.longestGapMs, 'call_type'), legend: 'load: {{call_type}}' },
        { expr: quantile(0.99, METRICS.longestGap), legend: 'server' },
      ],
      noValue: NO_LOAD,
    },
  ];
}

const DRIVEN: readonly PanelSpec[] = [
  {
    kind: 'lines',
    title: 'P99 of the driver’s own lag',
    description:
      'How much later than due calls began. Beyond the line the driver is the bottleneck, and its figures say nothing about the service.',
    unit: 's',
    width: 6,
    min: 0,
    queries: [{ expr: k6.p99(METRIC.driverLagMs, 'scenario'), legend: '{{scenario}}' }],
    limit: above(MAX_LAG_MS / 1_000),
    noValue: NO_LOAD,
  },
  {
    kind: 'lines',
    title: 'Virtual users',
    description:
      'How many are at work. Since calls arrive at a fixed rate, more users mean slower answers.',
    unit: 'short',
    width: 6,
    min: 0,
    queries: [
      { expr: 'sum(k6_vus)', legend: 'at work' },
      { expr: 'sum(k6_vus_max)', legend: 'most' },
    ],
    noValue: NO_LOAD,
  },
  {
    kind: 'lines',
    title: 'Iterations, and those that were dropped',
    description:
      'A dropped iteration found no free user: the load could not keep its rate, and its numbers are too good.',
    unit: 'cps',
    width: 6,
    min: 0,
    queries: [
      { expr: k6.counter('iterations', 'scenario'), legend: '{{scenario}}' },
      { expr: k6.counter('dropped_iterations', 'scenario'), legend: 'dropped: {{scenario}}' },
    ],
    noValue: NO_LOAD,
  },
  {
    kind: 'lines',
    title: 'Requests by status',
    description: 'What the load got. Compare with the outcomes on the dashboard of calls.',
    unit: 'reqps',
    width: 6,
    min: 0,
    stacked: true,
    queries: [{ expr: k6.counter('http_reqs', 'status'), legend: '{{status}}' }],
    noValue: NO_LOAD,
  },
];

export function loadTestDashboard(profile: Profile): DashboardSpec {
  return {
    uid: 'claude-load-test',
    title: 'Claude: load test',
    description: 'What the load sees beside what the server says of itself.',
    from: 'now-15m',
    refresh: '5s',
    rows: [
      { panels: [CALLS, ...judged(profile), ownTime(profile), ...streams(profile), ...DRIVEN] },
    ],
  };
}
