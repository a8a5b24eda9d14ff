/** Are users fine, and how much may still fail? Readable in five seconds, and Grafana's first page. */
import { METRICS } from '../../../app/telemetry/metric-catalogue.ts';
import { documentedRule, type ObjectiveName, type Profile, slo, thresholds } from '../../slo.ts';
import { latencyP99, successRatio } from '../promql.ts';
import { HISTOGRAMS } from '../rules/events.ts';
import { budgetOf, objectivesOf, recorded as recordedName } from '../rules/recording.ts';
import type { DashboardSpec } from './dashboard.ts';
import {
  above,
  below,
  type Limit,
  type PanelSpec,
  type Query,
  type RowSpec,
} from './panel-spec.ts';
import { CHOSEN, EXEMPLARS, firing, quantile, rate, WINDOW } from './queries.ts';

const { budgetWindow, burnRates } = slo;
const percent = (ratio: number) => `${Number((ratio * 100).toFixed(3))} %`;

/** A recording of an objective; recordings are by job and know no instance. */
const recorded = (objective: ObjectiveName, operation: string) =>
  `${recordedName(objective, operation)}{job=~"$job"}`;
const budgetLeft = (objective: ObjectiveName) => recorded(objective, `budget_left${budgetWindow}`);

const OURS = 'job=~"$job"';
/** Alerts that concern the chosen jobs, or no job at all. The documented one lacks the label of the pack. */
const CONCERNED = 'job=~"$job|"';
const ALL_FIRING = `${firing('alertname!="Watchdog"', CONCERNED)} or ALERTS{alertstate="firing",alertname="${documentedRule.alert}",${CONCERNED}}`;

/** Orange is the last quarter. */
const BUDGET = below(0, 0.25);

/** How fast users are served: the whole call, or where no objective speaks of it the first token. */
interface Speed {
  readonly title: string;
  readonly description: string;
  readonly query: Query;
  readonly limit: Limit;
}

function speedOf({ objectives }: Profile): Speed {
  const { latency, first_token } = objectives;
  if (latency) {
    return {
      title: 'P99 latency',
      description: `99 of 100 calls ended within this time: good ones, and those that callers cancelled after the limit. The target of ${latency.limitMs} ms is met against the simulator; a live model takes longer.`,
      query: { expr: latencyP99(WINDOW, CHOSEN), legend: 'P99' },
      limit: above((latency.limitMs ?? 0) / 1_000),
    };
  }
  return {
    title: 'P99 of the first token',
    description: `99 of 100 streams had their first token within this time. The target is ${first_token?.limitMs} ms.`,
    query: { expr: quantile(0.99, HISTOGRAMS.first_token.name), legend: 'P99' },
    limit: above((first_token?.limitMs ?? 0) / 1_000),
  };
}

/** The jobs of the service: their instances say so themselves. */
const SCRAPED = `${METRICS.buildInfo.name}{${OURS}}`;
/** Instances that nobody sees: users may be fine there or not. The first alert waits, so a job may just have gone too. */
const UNSEEN = [
  firing('alertname="ScrapeTargetAbsent"', OURS),
  `(${firing('alertname="ScrapeTargetDown"', OURS)} and on (job) ${SCRAPED})`,
  `(last_over_time(${SCRAPED}[1h]) unless on (job) ${SCRAPED})`,
].join(' or ');

/** The first page waits to be sure: before it, more calls of the last five minutes may fail than are allowed to. */
const failing = ({ objectives: { availability } }: Profile) =>
  `${recorded('availability', 'error_ratio_rate5m')} > ${budgetOf(availability)}`;

const fine = (profile: Profile): PanelSpec => ({
  kind: 'stat',
  title: 'Are users fine?',
  description:
    'Fine means that no alert on what users feel pages anybody, that no more calls of the last five minutes failed than are allowed to, and that every instance is scraped. If it is red, the table below names the alerts and leads to their runbooks.',
  ...{ unit: 'short', height: 6, filled: true },
  // Of a service that was never scraped nothing is known, so then there is no value.
  queries: [
    {
      expr: [
        `count(${firing('severity="page"', 'kind="symptom"', OURS)})`,
        `0 * count(${UNSEEN}) - 1`,
        `0 * count(${failing(profile)}) - 2`,
        `0 * count(${SCRAPED})`,
      ].join(' or '),
      legend: '',
    },
  ],
  words: {
    '-2': { text: 'More calls fail than allowed', color: 'orange' },
    '-1': { text: 'Not known: instances are not scraped', color: 'orange' },
    '0': { text: 'Users are fine', color: 'green' },
  },
  wordsFrom: { from: 1, text: 'Users suffer', color: 'red' },
  limit: above(1),
  noValue: 'nothing is measured',
});

function atAGlance(profile: Profile, speed: Speed): RowSpec {
  const { availability } = profile.objectives;
  const success: PanelSpec = {
    kind: 'stat',
    title: 'Success',
    description: `The share of good calls in those that count. The target is ${percent(availability.goodRatio)}; mistakes of callers and calls that they cancelled do not count.`,
    ...{ unit: 'percentunit', height: 6, max: 1, decimals: 2 },
    queries: [{ expr: successRatio(WINDOW, CHOSEN), legend: '' }],
    limit: below(availability.goodRatio),
  };
  const left: PanelSpec = {
    kind: 'stat',
    title: 'Error budget left',
    description: `What is left of the ${percent(budgetOf(availability))} of calls that may fail in ${budgetWindow}. At 0 the objective is missed, and reliability goes before features.`,
    ...{ unit: 'percentunit', height: 6, max: 1, decimals: 0 },
    queries: [{ expr: budgetLeft('availability'), legend: '' }],
    limit: BUDGET,
  };
  const { title, description, limit } = speed;
  const fast: PanelSpec = {
    kind: 'stat',
    ...{ title, description, limit },
    ...{ unit: 's', height: 6, decimals: 2, noValue: 'no success' },
    queries: [{ ...speed.query, legend: '' }],
  };
  return { panels: [fine(profile), success, fast, left] };
}

const WHY: RowSpec = {
  title: 'Why',
  panels: [
    {
      kind: 'table',
      title: 'Firing alerts',
      description:
        'Every alert that fires, with what it is about. A click on its name opens its runbook, which says what to look at first.',
      ...{ unit: 'short', width: 12 },
      queries: [{ expr: ALL_FIRING, legend: '' }],
      columns: {
        ...{ severity: 'Severity', alertname: 'Alert', job: 'Job', upstream: 'Upstream' },
        ...{ model: 'Model', caller: 'Caller', instance: 'Instance' },
      },
      pages: {
        column: 'alertname',
        title: 'Runbook',
        // biome-ignore lint/suspicious/noTemplateCurlyInString: variables of Grafana's
        url: '${runbooks:raw}/${__value.raw}.md',
      },
      noValue: 'none',
    },
    {
      kind: 'lines',
      title: 'Calls by outcome',
      description:
        'How calls ended for their callers, after our own retries. Whatever is neither a success, nor a mistake of the caller, nor cancelled uses up the budget.',
      ...{ unit: 'reqps', stacked: true, min: 0 },
      queries: [{ expr: rate(METRICS.requests.name, ['outcome']), legend: '{{outcome}}' }],
    },
  ],
};

function burnRate({ objectives: { availability } }: Profile): PanelSpec {
  const [fastest] = burnRates;
  return {
    kind: 'lines',
    title: 'Burn rate',
    description: `How fast the budget of availability burns: 1 uses it up in exactly ${budgetWindow}, ${fastest?.factor} over ${fastest?.long} pages.`,
    ...{ unit: 'none', width: 8, min: 0 },
    queries: burnRates.map(({ long }) => ({
      expr: `${recorded('availability', `error_ratio_rate${long}`)} / ${budgetOf(availability)}`,
      legend: `{{job}} ${long}`,
    })),
    limit: above(fastest?.factor ?? 1, 1),
  };
}

function budgets(profile: Profile): RowSpec {
  const names = objectivesOf(profile).map(([name]) => name);
  const left: PanelSpec = {
    kind: 'lines',
    title: 'Budget left',
    description: `The share that is left of each objective’s error budget of ${budgetWindow}: 1 is all, below 0 the objective is missed. A slope that would just reach 0 at the end is what a budget is for.`,
    ...{ unit: 'percentunit', width: 8, max: 1 },
    queries: names.map((name) => ({ expr: budgetLeft(name), legend: `${name} {{job}}` })),
    limit: BUDGET,
  };
  const usedUp: PanelSpec = {
    kind: 'stat',
    title: 'Until the budget is used up',
    description:
      'At the pace of the last day, by objective. Without failures there is no such day, and a negative time means that it is used up.',
    ...{ unit: 's', width: 8, height: 8, decimals: 0 },
    queries: names.map((name) => ({
      expr: `${recorded(name, 'budget_used_up_timestamp')} - time()`,
      legend: `${name} {{job}}`,
    })),
    limit: below(0, thresholds.budgetRunsOutDays * 86_400),
    noValue: 'nothing fails',
  };
  return { title: 'Error budgets', panels: [left, burnRate(profile), usedUp] };
}

function targets({ objectives: { availability } }: Profile, speed: Speed): RowSpec {
  return {
    title: 'The two targets over time',
    panels: [
      {
        kind: 'lines',
        title: 'Success against its target',
        description:
          'The share of good calls in those that count. Without traffic there is a gap, never a zero.',
        ...{ unit: 'percentunit', max: 1 },
        queries: [{ expr: successRatio(WINDOW, CHOSEN), legend: 'success' }],
        limit: below(availability.goodRatio),
      },
      {
        kind: 'lines',
        title: `${speed.title} against its target`,
        description:
          'The points on the second line are kept traces: a click opens one. That line is made of kept traces only, so it shows where they lie and not how slow the calls were.',
        ...{ unit: 's', min: 0 },
        queries: [speed.query, { expr: EXEMPLARS, legend: 'P99 of kept traces', exemplar: true }],
        limit: speed.limit,
      },
    ],
  };
}

export function objectivesDashboard(profile: Profile): DashboardSpec {
  const speed = speedOf(profile);
  return {
    uid: 'claude-objectives',
    title: 'Claude: objectives',
    description: 'Are users fine, how much of the error budget is left, and how fast does it burn?',
    from: 'now-3h',
    refresh: '30s',
    rows: [atAGlance(profile, speed), WHY, budgets(profile), targets(profile, speed)],
  };
}
