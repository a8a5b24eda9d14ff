/** Alerts on API keys and the account behind them. */
import { thresholds } from '../../../slo.ts';
import type { Alert } from '../alert.ts';
import { grown, series } from './expressions.ts';

const coded = (...codes: readonly string[]) =>
  `sum by (job, upstream, error_code) (${grown(series('errorCodes'), `error_code=~"${codes.join('|')}"`, '10m')}) > 0`;
const DAY_SECONDS = 86_400;

export const KEY_CAUSES: readonly Alert[] = [
  {
    alert: 'ClaudeKeyRejected',
    severity: 'ticket',
    because: 'Other keys carry the calls; where none does, availability pages.',
    // A key that retires is meant to be revoked.
    expr: `max by (job, upstream, caller, key) (avg_over_time(${series('keyState', 'state="rejected",key!~".+-old"')}[5m])) > ${thresholds.keyRejectedRatio}`,
    for: '2m',
    keepFiringFor: '10m',
    summary:
      'Key {{ $labels.key }} of {{ $labels.caller }} is rejected by {{ $labels.upstream }} on {{ $labels.job }}',
    description:
      'The upstream answers 401, 402 or 403, or with an error about the account, to this key. A caller with keys of their own may already get nothing else.',
    dashboard: 'claude-calls',
  },
  {
    alert: 'ClaudeKeyTooOld',
    severity: 'ticket',
    because: 'Nothing fails; a key that leaked is worth as much as it is old.',
    expr: `max by (job, upstream, caller, key) (${series('keyAge')}) / ${DAY_SECONDS} > ${thresholds.keyAgeDays}`,
    for: '1h',
    summary:
      'Key {{ $labels.key }} of {{ $labels.caller }} for {{ $labels.upstream }} is {{ $value | printf "%.0f" }} days old on {{ $labels.job }}',
    description:
      'The age counts from when an instance first read the key, so it is the least that the key can be: after a restart it begins again. Silence proves nothing where instances live for less.',
    dashboard: 'claude-calls',
  },
  {
    alert: 'ClaudeKeySourceFailing',
    severity: 'ticket',
    because:
      'The last good keys stay in use; a rotation would be missed, and new instances would have no key.',
    expr: `count by (job, upstream, caller) (${series('keySourceUp')} == 0)`,
    for: '15m',
    summary:
      'Keys of {{ $labels.caller }} for {{ $labels.upstream }} cannot be read by {{ $value }} instances of {{ $labels.job }}',
    description:
      'Reads of the key source fail. Running instances keep their keys. Revoke no old key and start no new instance until it is read again.',
    dashboard: 'claude-calls',
  },
  {
    alert: 'ClaudeAccountOnHold',
    severity: 'page',
    because:
      'Nothing here can mend it and no retry helps: somebody has to speak to Anthropic or the key service.',
    expr: coded('organization_on_hold', 'cmek_key_disabled', 'cmek_key_network_blocked'),
    for: '1m',
    keepFiringFor: '10m',
    summary:
      '{{ $labels.upstream }} refuses the account: {{ $labels.error_code }} ({{ $value | printf "%.0f" }} attempts in 10 minutes, {{ $labels.job }})',
    description:
      'The API answers 400 because of our organisation or its encryption key. Every call with this account fails the same way, whatever it asks.',
    dashboard: 'claude-calls',
  },
  {
    alert: 'ClaudeSpendLimitReached',
    severity: 'page',
    because: 'Every call of the account fails until somebody who may spend raises the limit.',
    expr: coded(
      'usage_limit_reached',
      'credit_balance_too_low',
      'enforced_spend_limit_reached',
      'contract_spend_limit_reached',
    ),
    for: '1m',
    keepFiringFor: '10m',
    summary:
      '{{ $labels.upstream }} refuses to spend more: {{ $labels.error_code }} ({{ $value | printf "%.0f" }} attempts in 10 minutes, {{ $labels.job }})',
    description:
      'A spend limit is reached, or the credit is used up: a 429 without retry-after, or a 400 where the credit is used up or the organisation has set the limit itself. It lasts until the limit is raised or the month ends.',
    dashboard: 'claude-cost',
  },
  {
    alert: 'ClaudeRampLimitReached',
    severity: 'ticket',
    because: 'Some calls wait or fail, and it ends by itself once traffic grows more slowly.',
    expr: coded('ramp_limit_exceeded'),
    for: '5m',
    keepFiringFor: '10m',
    summary:
      '{{ $labels.upstream }} refuses traffic that grows too fast ({{ $value | printf "%.0f" }} attempts in 10 minutes, {{ $labels.job }})',
    description:
      'The API admits only so much growth at once. It is a 429 with retry-after; the limits themselves are not used up, so more of them would not help.',
    dashboard: 'claude-calls',
  },
];
