/** Objectives that cannot work are refused before anything is generated, with the line to change. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { METRICS } from '../../../app/telemetry/metric-catalogue.ts';
import { type BurnRate, type Profile, slo, thresholds } from '../../slo.ts';
import { type Objectives, problemsOf } from './check-objectives.ts';

const SOURCE = readFileSync(new URL('../../slo.ts', import.meta.url), 'utf8');
const check = (objectives: object) =>
  problemsOf({ slo: { ...slo, ...objectives }, thresholds }, SOURCE);

/** The one line of slo.ts that has all of these texts. */
function lineWith(...texts: readonly string[]): number {
  const lines = SOURCE.split('\n').map((line, i) => [line, i + 1] as const);
  const found = lines.filter(([line]) => texts.every((text) => line.includes(text)));
  assert.equal(found.length, 1, texts.join());
  return found[0]?.[1] ?? 0;
}

const { documented, production } = slo.profiles;
const withObjectives = (objectives: object) => ({
  profiles: {
    documented: { ...documented, objectives: { ...documented.objectives, ...objectives } },
    production,
  },
});
const availability = (goodRatio: number) => withObjectives({ availability: { goodRatio } });
const latency = (limitMs: unknown) => withObjectives({ latency: { goodRatio: 0.99, limitMs } });
const [fast, ...others] = slo.burnRates as [BurnRate, ...BurnRate[]];
const rates = (change: object) => ({ burnRates: [{ ...fast, ...change }, ...others] });
const urls = (runbooks: string) => ({
  profiles: { documented: { ...documented, urls: { ...documented.urls, runbooks } } },
});

test('slo.ts: the committed objectives have no problems', () => assert.deepEqual(check({}), []));

/** Milliseconds. */
const EDGES = METRICS.duration.buckets.map((seconds) => seconds * 1_000).join(', ');

const goodRatio = 'documented.objectives.availability.goodRatio';
const never = `${goodRatio}: burn rate fast would fire above 14.4 x the budget = 1.008 of the events, which is never`;
const CASES: readonly [title: string, objectives: object, problem: string][] = [
  [
    'an objective of 100 %',
    availability(1),
    `${goodRatio}: 100 % leaves no error budget, so nothing could be measured`,
  ],
  [
    'an objective of 0',
    availability(0),
    `${goodRatio}: 0 is no share of good events; it lies between 0 and 1`,
  ],
  [
    'an objective in percent',
    availability(99.5),
    `${goodRatio}: 99.5 is no share of good events; it lies between 0 and 1`,
  ],
  [
    'an objective that is no number',
    availability(Number.NaN),
    `${goodRatio}: NaN is no share of good events; it lies between 0 and 1`,
  ],
  ['a threshold that can never fire', availability(0.93), never],
  [
    'a limit between two bucket edges',
    latency(400),
    `documented.objectives.latency.limitMs: 400 ms is no bucket edge of claude_api_request_duration_seconds, so it cannot be counted; edges are ${EDGES}`,
  ],
  [
    'availability with a limit in time',
    withObjectives({ availability: { goodRatio: 0.995, limitMs: 500 } }),
    'documented.objectives.availability.limitMs: availability has no limit in time',
  ],
  [
    'a long window without a short one',
    rates({ short: undefined }),
    'burnRates.fast: the window 1h has no partner: a burn rate has a long and a short one',
  ],
  [
    'a short window without a long one',
    rates({ long: '' }),
    'burnRates.fast: the window 5m has no partner: a burn rate has a long and a short one',
  ],
  [
    'a short window as long as the long one',
    rates({ short: '1h' }),
    'burnRates.fast: the short window 1h is not shorter than the long one, 1h',
  ],
  [
    'a window longer than the budget’s',
    rates({ long: '31d' }),
    "burnRates.fast: the window 31d is longer than the budget's, 30d",
  ],
  [
    'a window that is no duration',
    rates({ long: '1 hour' }),
    'burnRates.fast: 1 hour is no duration such as 5m',
  ],
  [
    'an alert without a time to wait',
    rates({ for: '' }),
    'burnRates.fast:  is no duration such as 5m',
  ],
  ['a burn rate of 0', rates({ factor: 0 }), 'burnRates.fast: the factor 0 is not above 0'],
  [
    'a speed that is there twice',
    { burnRates: [fast, fast] },
    'burnRates.fast: two burn rates have this speed, which names the alert',
  ],
  [
    'a budget’s window that is no duration',
    { budgetWindow: 'a month' },
    'budgetWindow: a month is no duration such as 30d',
  ],
  [
    'an address that is none',
    urls('runbooks'),
    'documented.urls.runbooks: runbooks is no address without a slash at its end',
  ],
  [
    'an address that ends in a slash',
    urls('https://a.test/'),
    'documented.urls.runbooks: https://a.test/ is no address without a slash at its end',
  ],
];
for (const [title, objectives, problem] of CASES) {
  test(`slo.ts: ${title} is refused, and the field is named`, () => {
    const problems = check(objectives).map((text) =>
      text.replace(/^observability\/slo\.ts:\d+ /, ''),
    );
    assert.deepEqual(problems, [problem]);
  });
}

const LINES: readonly [title: string, objectives: object, line: number][] = [
  ['an objective', availability(1), lineWith('documented: {') + 2],
  ['a limit', latency(400), lineWith('latency: {')],
  ['a burn rate', rates({ short: undefined }), lineWith("speed: 'fast',")],
  ['the window of the budget', { budgetWindow: '' }, lineWith("budgetWindow: '30d'")],
];
for (const [title, objectives, line] of LINES) {
  test(`slo.ts: the line of ${title} is named`, () => {
    assert.match(check(objectives)[0] ?? '', new RegExp(`^observability/slo\\.ts:${line} `));
  });
}

test('slo.ts: the line of the second profile is not that of the first', () => {
  const objectives = { ...production.objectives, overhead: { goodRatio: 1, limitMs: 100 } };
  const profile: Profile = { ...production, objectives };
  const [problem] = check({ profiles: { documented, production: profile } });
  const second = SOURCE.split('\n').findLastIndex((line) => line.includes('overhead: {')) + 1;
  assert.match(problem ?? '', new RegExp(`^observability/slo\\.ts:${second} production\\.`));
});

test('slo.ts: a budget of 0 dollars is none, and one below 0 is refused', () => {
  const withBudget = (spendDollarsPerMonth: number) =>
    problemsOf({ slo, thresholds: { ...thresholds, spendDollarsPerMonth } }, SOURCE);
  assert.deepEqual(withBudget(0), []);
  assert.match(withBudget(-1).join(), /thresholds\.spendDollarsPerMonth: -1 is not above 0$/);
});

const THRESHOLDS: readonly [change: Record<string, number>, problem: RegExp][] = [
  [{ shedRatio: 1 }, /thresholds\.shedRatio: 1 is no share between 0 and 1$/],
  [{ keyAgeDays: 0 }, /thresholds\.keyAgeDays: 0 is not above 0$/],
  [{ keyAgeDays: Number.NaN }, /thresholds\.keyAgeDays: NaN is not above 0$/],
  [
    { lowTrafficBudgets: 200 },
    /thresholds\.lowTrafficBudgets: 200 x the budget is never exceeded$/,
  ],
];
for (const [change, problem] of THRESHOLDS) {
  test(`slo.ts: the threshold ${JSON.stringify(change)} is refused with its line`, () => {
    const changed: Objectives = { slo, thresholds: { ...thresholds, ...change } };
    const [text = '', ...rest] = problemsOf(changed, SOURCE);
    assert.match(text, problem);
    assert.deepEqual(rest, []);
    const line = lineWith(`  ${Object.keys(change)[0]}: `);
    assert(text.startsWith(`observability/slo.ts:${line} `), text);
  });
}
