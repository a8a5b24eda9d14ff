/** Checks the objectives before anything is generated from them, as whoever copies the pack edits them. */
import type { BurnRate, Objective, ObjectiveName, Profile } from '../../slo.ts';
import { secondsOf } from './durations.ts';
import { HISTOGRAMS } from './events.ts';
import { budgetOf, objectivesOf } from './recording.ts';

/** What is checked: the constants of slo.ts. */
export interface Objectives {
  readonly slo: {
    readonly profiles: Readonly<Record<string, Profile>>;
    readonly budgetWindow: string;
    readonly burnRates: readonly BurnRate[];
  };
  readonly thresholds: Readonly<Record<string, number>>;
}

/** A field that cannot be used: where it stands, as the words that lead to its line, and what is wrong with it. */
type Problem = readonly [path: readonly string[], text: string];

/**
 * @param source the text of slo.ts
 * @returns a sentence for each field that cannot be used, with its line
 */
export function problemsOf({ slo, thresholds }: Objectives, source: string): string[] {
  const problems = [
    ...Object.entries(slo.profiles).flatMap(([name, profile]) => [
      ...objectivesOf(profile).flatMap(([key, objective]) =>
        objectiveProblems([name, 'objectives', key], key, objective, slo.burnRates),
      ),
      ...urlProblems(name, profile),
    ]),
    ...windowProblems(slo.burnRates, slo.budgetWindow),
    ...thresholdProblems(thresholds, slo.profiles),
  ];
  return problems.map(
    ([path, text]) => `observability/slo.ts:${lineOf(path, source)} ${path.join('.')}: ${text}`,
  );
}

/** Looks for each word of the path as a field or a value, one after the other. */
function lineOf(path: readonly string[], source: string): number {
  let at = 0;
  for (const word of path) {
    const found = source.slice(at).search(new RegExp(`\\b${word}(: |\\b.* = |')`));
    if (found !== -1) at += found + 1;
  }
  return source.slice(0, at).split('\n').length;
}

function objectiveProblems(
  path: readonly string[],
  name: ObjectiveName,
  objective: Objective,
  burnRates: readonly BurnRate[],
): Problem[] {
  const { goodRatio } = objective;
  const ratio = [...path, 'goodRatio'];
  if (goodRatio === 1)
    return [[ratio, '100 % leaves no error budget, so nothing could be measured']];
  if (!(goodRatio > 0 && goodRatio < 1)) {
    return [[ratio, `${goodRatio} is no share of good events; it lies between 0 and 1`]];
  }
  const neverFires = burnRates
    .filter(({ factor }) => factor * budgetOf(objective) >= 1)
    .map(({ speed, factor }): Problem => {
      const share = Number((factor * budgetOf(objective)).toPrecision(6));
      return [
        ratio,
        `burn rate ${speed} would fire above ${factor} x the budget = ${share} of the events, which is never`,
      ];
    });
  return [...neverFires, ...limitProblems([...path, 'limitMs'], name, objective)];
}

function limitProblems(
  path: readonly string[],
  name: ObjectiveName,
  { limitMs }: Objective,
): Problem[] {
  if (name === 'availability') {
    return limitMs === undefined ? [] : [[path, 'availability has no limit in time']];
  }
  const { name: histogram, buckets } = HISTOGRAMS[name];
  if (limitMs !== undefined && buckets.some((edge) => edge * 1_000 === limitMs)) return [];
  const edges = buckets.map((edge) => edge * 1_000).join(', ');
  return [
    [
      path,
      `${limitMs} ms is no bucket edge of ${histogram}, so it cannot be counted; edges are ${edges}`,
    ],
  ];
}

function windowProblems(burnRates: readonly BurnRate[], budgetWindow: string): Problem[] {
  if (Number.isNaN(secondsOf(budgetWindow))) {
    return [[['budgetWindow'], `${budgetWindow} is no duration such as 30d`]];
  }
  const speeds = new Set<string>();
  return burnRates.flatMap((rate): Problem[] => {
    const path = ['burnRates', rate.speed];
    if (speeds.has(rate.speed))
      return [[path, 'two burn rates have this speed, which names the alert']];
    speeds.add(rate.speed);
    if (!(rate.factor > 0)) return [[path, `the factor ${rate.factor} is not above 0`]];
    return pairProblems(path, rate, budgetWindow);
  });
}

function pairProblems(path: readonly string[], rate: BurnRate, budgetWindow: string): Problem[] {
  const { short, long } = rate;
  if (!short || !long) {
    return [
      [path, `the window ${short || long} has no partner: a burn rate has a long and a short one`],
    ];
  }
  const wrong = [short, long, rate.for].find((duration) => Number.isNaN(secondsOf(duration)));
  if (wrong !== undefined) return [[path, `${wrong} is no duration such as 5m`]];
  if (secondsOf(short) >= secondsOf(long)) {
    return [[path, `the short window ${short} is not shorter than the long one, ${long}`]];
  }
  if (secondsOf(long) > secondsOf(budgetWindow)) {
    return [[path, `the window ${long} is longer than the budget's, ${budgetWindow}`]];
  }
  return [];
}

function urlProblems(name: string, { urls }: Profile): Problem[] {
  return Object.entries(urls)
    .filter(([, url]) => !URL.canParse(url) || !/^https?:.*[^/]$/.test(url))
    .map(([key, url]) => [[name, 'urls', key], `${url} is no address without a slash at its end`]);
}

/** At 0 there is no budget, and so no alert on it. */
const MAY_BE_NONE = 'spendDollarsPerMonth';

function thresholdProblems(
  thresholds: Objectives['thresholds'],
  profiles: Objectives['slo']['profiles'],
): Problem[] {
  const odd = Object.entries(thresholds)
    .filter(([name, value]) => !(value > 0) || (name.endsWith('Ratio') && value >= 1))
    .filter(([name, value]) => !(name === MAY_BE_NONE && value === 0))
    .map(([name, value]): Problem => {
      const text = name.endsWith('Ratio') ? 'is no share between 0 and 1' : 'is not above 0';
      return [['thresholds', name], `${value} ${text}`];
    });
  const budgets = thresholds['lowTrafficBudgets'] ?? 0;
  const never = Object.values(profiles).some(
    ({ objectives: { availability } }) =>
      availability.goodRatio > 0 && budgets * budgetOf(availability) >= 1,
  );
  const path = ['thresholds', 'lowTrafficBudgets'];
  return never ? [...odd, [path, `${budgets} x the budget is never exceeded`]] : odd;
}
