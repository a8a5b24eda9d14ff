/** Alerts on the answers themselves: what users of a healthy service still suffer from. */
import { thresholds } from '../../../slo.ts';
import type { Alert } from '../alert.ts';
import { all, part, series } from './expressions.ts';

const FIRST_TOKENS = part('timeToFirstToken', 'bucket');
const messages = (matchers: string, range: string) =>
  `sum by (job) (increase(${series('stopReasons', matchers)}[${range}))`;
// What is no refusal has series wherever there are messages; NaN, where there were none, compares with nothing.
const REFUSED_BEFORE = `(1 - ${messages('stop_reason!="refusal"', '1d] offset 1h')} / ${messages('', '1d] offset 1h')})`;
const byModel = (matchers: string) =>
  `sum by (job, model) (increase(${series('stopReasons', matchers)}[1h]))`;
const byCaller = (matchers: string, range: string) =>
  `sum by (job, caller) (increase(${series('callerCalls', matchers)}[${range}))`;
const INVALID = 'outcome="invalid_request"';
const INVALID_SHARE = `${byCaller(INVALID, '15m]')} / ${byCaller('', '15m]')}`;
// The hour before is left out, or a surge of mistakes would soon be its own measure.
const INVALID_BEFORE = `(1 - ${byCaller('outcome!="invalid_request"', '1d] offset 1h')} / ${byCaller('', '1d] offset 1h')})`;
const JUMPED = all(
  `${INVALID_SHARE} > ${thresholds.invalidRequestsRatio}`,
  `${INVALID_SHARE} > ${thresholds.invalidRequestsGrowth} * ${INVALID_BEFORE}`,
  `${byCaller(INVALID, '15m]')} >= ${thresholds.minimumFailures}`,
);
const CALLERS = `count by (job) (${byCaller('', '1d]')} > 0)`;

export const ANSWER_CAUSES: readonly Alert[] = [
  {
    alert: 'ClaudeFirstTokenSlow',
    severity: 'ticket',
    because: 'Users stare at nothing; the objective for the first token pages where it is missed.',
    expr: all(
      `histogram_quantile(0.95, sum by (job, model, le) (rate(${FIRST_TOKENS}[10m]))) > ${thresholds.firstTokenP95Seconds}`,
      `sum by (job, model) (increase(${part('timeToFirstToken', 'count')}[10m])) >= ${thresholds.minimumCalls}`,
    ),
    for: '10m',
    summary:
      'P95 to the first token of {{ $labels.model }} is {{ $value | humanizeDuration }} on {{ $labels.job }}',
    description:
      'Time from the request to the first content, thinking included. Retries, the queue and long prompts are part of it.',
    dashboard: 'claude-calls',
  },
  {
    alert: 'ClaudeRefusalsDoubled',
    severity: 'ticket',
    because: 'Calls succeed while users are told no; only people can say whether that is right.',
    expr: all(
      `${messages('stop_reason="refusal"', '1h]')} / ${messages('', '1h]')} > ${thresholds.refusalsGrowth} * ${REFUSED_BEFORE}`,
      `${messages('stop_reason="refusal"', '1h]')} >= ${thresholds.refusalsPerHour}`,
    ),
    for: '30m',
    summary:
      '{{ $value | humanizePercentage }} of the messages of the last hour are refusals on {{ $labels.job }}',
    description:
      'The share of messages that the model refused to write, against that of the day before. A new prompt, a new model or one caller can be behind it.',
    dashboard: 'claude-calls',
  },
  {
    alert: 'ClaudeMaxTokensShareHigh',
    severity: 'ticket',
    because: 'Calls succeed while users get answers that stop in mid-sentence.',
    expr: all(
      `${byModel('stop_reason="max_tokens"')} / ${byModel('')} > ${thresholds.maxTokensRatio}`,
      `${byModel('')} >= ${thresholds.minimumCalls}`,
    ),
    for: '30m',
    summary:
      '{{ $value | humanizePercentage }} of the messages of {{ $labels.model }} ran into max_tokens on {{ $labels.job }}',
    description:
      'The limit that callers set ended the message, not the model. Thinking counts towards the limit.',
    dashboard: 'claude-calls',
  },
  {
    alert: 'ClaudeInvalidRequestsJump',
    severity: 'page',
    because:
      'Several callers at once are not making the same mistake: it is us or the API, and availability leaves these calls out.',
    // Where fewer callers were there today than have to agree, all of them have to; one says nothing by itself.
    expr: `count by (job) (\n${JUMPED}\n) >= clamp(${CALLERS}, ${thresholds.invalidRequestsCallersAtLeast}, ${thresholds.invalidRequestsCallers})`,
    for: '10m',
    summary: 'Calls of {{ $value }} callers are suddenly refused as invalid on {{ $labels.job }}',
    description:
      'The share of invalid_request of each of these callers is a multiple of what it was in the day before. Their users get errors while every objective looks fine. A single caller never pages: their mistakes cannot be told from ours.',
    dashboard: 'claude-calls',
  },
  {
    alert: 'ClaudeModelRetiring',
    severity: 'ticket',
    because: 'Nothing fails yet; moving to another model takes callers weeks.',
    expr: `max by (job, model) (${series('modelRetirement')} - time()) / 86400 < ${thresholds.modelRetirementDays}`,
    for: '1h',
    summary: '{{ $labels.model }} retires in {{ $value | printf "%.1f" }} days ({{ $labels.job }})',
    description:
      'The API says when it retires this model, which is configured here. From then on every call for it is a 404.',
    dashboard: 'claude-calls',
  },
  {
    alert: 'ClaudeModelRetiresSoon',
    severity: 'page',
    because:
      'From that day each call for it is a 404, which counts as the caller’s mistake, so no objective pages.',
    expr: `max by (job, model) (${series('modelRetirement')} - time()) / 86400 < ${thresholds.modelRetirementSoonDays} and on (job, model) sum by (job, model) (increase(${series('requests')}[1d])) >= ${thresholds.minimumFailures}`,
    for: '1h',
    summary:
      '{{ $labels.model }} is still called and retires in {{ $value | printf "%.1f" }} days ({{ $labels.job }})',
    description:
      'Callers have used this model within the last day. A negative number means that it has retired.',
    dashboard: 'claude-calls',
  },
];
