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
import type { Recording, RuleGroup } from './write.ts';

/** Windows up to this are read from the counters, so that pages see the last minutes in full. */
const FROM_COUNTERS_SECONDS = 3_600;
/** Windows from this on change so little in a minute that evaluating them more often would tell nothing. */
const LONG_SECONDS = 86_400;
const LONG_INTERVAL = '1m';
/**
 * How far apart the recorded rates of 5 minutes are read, whatever the evaluation interval is, and however it
 * changes within the window. So each event weighs the same: in long windows the 5 minutes join without a gap, in
 * shorter ones they overlap, to see the last of them sooner.
 */
const STEP = '1m';
const LONG_STEP = '5m';

/** The name of a recording: `level:metric:operation`. */
export function recorded(objective: ObjectiveName, operation: string): string {
  return `${slo.level.join('_')}:claude_${objective}:${operation}`;
}

/** Alerts on budgets and at low traffic read these, whatever the windows of the burn rates are. */
const ALWAYS = ['5m', '2h', '6h', '1d'];

/** The windows that rules and dashboards compare, shortest first. */
export function windows(): readonly string[] {
  const all = slo.burnRates.flatMap(({ short, long }) => [short, long]);
  return [...new Set([...ALWAYS, ...all, slo.budgetWindow])].toSorted(
    (a, b) => secondsOf(a) - secondsOf(b),
  );
}

/** A share as people write it: 1 - 0.995 is 0.005 and not 0.0050000000000000044. */
export function budgetOf({ goodRatio }: Objective): number {
  return Number((1 - goodRatio).toPrecision(12));
}

/** A recorded rate of 5 minutes over a longer window, as a range for `sum_over_time` and its like. */
function range(objective: ObjectiveName, rate: string, window: string): string {
  return `${recorded(objective, `${rate}5m`)}[${window}:${stepOf(window)}]`;
}

function stepOf(window: string): string {
  return secondsOf(window) < LONG_SECONDS ? STEP : LONG_STEP;
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
  const isRead = secondsOf(window) <= FROM_COUNTERS_SECONDS;
  const [counted, bad] = ['counted_rate', 'bad_rate'].map((rate) =>
    isRead
      ? recorded(objective, rate + window)
      : `sum_over_time(${range(objective, rate, window)})`,
  );
  const seconds = secondsOf(isRead ? window : stepOf(window));
  return [
    ...(isRead ? ratesOf(objective, events, window) : []),
    { record: recorded(objective, `error_ratio_rate${window}`), expr: `${bad} / (${counted} > 0)` },
    // Where there are no samples, there were no events.
    { record: recorded(objective, `counted_increase${window}`), expr: `${counted} * ${seconds}` },
  ].filter(({ record }) => isGuarded(window) || !record.includes('_increase'));
}

/** Alerts on a long window ask how many events it holds. */
function isGuarded(window: string): boolean {
  const long = slo.burnRates.map((rate) => rate.long);
  return ['6h', '1d', slo.budgetWindow, ...long].includes(window);
}

/**
 * What is left of the budget, and when it will be used up at the pace of the last day. A job that is younger than
 * the window is taken to go on with the traffic that it has had.
 */
function budget(objective: ObjectiveName, target: Objective): Recording[] {
  const window = slo.budgetWindow;
  const share = budgetOf(target);
  const mean = (rate: string, over: string) => `avg_over_time(${range(objective, rate, over)})`;
  const [ratio, counted] = ['error_ratio_rate', 'counted_increase'].map((operation) =>
    recorded(objective, operation + window),
  );
  const allowed = `${share} * ${mean('counted_rate', window)} * ${secondsOf(window)}`;
  return [
    { record: recorded(objective, `budget_left${window}`), expr: `1 - ${ratio} / ${share}` },
    {
      record: recorded(objective, 'budget_used_up_timestamp'),
      expr: `time() + (${allowed} - ${ratio} * ${counted}) / (${mean('bad_rate', '1d')} > 0)`,
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
      interval: LONG_INTERVAL,
      rules: [...(long ?? []), ...budget(objective, target)],
    },
  ];
}

/** @returns the groups of recordings of a profile, each recording after those that it reads */
export function recordingGroups(profile: Profile): RuleGroup[] {
  return objectivesOf(profile).flatMap(([name, target]) => groupsOf(name, target));
}

/** @returns the objectives that a profile has, in the order of OBJECTIVE_NAMES */
export function objectivesOf({ objectives }: Profile): [ObjectiveName, Objective][] {
  return OBJECTIVE_NAMES.flatMap((name): [ObjectiveName, Objective][] => {
    const objective = objectives[name];
    return objective ? [[name, objective]] : [];
  });
}
