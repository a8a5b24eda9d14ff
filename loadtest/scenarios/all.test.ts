/** All scenarios: what each has to have so that both drivers can run it and its verdict means something. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PRICES } from '../../app/telemetry/prices.ts';
import { SCENARIO_NAMES, SCENARIOS } from './all.ts';
import { METRIC, METRIC_TYPE, seriesKey } from './metrics.ts';
import { callsIn, countedPhases, lengthOf, type Phase, secondsOf } from './scenario.ts';
import { readLoadSettings } from './settings.ts';
import { MINIMUM_CALLS } from './thresholds.ts';

const rates = ({ fromPerSecond, stages }: Phase) => [
  fromPerSecond,
  ...stages.map(({ perSecond }) => perSecond),
];

for (const name of SCENARIO_NAMES) {
  for (const options of [{}, { perSecond: 37, seconds: 3600 }]) {
    const scenario = SCENARIOS[name](options);
    const { phases, thresholds, faults, verdict } = scenario;
    const title = `${name}${options.seconds ? ' for an hour' : ''}`;

    test(`${title}: phases have names of their own, follow each other, and have rates that k6 takes`, () => {
      assert.equal(new Set(phases.map((phase) => phase.name)).size, phases.length);
      let endS = 0;
      for (const phase of phases) {
        assert.match(phase.name, /^[a-z][a-z0-9_]*$/);
        assert.equal(phase.startS, endS, phase.name);
        endS += secondsOf(phase);
        for (const rate of rates(phase)) assert(Number.isInteger(rate) && rate > 0, phase.name);
        for (const { weight } of phase.calls) assert(Number.isInteger(weight) && weight > 0);
        assert(Number.isInteger(secondsOf(phase)), phase.name);
        assert(Number.isInteger(phase.maxInFlight));
      }
    });

    test(`${title}: it begins with a warm-up that is not in the figures`, () => {
      assert.equal(phases[0]?.counted, false);
      assert(countedPhases(scenario).length > 0);
      assert.equal(scenario.name, name);
    });

    test(`${title}: beside the thresholds of each phase stand its number of calls and what was dropped`, () => {
      for (const phase of countedPhases(scenario)) {
        const own = thresholds.filter((threshold) => threshold.phase === phase.name);
        const on = (metric: Parameters<typeof seriesKey>[0]) =>
          own.find((threshold) => threshold.metric === seriesKey(metric, { phase: phase.name }));
        const calls = on(METRIC.calls);
        assert(calls && calls.limit >= callsIn(phase) * 0.9 && calls.limit >= MINIMUM_CALLS * 0.9);
        assert(on(METRIC.dropped) && on(METRIC.driverLagMs)?.ofDriver);
        assert(on(METRIC.success) || on(METRIC.answered));
      }
    });

    test(`${title}: each threshold names a series of the load, and there is one for each once`, () => {
      const keys = thresholds.map(
        ({ metric, aggregate, since }) => `${metric} ${aggregate} ${since}`,
      );
      assert.equal(new Set(keys).size, keys.length);
      for (const { metric, aggregate } of thresholds) {
        const base = metric.replace(/\{.*$/, '') as keyof typeof METRIC_TYPE;
        const type = METRIC_TYPE[base];
        const expected = { counter: 'count', rate: 'rate', trend: 'p(99)' }[type];
        assert.equal(aggregate, expected, metric);
      }
    });

    test(`${title}: the models have prices, and faults lie within the run`, () => {
      for (const { models } of phases) for (const model of models) assert(PRICES[model], model);
      for (const { fromS, untilS } of faults) assert(fromS < untilS && untilS < lengthOf(scenario));
      assert.equal(verdict === 'breakpoint', name === 'breakpoint');
    });
  }

  test(`${name}: its defaults are good settings`, () => {
    assert.equal(readLoadSettings({ SCENARIO: name }).ok, true);
  });
}

test('RATE and DURATION scale every scenario', () => {
  for (const name of SCENARIO_NAMES) {
    const count = (perSecond: number, seconds: number) =>
      countedPhases(SCENARIOS[name]({ perSecond, seconds })).reduce((n, p) => n + callsIn(p), 0);
    const base = count(100, 600);
    assert(Math.abs(count(200, 600) / base - 2) < 0.05, name);
    assert(Math.abs(count(100, 1200) / base - 2) < 0.05, name);
    const measured = countedPhases(SCENARIOS[name]({ seconds: 600 }));
    const seconds = measured.reduce((sum, phase) => sum + secondsOf(phase), 0);
    assert(Math.abs(seconds - 600) <= 12, `${name} measures for ${seconds} s`);
  }
});

test('smoke lasts less than half a minute, and all others but soak at most three', () => {
  for (const name of SCENARIO_NAMES) {
    const seconds = lengthOf(SCENARIOS[name]({}));
    assert(seconds <= ({ smoke: 30, soak: 1900 }[name as string] ?? 180), `${name}: ${seconds}`);
  }
});
