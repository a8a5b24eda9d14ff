/**
 * Alerts on the speed at which an error budget burns, over a long and a short window each, one alert a speed.
 * https://sre.google/workbook/alerting-on-slos/
 */
import { type BurnRate, type Objective, type ObjectiveName, type Profile, slo } from '../../slo.ts';
import type { Alert } from './alert.ts';
import { enoughEvents } from './guards.ts';
import { budgetOf, objectivesOf, recorded } from './recording.ts';
import { badEvents, felt, lastsFor, percent, titleOf } from './wording.ts';

const BECAUSE: Readonly<Record<BurnRate['speed'], string>> = {
  fast: 'users suffer now, and 2 % of the budget of 30 days goes within an hour',
  medium: 'users suffer now, and 5 % of the budget of 30 days goes within six hours',
  slow: 'it can wait for working hours: a tenth of the budget of 30 days goes within a day',
  trickle: 'it can wait for working hours: the budget would be used up exactly at its end',
};

const capitalised = (word: string) => word.charAt(0).toUpperCase() + word.slice(1);

const pace = (factor: number) =>
  factor === 1 ? 'faster than' : `more than ${factor} times as fast as`;

function burnAlert(name: ObjectiveName, objective: Objective, rate: BurnRate): Alert {
  const { speed, factor, long, short } = rate;
  const budget = budgetOf(objective);
  const limit = `${factor} * ${budget}`;
  return {
    alert: `Claude${titleOf(name)}Burn${capitalised(speed)}`,
    severity: rate.severity,
    because: BECAUSE[speed],
    expr: [
      `${recorded(name, `error_ratio_rate${long}`)} > ${limit}`,
      `and ${recorded(name, `error_ratio_rate${short}`)} > ${limit}`,
      `and ${recorded(name, `counted_increase${long}`)} >= ${enoughEvents(factor * budget)}`,
    ].join('\n'),
    for: rate.for,
    summary: `{{ $labels.job }}: {{ $value | humanizePercentage }} ${badEvents(name, objective)} in the last ${long}; the objective allows ${percent(budget)}`,
    description: `${felt(name)} The error budget burns ${pace(factor)} it may, over ${long} and over the last ${short}; at that speed all of it lasts ${lastsFor(slo.budgetWindow, factor)}.`,
    dashboard: 'claude-objectives',
    labels: { objective: name, speed },
  };
}

/** @returns an alert for each speed of each objective of the profile */
export function burnAlerts(profile: Profile): Alert[] {
  return objectivesOf(profile).flatMap(([name, objective]) =>
    slo.burnRates.map((rate) => burnAlert(name, objective, rate)),
  );
}
