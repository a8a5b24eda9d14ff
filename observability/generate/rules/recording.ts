/**
 * Recording rules. Every long window is made of two recorded series for each objective and job, so a window of
 * 30 days costs the same whatever the number of instances, models and outcomes is.
 */
import {
  OBJECTIVE_NAMES,
  type Objective,
  type ObjectiveName,
  type Profile,
  slo,
} from '../../slo.ts';
import { secondsOf } from './durations.ts';
import { type Events, eventsOf } from './events.ts';
import { type Recording, type RuleGroup, ruleFile } from './write.ts';

/** Windows up to this are read from the counters, so that pages see the last minutes in full. */
const FROM_COUNTERS_SECONDS = 3_600;
/** From this on a window moves so little in a minute that evaluating it more often would tell nothing. */
const LONG_SECONDS = 86_400;
/**
 * Recorded rates are read at this distance, whatever the evaluation interval is, and however it changes
 * within the window. So each call weighs the same, and time without samples counts neither as good nor as bad.
 */
const STEP = '1m';

const ABOUT = `Everything that alerts and dashboards know of the objectives, by job. Windows over an hour are made of
the two rates of 5 minutes, weighted by traffic.`;

/** The name of a recording: `level:metric:operation`. */
export function recorded(objective: ObjectiveName, operation: string): string {
  return `${slo.level.join('_')}:claude_${objective}:${operation}`;
}

/** The windows that rules and dashboards compare, shortest first. */
export function windows(): readonly string[] {
  const all = slo.burnRates.flatMap(({ short, long }) => [short, long]);
  return [...new Set(['5m', ...all, slo.budgetWindow])].toSorted(
    (a, b) => secondsOf(a) - secondsOf(b),
  );
}

/** A share as people write it: 1 - 0.995 is 0.005 and not 0.0050000000000000044. */
export function budgetOf({ goodRatio }: Objective): number {
  return Number((1 - goodRatio).toPrecision(12));
}

function seriesOf(objective: ObjectiveName) {
  const over = (fn: string, operation: string, window: string) =>
    `${fn}(${recorded(objective, operation)}[${window}:${STEP}])`;
  return {
    sum: (operation: string, window: string) => over('sum_over_time', operation, window),
    mean: (operation: string, window: string) => over('avg_over_time', operation, window),
  };
}

/** The rates of a window that is read from the counters. */
function ratesOf(objective: ObjectiveName, events: Events, window: string): Recording[] {
  return [
    { record: recorded(objective, `counted_rate${window}`), expr: events.counted(window) },
    { record: recorded(objective, `bad_rate${window}`), expr: events.bad(window) },
  ];
}

/** The share of bad events in a window, and how many counted, which the guards of alerts read. */
function recordingsOf(objective: ObjectiveName, events: Events, window: string): Recording[] {
  const { sum } = seriesOf(objective);
  const isRead = secondsOf(window) <= FROM_COUNTERS_SECONDS;
  const [counted, bad] = ['counted_rate', 'bad_rate'].map((rate) =>
    isRead ? recorded(objective, `${rate}${window}`) : sum(`${rate}5m`, window),
  );
  const seconds = secondsOf(isRead ? window : STEP);
  return [
    ...(isRead ? ratesOf(objective, events, window) : []),
    { record: recorded(objective, `error_ratio_rate${window}`), expr: `${bad} / (${counted} > 0)` },
    // Where there are no samples, there were no events.
    { record: recorded(objective, `counted_increase${window}`), expr: `${counted} * ${seconds}` },
  ].filter(({ record }) => isGuarded(window) || !record.includes('_increase'));
}

/** Alerts on a long window ask how many events it holds. */
function isGuarded(window: string): boolean {
  return window === slo.budgetWindow || slo.burnRates.some(({ long }) => long === window);
}

/**
 * What is left of the budget, and when it will be used up at the pace of the last day. A job that is younger than
 * the window is taken to go on with the traffic that it has had.
 */
function budget(objective: ObjectiveName, target: Objective): Recording[] {
  const window = slo.budgetWindow;
  const { sum, mean } = seriesOf(objective);
  const share = budgetOf(target);
  const allowed = `${share} * ${mean('counted_rate5m', window)} * ${secondsOf(window)}`;
  const used = `${sum('bad_rate5m', window)} * ${secondsOf(STEP)}`;
  return [
    {
      record: recorded(objective, `budget_left${window}`),
      expr: `1 - ${recorded(objective, `error_ratio_rate${window}`)} / ${share}`,
    },
    {
      record: recorded(objective, 'budget_used_up_timestamp'),
      expr: `time() + (${allowed} - ${used}) / (${mean('bad_rate5m', '1d')} > 0)`,
    },
  ];
}

function groupsOf(objective: ObjectiveName, target: Objective): RuleGroup[] {
  const events = eventsOf(objective, target);
  const [short, long] = [true, false].map((isShort) =>
    windows()
      .filter((window) => secondsOf(window) < LONG_SECONDS === isShort)
      .flatMap((window) => recordingsOf(objective, events, window)),
  );
  return [
    { name: `claude_${objective}`, rules: short ?? [] },
    {
      name: `claude_${objective}_long`,
      interval: STEP,
      rules: [...(long ?? []), ...budget(objective, target)],
    },
  ];
}

/** @returns the text of the file with the recordings of a profile, each after those that it reads */
export function recordingRules(profile: Profile): string {
  const groups = objectivesOf(profile).flatMap(([name, target]) => groupsOf(name, target));
  return ruleFile({ about: ABOUT, kind: 'symptom', groups }, profile);
}

/** @returns the objectives that a profile has, in the order of OBJECTIVE_NAMES */
export function objectivesOf({ objectives }: Profile): [ObjectiveName, Objective][] {
  return OBJECTIVE_NAMES.flatMap((name): [ObjectiveName, Objective][] => {
    const objective = objectives[name];
    return objective ? [[name, objective]] : [];
  });
}
