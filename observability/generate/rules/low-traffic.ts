/** Alerts that count failures instead of comparing shares: they find the outages that guards hide at low traffic. */
import { METRICS } from '../../../app/telemetry/metric-catalogue.ts';
import { type Profile, thresholds } from '../../slo.ts';
import { BAD, GOOD, UNANSWERED } from '../outcome-matchers.ts';
import { prometheusName } from '../prometheus-names.ts';
import type { Alert } from './alert.ts';
import { sumBy } from './events.ts';
import { budgetOf, recorded } from './recording.ts';
import { percent } from './wording.ts';

const increase = (name: string, window: string, ...matchers: string[]) =>
  sumBy(`increase(${prometheusName(name)}{${matchers.join(',')}}[${window}])`);

const calls = (matcher: string) => increase(METRICS.requests.name, '30m', matcher);
const firstTokens = sumBy(`increase(${prometheusName(METRICS.timeToFirstToken.name)}_count[30m])`);

function allCallsFailing(): Alert {
  const several = thresholds.allCallsFailingCalls;
  return {
    alert: 'AllCallsFailing',
    severity: 'page',
    because: 'nobody gets an answer, however few they are',
    // Callers also give up on a service that hangs, which is no failure; a stream that they stop has begun.
    expr: [
      `(round(${calls(BAD)}) >= ${several}`,
      `or (round(${calls(UNANSWERED)}) >= ${several} unless ${firstTokens} > 0))`,
      `unless ${calls(GOOD)} > 0`,
    ].join('\n'),
    for: '2m',
    summary: '{{ $labels.job }}: {{ $value }} calls in the last 30m, and none of them succeeded',
    description: `Calls failed, or their callers gave up before anything came, and there was no success among them. It takes ${several} of them in half an hour: below ${2 * several} calls an hour only a ticket (ClaudeFailuresAtLowTraffic) or a probe (ClaudeProbeFailing) tells.`,
    dashboard: 'claude-objectives',
    labels: { objective: 'availability' },
  };
}

function failuresAtLowTraffic({ objectives }: Profile): Alert {
  const { lowTrafficFailures, lowTrafficBudgets } = thresholds;
  const budget = budgetOf(objectives.availability);
  const ratio = recorded('availability', 'error_ratio_rate6h');
  return {
    alert: 'ClaudeFailuresAtLowTraffic',
    severity: 'ticket',
    because: 'few users are affected, but more than the objective allows',
    expr: [
      `round(${ratio} * ${recorded('availability', 'counted_increase6h')}) >= ${lowTrafficFailures}`,
      `and ${ratio} > ${lowTrafficBudgets} * ${budget}`,
    ].join('\n'),
    for: '5m',
    summary: `{{ $labels.job }}: {{ $value }} calls failed in the last 6h, more than ${percent(lowTrafficBudgets * budget)} of all`,
    description: `At least ${lowTrafficFailures} calls failed within six hours, and more than ${lowTrafficBudgets} times the share that the objective allows. There may be too few calls for the burn rates to tell.`,
    dashboard: 'claude-objectives',
    labels: { objective: 'availability' },
  };
}

function probeFailing(): Alert {
  const probes = (...matchers: string[]) =>
    `round(${increase(METRICS.callerCalls.name, '15m', 'caller="probe"', ...matchers)})`;
  const { probeFailures } = thresholds;
  return {
    alert: 'ClaudeProbeFailing',
    severity: 'page',
    because: 'the probe asks for what users ask for, also while none of them does',
    expr: [`${probes()} >= ${probeFailures}`, `unless ${probes(GOOD)} > 0`].join('\n'),
    for: '1m',
    summary: '{{ $labels.job }}: all {{ $value }} probes of the last 15m failed',
    description:
      'The synthetic calls of the caller "probe" get no answer. Where no caller has that name, nothing probes and this is silent.',
    dashboard: 'claude-objectives',
    labels: { objective: 'availability' },
  };
}

/** @returns the alerts that need no ratio, or one over a long time */
export function lowTrafficAlerts(profile: Profile): Alert[] {
  return [allCallsFailing(), failuresAtLowTraffic(profile), probeFailing()];
}
