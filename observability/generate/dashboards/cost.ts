/** Where the money and the tokens go, and whether the budget will do. */
import { METRICS } from '../../../app/telemetry/metric-catalogue.ts';
import { thresholds } from '../../slo.ts';
import type { DashboardSpec } from './dashboard.ts';
import { above, type PanelSpec, type RowSpec } from './panel-spec.ts';
import { highest, rate, series } from './queries.ts';

const DAY_S = 86_400;
const HOUR_S = 3_600;
/** Hours of spending, recorded by job: a month of them is read at once. */
const SPENT_IN_A_MONTH =
  'sum by (job) (sum_over_time(job:claude_cost_dollars:increase1h{job=~"$job"}[30d:1h]))';
/** Tokens of a prompt, however they are priced. */
const PROMPT = 'type=~"input|cache_read|cache_write_5m|cache_write_1h"';
const BUDGET = thresholds.spendDollarsPerMonth;
/** The budget, spread evenly over a month. */
const DOLLARS_A_DAY = BUDGET / 30;
const HAS_BUDGET = BUDGET > 0;

const SPENT: PanelSpec = {
  kind: 'stat',
  title: 'Spent in 30 days',
  description: 'List price of all calls of the last 30 days, by job. No budget is set.',
  unit: 'currencyUSD',
  height: 6,
  decimals: 0,
  // The sum has a value for each hour that has ended.
  noValue: 'no full hour yet',
  queries: [{ expr: SPENT_IN_A_MONTH, legend: '{{job}}' }],
};
const SPENT_OF_BUDGET: PanelSpec = {
  ...SPENT,
  title: 'Part of the month’s budget spent',
  description: `List price of the last 30 days against ${BUDGET} $, by job. At 1 the budget is spent, and an alert says so.`,
  unit: 'percentunit',
  queries: [{ expr: `${SPENT_IN_A_MONTH} / ${BUDGET}`, legend: '{{job}}' }],
  limit: above(1, 0.8),
};

const SPEND: RowSpec = {
  panels: [
    {
      kind: 'stat',
      title: 'Spend at this pace, a day',
      description: `List price of what calls use now, taken over a whole day.${HAS_BUDGET ? ` The budget of ${BUDGET} $ a month allows ${DOLLARS_A_DAY.toFixed(0)} $.` : ''}`,
      unit: 'currencyUSD',
      height: 6,
      decimals: 2,
      queries: [{ expr: `${rate(METRICS.cost)} * ${DAY_S}`, legend: '' }],
      ...(HAS_BUDGET && {
        limit: above(thresholds.spendRateBudgets * DOLLARS_A_DAY, DOLLARS_A_DAY),
      }),
    },
    {
      kind: 'stat',
      title: 'Spent in 24 hours',
      description: 'List price of all calls of the last 24 hours, whatever range is shown.',
      unit: 'currencyUSD',
      height: 6,
      decimals: 2,
      queries: [{ expr: `sum(increase(${series(METRICS.cost)}[1d]))`, legend: '' }],
    },
    HAS_BUDGET ? SPENT_OF_BUDGET : SPENT,
    {
      kind: 'stat',
      title: 'A call costs',
      description:
        'What a call that used tokens costs on average. A jump without a new model means longer prompts, longer answers or a cache that no longer hits.',
      unit: 'currencyUSD',
      height: 6,
      decimals: 4,
      queries: [
        {
          expr: `${rate(METRICS.cost)} / (${rate(METRICS.stopReasons)} > 0)`,
          legend: '',
        },
      ],
    },
    {
      kind: 'lines',
      title: 'Dollars an hour by model',
      description:
        'List price of what calls use, failed attempts included. Which model costs most is often not the one that is called most.',
      unit: 'currencyUSD',
      stacked: true,
      min: 0,
      queries: [{ expr: `${rate(METRICS.cost, ['model'])} * ${HOUR_S}`, legend: '{{model}}' }],
    },
    {
      kind: 'lines',
      title: 'Dollars an hour by caller',
      description:
        'List price of what each caller uses; `anybody` is whoever has no token of a caller.',
      unit: 'currencyUSD',
      stacked: true,
      min: 0,
      queries: [{ expr: `${rate(METRICS.cost, ['caller'])} * ${HOUR_S}`, legend: '{{caller}}' }],
    },
  ],
};

const TOKENS: RowSpec = {
  title: 'Tokens',
  panels: [
    {
      kind: 'lines',
      title: 'Tokens by type',
      description:
        'Tokens a second that upstreams report. `output_estimated` is our estimate of what cut streams produced beyond their last report.',
      unit: 'cps',
      min: 0,
      logarithmic: true,
      queries: [{ expr: rate(METRICS.tokens, ['type']), legend: '{{type}}' }],
    },
    {
      kind: 'lines',
      title: 'Tokens by model',
      description:
        'Tokens a second of all types. Limits of the API are by model family, so this is what fills them.',
      unit: 'cps',
      min: 0,
      stacked: true,
      queries: [{ expr: rate(METRICS.tokens, ['model']), legend: '{{model}}' }],
    },
    {
      kind: 'lines',
      title: 'Tokens by caller',
      description: 'Tokens a second of all types, by caller: who fills the limits.',
      unit: 'cps',
      min: 0,
      stacked: true,
      queries: [{ expr: rate(METRICS.callerTokens, ['caller']), legend: '{{caller}}' }],
    },
    {
      kind: 'lines',
      title: 'Thinking in the output',
      description:
        'The share of output tokens that nobody sees, as the model thinks with them. They cost as much as the others.',
      unit: 'percentunit',
      min: 0,
      max: 1,
      queries: [
        {
          expr: `${rate(METRICS.tokens, ['model'], 'type="thinking"')} / (${rate(METRICS.tokens, ['model'], 'type=~"output|thinking"')} > 0)`,
          legend: '{{model}}',
        },
      ],
    },
  ],
};

const CACHE: RowSpec = {
  title: 'Prompt cache',
  panels: [
    {
      kind: 'lines',
      title: 'Tokens read from the cache',
      description:
        'Their share in all tokens of prompts. A cached token costs about a tenth, so a collapse shows in the bill.',
      unit: 'percentunit',
      width: 8,
      min: 0,
      max: 1,
      queries: [
        {
          expr: `${rate(METRICS.tokens, ['model'], 'type="cache_read"')} / (${rate(METRICS.tokens, ['model'], PROMPT)} > 0)`,
          legend: '{{model}}',
        },
      ],
    },
    {
      kind: 'lines',
      title: 'Why the cache missed',
      description:
        'As the API diagnoses it. `system_changed` and `tools_changed` are usually a time or an order that varies in the prompt.',
      unit: 'mps',
      width: 8,
      min: 0,
      stacked: true,
      queries: [{ expr: rate(METRICS.cacheMisses, ['reason']), legend: '{{reason}}' }],
      noValue: 'no diagnosis',
    },
    {
      kind: 'lines',
      title: 'Tokens written to the cache',
      description:
        'A write costs a quarter more than plain input, for an hour twice as much: more writes than reads is a loss.',
      unit: 'cps',
      width: 8,
      min: 0,
      queries: [
        {
          expr: rate(METRICS.tokens, ['type'], 'type=~"cache_write_5m|cache_write_1h"'),
          legend: '{{type}}',
        },
        { expr: rate(METRICS.tokens, ['type'], 'type="cache_read"'), legend: '{{type}}' },
      ],
    },
  ],
};

const GAPS: RowSpec = {
  title: 'What the dollars do not know',
  panels: [
    {
      kind: 'stat',
      title: 'Age of the price table',
      description: `Since it was last compared with the published prices. Beyond ${thresholds.priceTableAgeDays} days the dollars are a guess.`,
      unit: 's',
      width: 8,
      height: 8,
      decimals: 0,
      queries: [{ expr: highest(METRICS.priceTableAge), legend: '' }],
      limit: above(thresholds.priceTableAgeDays * DAY_S),
      noValue: 'not scraped',
    },
    {
      kind: 'lines',
      title: 'Unpriced calls',
      description:
        'Calls a second of models that the price table does not know: what they cost is missing above. Add the model to the table.',
      unit: 'reqps',
      width: 8,
      min: 0,
      queries: [{ expr: rate(METRICS.unpriced, ['model']), legend: '{{model}}' }],
      noValue: 'every call has a price',
    },
    {
      kind: 'lines',
      title: 'Usage that was no count',
      description:
        'Fields of reported usage that were missing their number and were ignored. Any means that an upstream is broken, or the API has changed.',
      unit: 'cps',
      width: 8,
      min: 0,
      queries: [{ expr: rate(METRICS.malformedUsage), legend: 'fields' }],
      noValue: 'none',
    },
  ],
};

export const COST_DASHBOARD: DashboardSpec = {
  uid: 'claude-cost',
  title: 'Claude: tokens and cost',
  description: 'Where do the money and the tokens go, and will the budget do?',
  from: 'now-6h',
  refresh: '1m',
  rows: [SPEND, TOKENS, CACHE, GAPS],
};
