/** The metrics of money: what calls cost, and what of it could not be priced. */
import { CALLER, type MetricDefinition, MODEL } from './metric-definition.ts';

export const COST_METRICS = {
  cost: {
    name: 'claude_api_cost_dollars_total',
    kind: 'counter',
    unit: '{dollar}',
    help: 'List price in US dollars of what calls used, failed attempts included, by the price table of the day; configured models with a price are there at 0, other series with their first dollars, and what has no price adds none',
    labels: { model: MODEL, caller: CALLER },
  },
  unpriced: {
    name: 'claude_api_unpriced_calls_total',
    kind: 'counter',
    unit: '{call}',
    help: 'Calls that used something billed of a model without a price; what they cost is missing in the dollars',
    labels: { model: MODEL },
  },
  priceTableAge: {
    name: 'claude_api_price_table_age_seconds',
    kind: 'observable_gauge',
    unit: 's',
    help: 'Time since the price table was last compared with the published prices',
    labels: {},
  },
  malformedUsage: {
    name: 'claude_api_malformed_usage_total',
    kind: 'counter',
    unit: '{field}',
    help: 'Fields of reported usage that were no count and were ignored',
    labels: {},
  },
} as const satisfies Record<string, MetricDefinition>;
