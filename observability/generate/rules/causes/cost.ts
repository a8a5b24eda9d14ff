/** Alerts on money, and the recording that makes a month of it cheap to read. */
import { slo, thresholds } from '../../../slo.ts';
import type { Alert } from '../alert.ts';
import type { Recording } from '../write.ts';
import { all, grown, series } from './expressions.ts';

/** Dollars of the last hour, by job; longer windows add these up. */
export const COST_RECORDED = `${slo.level.join('_')}:claude_cost_dollars:increase1h`;
export const COST_RECORDINGS: readonly Recording[] = [
  { record: COST_RECORDED, expr: `sum by (job) (increase(${series('cost')}[1h]))` },
];

const BUDGET = thresholds.spendDollarsPerMonth;
/** Hours of 30 days. */
const HOURS = 720;
const spent = (window: string) => `sum_over_time(${COST_RECORDED}[${window}:1h])`;
const tokens = (types: string, range: string) =>
  `sum by (job, model) (increase(${series('tokens', `type=~"${types}"`)}[${range}))`;
const PROMPT = 'input|cache_.+';
const HIT_SHARE = `${tokens('cache_read', '1h]')} / ${tokens(PROMPT, '1h]')}`;
const HIT_SHARE_BEFORE = `${tokens('cache_read', '1d] offset 1h')} / ${tokens(PROMPT, '1d] offset 1h')}`;

const SPEND_CAUSES: readonly Alert[] = [
  {
    alert: 'ClaudeSpendOverBudget',
    severity: 'ticket',
    because: 'Nobody is hurt tonight, and whoever owns the budget has to decide.',
    expr: `${spent('30d')} > ${BUDGET}`,
    for: '2h',
    summary: '{{ $value | printf "%.2f" }} dollars were spent in 30 days on {{ $labels.job }}',
    description:
      'List prices of what calls used in the last 30 days exceed the budget of a month. The invoice goes by calendar months and may have discounts.',
    dashboard: 'claude-cost',
  },
  {
    alert: 'ClaudeSpendRateHigh',
    severity: 'ticket',
    because: 'A loop that nobody watches spends a month’s budget in a weekend.',
    // Over 6 hours, and still so in the last one.
    expr: all(
      `${spent('6h')} * ${HOURS / 6} / ${BUDGET} > ${thresholds.spendRateBudgets}`,
      `${COST_RECORDED} * ${HOURS} / ${BUDGET} > ${thresholds.spendRateBudgets}`,
    ),
    for: '30m',
    summary: 'Spending at {{ $value | printf "%.1f" }} times the budget on {{ $labels.job }}',
    description:
      'If the last 6 hours went on for 30 days, they would cost this many times the budget of a month.',
    dashboard: 'claude-cost',
  },
];

export const COST_CAUSES: readonly Alert[] = [
  // Without a budget there is nothing to compare with.
  ...(BUDGET > 0 ? SPEND_CAUSES : []),
  {
    alert: 'ClaudeCacheHitsCollapsed',
    severity: 'ticket',
    because: 'Answers stay right while each prompt costs up to ten times as much and begins later.',
    expr: all(
      `${HIT_SHARE} < ${thresholds.cacheHitsRemainingRatio} * ${HIT_SHARE_BEFORE}`,
      `${HIT_SHARE_BEFORE} > ${thresholds.cacheHitRatio}`,
      `${tokens(PROMPT, '1h]')} >= ${thresholds.cacheTokensPerHour}`,
    ),
    for: '30m',
    summary:
      'Only {{ $value | humanizePercentage }} of the prompt tokens of {{ $labels.model }} come from the cache on {{ $labels.job }}',
    description:
      'The share of prompt tokens that were read from the cache in the last hour is far below that of the day before. The cause is nearly always a change at the front of the prompt.',
    dashboard: 'claude-cost',
  },
  {
    alert: 'ClaudeUnpricedCalls',
    severity: 'ticket',
    because: 'Every figure in dollars is too low from now on.',
    expr: `sum by (job, model) (${grown(series('unpriced'), '', '10m')}) > 0`,
    for: '5m',
    keepFiringFor: '1h',
    summary:
      '{{ $value | printf "%.0f" }} calls of {{ $labels.model }} in 10 minutes have no price on {{ $labels.job }}',
    description:
      'The price table has no row for the exact model that answered; a similar name is no price. The span of a call has its full name.',
    dashboard: 'claude-cost',
  },
  {
    alert: 'ClaudeUsageMalformed',
    severity: 'ticket',
    because: 'Tokens and dollars are too low, and the API or a gateway before it has changed.',
    expr: `sum by (job) (${grown(series('malformedUsage'), '', '10m')}) > 0`,
    for: '5m',
    keepFiringFor: '1h',
    summary:
      '{{ $value | printf "%.0f" }} fields of usage in 10 minutes were no counts on {{ $labels.job }}',
    description:
      'Fields of reported usage were null, negative, text or absurdly large, and were ignored one by one.',
    dashboard: 'claude-cost',
  },
  {
    alert: 'ClaudePriceTableOld',
    severity: 'ticket',
    because: 'Dollars drift away from the invoice without a sign.',
    expr: `max by (job) (${series('priceTableAge')}) / 86400 > ${thresholds.priceTableAgeDays}`,
    for: '1h',
    summary:
      'The price table of {{ $labels.job }} was last compared {{ $value | printf "%.0f" }} days ago',
    description: 'Nobody has compared the price table with the published prices since.',
    dashboard: 'claude-cost',
  },
];
