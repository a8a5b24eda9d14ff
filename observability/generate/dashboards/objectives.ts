/** Are users fine, and how much may still fail? Readable in five seconds, and Grafana's first page. */
import { METRICS } from '../../../app/telemetry/metric-catalogue.ts';
import { slo } from '../../slo.ts';
import { latencyP99, successRatio } from '../promql.ts';
import type { DashboardSpec } from './dashboard.ts';
import { above, below } from './panel-spec.ts';
import { CHOSEN, EXEMPLARS, rate, WINDOW } from './queries.ts';

const percent = (ratio: number) => `${Number((ratio * 100).toFixed(3))} %`;
const latencyS = slo.latencyP99Ms / 1000;

/** The objectives that have recordings, with what they call good. */
const OBJECTIVES = {
  availability: 'calls that succeeded',
  latency: 'calls within the limit',
  first_token: 'streams whose first token came in time',
  overhead: 'calls that we ourselves did not delay',
} as const;
type Objective = keyof typeof OBJECTIVES;
const names = Object.keys(OBJECTIVES) as Objective[];

/** A recording of an objective; recordings are by job and know no instance. */
const recorded = (objective: Objective, operation: string) =>
  `job:claude_${objective}:${operation}{job=~"$job"}`;

export const OBJECTIVES_DASHBOARD: DashboardSpec = {
  uid: 'claude-objectives',
  title: 'Claude: objectives',
  description: 'Are users fine, how much of the error budget is left, and how fast does it burn?',
  from: 'now-3h',
  refresh: '30s',
  rows: [
    {
      panels: [
        {
          kind: 'stat',
          title: 'Are users fine?',
          description:
            'No alert that pages is firing. Red means that users suffer now: the firing alerts below name the reason and lead to their runbooks.',
          unit: 'short',
          height: 6,
          filled: true,
          // Of a service that nobody scrapes nothing is known, so then there is no value.
          queries: [
            {
              expr: `(count(ALERTS{alertstate="firing",severity="page"}) or vector(0)) and on () (count(up{job=~"$job"} == 1) > 0)`,
              legend: '',
            },
          ],
          words: {
            '0': { text: 'Users are fine', color: 'green' },
          },
          limit: above(1),
          noValue: 'nothing is measured',
        },
        {
          kind: 'stat',
          title: 'Success',
          description: `The share of good calls in those that count, now and over the range shown. The target is ${percent(slo.successRatio)}; mistakes of callers and calls that they cancelled do not count.`,
          unit: 'percentunit',
          height: 6,
          max: 1,
          decimals: 2,
          queries: [{ expr: successRatio(WINDOW, CHOSEN), legend: '' }],
          limit: below(slo.successRatio),
        },
        {
          kind: 'stat',
          title: 'P99 latency',
          description: `99 of 100 calls ended within this time: good ones, and those that callers cancelled after the limit. The documented target, against the simulator, is ${slo.latencyP99Ms} ms; a live model takes longer.`,
          unit: 's',
          height: 6,
          decimals: 2,
          queries: [{ expr: latencyP99(WINDOW, CHOSEN), legend: '' }],
          limit: above(latencyS),
        },
        {
          kind: 'stat',
          title: 'Error budget left',
          description: `What is left of the ${percent(1 - slo.successRatio)} of calls that may fail in 30 days. At 0 the objective is missed, and reliability goes before features.`,
          unit: 'percentunit',
          height: 6,
          max: 1,
          decimals: 0,
          queries: [{ expr: recorded('availability', 'budget_left30d'), legend: '' }],
          limit: below(0, 0.25),
        },
      ],
    },
    {
      title: 'Why',
      panels: [
        {
          kind: 'table',
          title: 'Firing alerts',
          description:
            'Every alert that fires, with what it is about. A click on its name opens its runbook, which says what to look at first.',
          unit: 'short',
          width: 12,
          queries: [{ expr: 'ALERTS{alertstate="firing",alertname!="Watchdog"}', legend: '' }],
          columns: {
            severity: 'Severity',
            alertname: 'Alert',
            upstream: 'Upstream',
            model: 'Model',
            instance: 'Instance',
          },
          noValue: 'none',
        },
        {
          kind: 'lines',
          title: 'Calls by outcome',
          description:
            'How calls ended for their callers, after our own retries. Outcomes other than success, of callers’ mistakes and of cancelled calls use up the budget.',
          unit: 'reqps',
          stacked: true,
          min: 0,
          queries: [{ expr: rate(METRICS.requests.name, ['outcome']), legend: '{{outcome}}' }],
        },
      ],
    },
    {
      title: 'Error budgets',
      panels: [
        {
          kind: 'lines',
          title: 'Budget left',
          description:
            'The share that is left of each objective’s error budget of 30 days: 1 is all, below 0 the objective is missed. A steady slope to 0 at the end of the 30 days is what a budget is for.',
          unit: 'percentunit',
          max: 1,
          queries: names.map((name) => ({
            expr: recorded(name, 'budget_left30d'),
            legend: `${name} {{job}}`,
          })),
          limit: below(0, 0.25),
        },
        {
          kind: 'lines',
          title: 'Burn rate over an hour',
          description:
            'How fast the budget of availability burns: 1 uses it up in exactly 30 days, 14.4 in two days and pages.',
          unit: 'none',
          min: 0,
          queries: [
            {
              expr: `${recorded('availability', 'error_ratio_rate1h')} / ${1 - slo.successRatio}`,
              legend: '{{job}} 1 h',
            },
            {
              expr: `${recorded('availability', 'error_ratio_rate6h')} / ${1 - slo.successRatio}`,
              legend: '{{job}} 6 h',
            },
          ],
          limit: above(14.4, 1),
        },
      ],
    },
    {
      title: 'The two targets over time',
      panels: [
        {
          kind: 'lines',
          title: 'Success against its target',
          description:
            'The share of good calls in those that count. Without traffic there is a gap, never a zero.',
          unit: 'percentunit',
          max: 1,
          queries: [{ expr: successRatio(WINDOW, CHOSEN), legend: 'success' }],
          limit: below(slo.successRatio),
        },
        {
          kind: 'lines',
          title: 'P99 latency against its target',
          description:
            'The points on the second line are kept traces: a click opens one. That line is made of kept traces only, so it shows where they lie and not how slow the calls were.',
          unit: 's',
          min: 0,
          queries: [
            { expr: latencyP99(WINDOW, CHOSEN), legend: 'P99' },
            {
              expr: EXEMPLARS,
              legend: 'P99 of kept traces',
              exemplar: true,
            },
          ],
          limit: above(latencyS),
        },
      ],
    },
  ],
};
