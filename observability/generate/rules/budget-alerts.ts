/** Alerts on what is left of an error budget, and on the day when nothing will be. */
import { type Objective, type ObjectiveName, type Profile, slo, thresholds } from '../../slo.ts';
import type { Alert } from './alert.ts';
import { enoughEvents } from './guards.ts';
import { budgetOf, objectivesOf, recorded } from './recording.ts';

const { budgetWindow } = slo;
/** Between one event and two, however `rate()` extrapolates one. */
const MORE_THAN_ONE = 1.5;

function exhausted(name: ObjectiveName, objective: Objective): Alert {
  const enough = enoughEvents(budgetOf(objective));
  return {
    alert: 'ClaudeErrorBudgetExhausted',
    severity: 'ticket',
    because: 'the objective is missed, and what follows from that is decided in working hours',
    expr: [
      `${recorded(name, `budget_left${budgetWindow}`)} < 0`,
      `and ${recorded(name, `counted_increase${budgetWindow}`)} >= ${enough}`,
    ].join('\n'),
    for: '15m',
    summary: `{{ $labels.job }}: the error budget of ${name} is overspent, {{ $value | humanizePercentage }} of it is left`,
    description: `More events were bad in the last ${budgetWindow} than the objective allows. The error budget policy says what stops until it is met again.`,
    dashboard: 'claude-objectives',
    labels: { objective: name },
  };
}

function runsOutSoon(name: ObjectiveName, objective: Objective): Alert {
  const days = thresholds.budgetRunsOutDays;
  const failures = `${recorded(name, 'error_ratio_rate1d')} * ${recorded(name, 'counted_increase1d')}`;
  return {
    alert: 'ClaudeErrorBudgetRunsOutSoon',
    severity: 'ticket',
    because: 'there are days left in which to act',
    expr: [
      `${recorded(name, 'budget_used_up_timestamp')} < time() + ${days} * 86400`,
      `and ${recorded(name, `budget_left${budgetWindow}`)} > 0`,
      // What has stopped by now uses up nothing.
      `and ${recorded(name, 'error_ratio_rate2h')} > ${budgetOf(objective)}`,
      `and ${failures} > ${MORE_THAN_ONE}`,
    ].join('\n'),
    for: '1h',
    summary: `{{ $labels.job }}: the error budget of ${name} is used up on {{ $value | humanizeTimestamp }}`,
    description: `At the pace of the last day the error budget of ${budgetWindow} is used up within ${days} days, and it burns still.`,
    dashboard: 'claude-objectives',
    labels: { objective: name },
  };
}

/** @returns both alerts for each objective of the profile; the label `objective` tells them apart */
export function budgetAlerts(profile: Profile): Alert[] {
  const objectives = objectivesOf(profile);
  return [exhausted, runsOutSoon].flatMap((alert) =>
    objectives.map(([name, objective]) => alert(name, objective)),
  );
}
