/** The part of the dashboard of calls that shows attempts at upstreams: failures, retries, circuits, failover. */
import { METRICS } from '../../../app/telemetry/metric-catalogue.ts';
import { documentedRule, thresholds } from '../../slo.ts';
import { above, below, type RowSpec } from './panel-spec.ts';
import { highest, mean, rate, series, share, sum } from './queries.ts';

const [, documentedLimit = ''] = documentedRule.expr.split(' > ');
const OPEN = { '0': { text: 'closed', color: 'green' }, '1': { text: 'open', color: 'red' } };

export const ATTEMPTS_ROWS: readonly RowSpec[] = [
  {
    title: 'Attempts and retries',
    panels: [
      {
        kind: 'lines',
        title: 'Failed attempts, and the documented alert',
        description: `Failed attempts a second, by instance, upstream and error. ${documentedRule.alert} fires when one line stays above ${documentedLimit} for ${documentedRule.for}: errors a second, not a share.`,
        unit: 'reqps',
        min: 0,
        queries: [
          {
            expr: `rate(${series(METRICS.errors)}[$__rate_interval])`,
            legend: '{{instance}} {{upstream}} {{error_type}}',
          },
        ],
        limit: above(Number(documentedLimit)),
        // biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of Grafana's
        traces: '{ span.claude.upstream = "${__field.labels.upstream}" && status = error }',
      },
      {
        kind: 'lines',
        title: 'Share of attempts that fail',
        description:
          'By upstream, failures of the caller left out. At a third and more the retry budget empties, and nothing is retried.',
        unit: 'percentunit',
        min: 0,
        max: 1,
        queries: [
          {
            expr: `${rate(METRICS.errors, ['upstream'])} / (${rate(METRICS.attempts, ['upstream'])} > 0)`,
            legend: '{{upstream}}',
          },
        ],
        limit: above(1 / 3),
      },
      {
        kind: 'lines',
        title: 'Causes in the network',
        description:
          'Why the network failed attempts. `local` means that this machine lacks descriptors, ports or memory.',
        unit: 'reqps',
        width: 8,
        min: 0,
        queries: [
          {
            expr: rate(METRICS.networkErrors, ['upstream', 'cause']),
            legend: '{{upstream}} {{cause}}',
          },
        ],
      },
      {
        kind: 'lines',
        title: 'Retries, and why not',
        description:
          'Retries by the outcome before them, and failures that were not retried because attempts, budget or time were used up.',
        unit: 'reqps',
        width: 8,
        min: 0,
        queries: [
          { expr: rate(METRICS.retries, ['reason']), legend: 'retried: {{reason}}' },
          { expr: rate(METRICS.retriesRefused, ['reason']), legend: 'not retried: {{reason}}' },
        ],
      },
      {
        kind: 'lines',
        title: 'Attempts for each call',
        description: `How much our retries multiply the load of the upstream: 1 is none. Beyond ${thresholds.attemptsPerCall} they rather hinder its recovery.`,
        unit: 'none',
        width: 8,
        min: 1,
        decimals: 2,
        queries: [{ expr: mean(METRICS.attemptsPerCall, ['operation']), legend: '{{operation}}' }],
        limit: above(thresholds.attemptsPerCall),
      },
    ],
  },
  {
    title: 'Upstreams',
    panels: [
      {
        kind: 'stat',
        title: 'Circuits',
        description:
          'An open circuit keeps calls away from an upstream that fails. Calls go to the next upstream, or fail at once if there is none.',
        unit: 'short',
        width: 6,
        height: 8,
        queries: [
          { expr: highest(METRICS.circuit, ['upstream'], 'state="open"'), legend: '{{upstream}}' },
        ],
        words: OPEN,
        limit: above(1),
        noValue: 'not scraped',
      },
      {
        kind: 'lines',
        title: 'Attempts by upstream',
        description:
          'Where the load goes. It should follow the priorities and weights of the upstreams.',
        unit: 'reqps',
        width: 6,
        stacked: true,
        min: 0,
        queries: [{ expr: rate(METRICS.attempts, ['upstream']), legend: '{{upstream}}' }],
      },
      {
        kind: 'lines',
        title: 'Failover',
        description:
          'Calls a second that failed over to an upstream. Those that an open circuit sends elsewhere at once are not among them.',
        unit: 'reqps',
        width: 6,
        min: 0,
        queries: [{ expr: rate(METRICS.failovers, ['upstream']), legend: 'to {{upstream}}' }],
        noValue: 'not scraped',
      },
      {
        kind: 'lines',
        title: 'Retries left',
        description:
          'The retries that the budget of the poorest instance allows. At 0 no failure is retried.',
        unit: 'short',
        width: 6,
        min: 0,
        queries: [{ expr: `min(${series(METRICS.retryBudget)})`, legend: 'retries left' }],
        limit: below(1),
        noValue: 'not scraped',
      },
      {
        kind: 'lines',
        title: 'Connections of the pool',
        description:
          'Connections to the upstreams that are open or free, and requests that wait for one. Requests that wait mean that the pool is too small.',
        unit: 'short',
        min: 0,
        queries: [
          { expr: sum(METRICS.pool, ['state']), legend: '{{state}}' },
          { expr: sum(METRICS.poolLimit), legend: 'limit' },
        ],
        noValue: 'not scraped',
      },
      {
        kind: 'lines',
        title: 'Streams that were cut, and calls shed',
        description:
          'The share of calls whose answer ended before its end, and of those that we refused ourselves because all slots were taken.',
        unit: 'percentunit',
        min: 0,
        queries: [
          { expr: share(METRICS.requests, 'outcome="truncated"'), legend: 'truncated' },
          { expr: share(METRICS.requests, 'outcome="shed"'), legend: 'shed' },
        ],
        limit: above(Math.min(thresholds.truncatedRatio, thresholds.shedRatio)),
      },
    ],
  },
];
