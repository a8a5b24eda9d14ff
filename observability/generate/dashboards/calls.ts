/** What becomes of calls to Claude: how many, how they end, how fast they are, and what stands in their way. */

import { METRICS } from '../../../app/telemetry/metric-catalogue.ts';
import { type Profile, thresholds } from '../../slo.ts';
import { ATTEMPTS_ROWS } from './calls-attempts.ts';
import { KEYS_ROWS } from './calls-keys.ts';
import { speedRow } from './calls-speed.ts';
import type { DashboardSpec } from './dashboard.ts';
import { above, below, type RowSpec } from './panel-spec.ts';
import { rate, share, sum } from './queries.ts';

/** Opens the traces of calls that ended like the value that was clicked. */
// biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of Grafana's
const TRACES_OF_OUTCOME = '{ span.claude.outcome = "${__field.labels.outcome}" }';
/** Opens the log lines of calls that ended so. */
// biome-ignore lint/suspicious/noTemplateCurlyInString: a variable of Grafana's
const LINES_OF_OUTCOME = '{service_name=~".+"} | outcome="${__field.labels.outcome}"';

const HOW_THEY_END: RowSpec = {
  panels: [
    {
      kind: 'lines',
      title: 'Calls by outcome',
      description:
        'How calls ended for their callers, after our own retries. docs/semantics.md says which outcomes are good; a click on a line leads to such traces or log lines.',
      unit: 'reqps',
      stacked: true,
      min: 0,
      queries: [{ expr: rate(METRICS.requests, ['outcome']), legend: '{{outcome}}' }],
      traces: TRACES_OF_OUTCOME,
      logs: LINES_OF_OUTCOME,
    },
    {
      kind: 'lines',
      title: 'Calls by operation and model',
      description:
        'What callers ask for. `other` is a model that is not configured, `unknown` a call that was refused before its body was read.',
      unit: 'reqps',
      stacked: true,
      min: 0,
      queries: [
        {
          expr: rate(METRICS.requests, ['operation', 'model']),
          legend: '{{operation}} {{model}}',
        },
      ],
    },
    {
      kind: 'lines',
      title: 'Calls in flight',
      description:
        'Calls that are being answered now. A rise at the same rate of calls means that they take longer.',
      unit: 'short',
      width: 8,
      min: 0,
      queries: [{ expr: sum(METRICS.inFlight), legend: 'in flight' }],
      noValue: 'not scraped',
    },
    {
      kind: 'lines',
      title: 'Mistakes of callers',
      description:
        'The share of calls that are the caller’s own mistake. A jump of several callers at once is rather a fault of ours, or of the account.',
      unit: 'percentunit',
      width: 8,
      min: 0,
      queries: [
        {
          expr: share(METRICS.callerCalls, 'outcome="invalid_request"', ['caller']),
          legend: '{{caller}}',
        },
      ],
    },
    {
      kind: 'lines',
      title: 'Calls by API version',
      description:
        'Which version of the API callers ask for. From 2026-10-21 on, sampling parameters are refused, so this shows who has moved.',
      unit: 'reqps',
      width: 8,
      min: 0,
      queries: [{ expr: rate(METRICS.versionCalls, ['version']), legend: '{{version}}' }],
    },
  ],
};

const WHAT_THEY_SAY: RowSpec = {
  title: 'Answers',
  panels: [
    {
      kind: 'lines',
      title: 'Why messages ended',
      description:
        'The stop reasons that the API gives. `max_tokens` cuts an answer short, and `refusal` is none: users feel both, although the calls succeed.',
      unit: 'mps',
      width: 8,
      stacked: true,
      min: 0,
      queries: [{ expr: rate(METRICS.stopReasons, ['stop_reason']), legend: '{{stop_reason}}' }],
    },
    {
      kind: 'lines',
      title: 'Answers cut at max_tokens, and refusals',
      description:
        'Their share in all messages, by model. Compare with last week: a change of prompt or model shows here first.',
      unit: 'percentunit',
      width: 8,
      min: 0,
      queries: [
        {
          expr: share(METRICS.stopReasons, 'stop_reason="max_tokens"', ['model']),
          legend: 'max_tokens {{model}}',
        },
        {
          expr: share(METRICS.stopReasons, 'stop_reason="refusal"', ['model']),
          legend: 'refusal {{model}}',
        },
      ],
      limit: above(thresholds.maxTokensRatio),
    },
    {
      kind: 'lines',
      title: 'Refusals by category',
      description: 'What the model refused to write, as the API classes it.',
      unit: 'mps',
      width: 8,
      min: 0,
      queries: [{ expr: rate(METRICS.refusals, ['category']), legend: '{{category}}' }],
      noValue: 'no refusal',
    },
    {
      kind: 'lines',
      title: 'Error codes of the API',
      description:
        'Each wakes somebody else: a ramp limit asks for a slower growth, a spend limit for the budget’s owner, an organisation on hold for whoever pays.',
      unit: 'reqps',
      min: 0,
      queries: [
        {
          expr: rate(METRICS.errorCodes, ['upstream', 'error_code']),
          legend: '{{upstream}} {{error_code}}',
        },
      ],
      noValue: 'no error with a code',
    },
    {
      kind: 'stat',
      title: 'Days until models retire',
      description:
        'Only for models whose retirement the API has announced. Callers must have moved by then, or their calls fail.',
      unit: 'd',
      width: 12,
      height: 8,
      decimals: 0,
      queries: [
        {
          expr: `(min by (model) (claude_api_model_retirement_timestamp_seconds{job=~"$job",instance=~"$instance",model=~"$model"}) - time()) / 86400`,
          legend: '{{model}}',
        },
      ],
      limit: below(0, thresholds.modelRetirementDays),
      noValue: 'none announced',
    },
  ],
};

export function callsDashboard(profile: Profile): DashboardSpec {
  return {
    uid: 'claude-calls',
    title: 'Claude: calls',
    description: 'What becomes of calls, how fast they are, and what stands in their way?',
    from: 'now-1h',
    refresh: '30s',
    rows: [HOW_THEY_END, speedRow(profile), WHAT_THEY_SAY, ...ATTEMPTS_ROWS, ...KEYS_ROWS],
  };
}
