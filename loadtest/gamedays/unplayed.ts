/** The alerts that no game day lets fire, each with the reason; promtool's cases prove every one of them. */
import { OBJECTIVE_NAMES } from '../../observability/slo.ts';
import { burns } from './days/expectations.ts';

const TRICKLES = OBJECTIVE_NAMES.flatMap((name) => burns(name, 'Trickle')).map((alert) => [
  alert,
  'Its window of three days lasts 72 minutes even when compressed, and it clears only after six hours more.',
]);

export const UNPLAYED: Readonly<Record<string, string>> = {
  ...Object.fromEntries(TRICKLES),
  ClaudeErrorBudgetExhausted:
    'What uses up the budget of 30 days leaves the window after 30 days: 12 hours when compressed.',
  ClaudeSpendOverBudget: 'It adds up the dollars of a month, 12 hours when compressed.',
  ClaudeKeyTooOld:
    'It counts days since the key was first read, and no fault makes a clock run faster.',
  ClaudePriceTableOld: 'The day of the price table is a fact of the repository.',
  ClaudeInternalErrors:
    'It is a bug of ours: no fault is known that causes one, and one that did would be mended.',
  MetricLabelsOverflowing:
    'Labels are bounded, so no load makes them overflow; a test floods the service to prove that.',
  Watchdog:
    'It fires always. Every game day waits for its heartbeat at the webhook before the fault comes.',
};
