/** The compressed rules and configurations differ from the shipped ones in their durations alone. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { parse } from 'yaml';
import { ROOT } from '../../local/paths.ts';
import { RULES_DIR, readRuleFiles } from '../../prometheus/check/rule-files.ts';
import {
  compressAlertmanager,
  compressExpression,
  compressPrometheus,
  compressRules,
  GAME_DAY_SPEED as SPEED,
} from './compress.ts';

/** By text alone, so that it does not share a mistake with the parser: everything that may differ is cut out. */
const withoutDurations = (text: string) =>
  text
    .replaceAll(/\[\d+[smhd](?::\d+[smhd])?\]/g, '[…]')
    .replaceAll(/\[\d+m?s(?::\d+m?s)?\]/g, '[…]')
    .replaceAll(/offset \d+m?[smhd]/g, 'offset …')
    .replaceAll(/^( +(?:for|keep_firing_for|interval):) .*$/gm, '$1 …');

const rule = (expr: string, more = '') =>
  `groups:\n  - name: one\n    rules:\n      - alert: Broken\n        expr: ${expr}\n${more}`;

describe('compressExpression', () => {
  const cases = [
    ['rate(a_total[5m])', 'rate(a_total[5s])'],
    ['increase(a_total[1d] offset 1h)', 'increase(a_total[1440s] offset 60s)'],
    ['sum_over_time(job:a:rate5m[30d:5m])', 'sum_over_time(job:a:rate5m[43200s:5s])'],
    // What only looks like a duration stays: names, numbers, the texts of labels, `by` and comparisons.
    ['job:a:rate5m{le="5m",x=~"1h|[5m]"} * 300 > 86400', undefined],
    ['sum by (h1, m5) (a{b="offset 5m"}) / 3600', undefined],
  ] as const;
  for (const [shipped, compressed = shipped] of cases) {
    test(`${shipped} becomes ${compressed}`, () => {
      assert.equal(compressExpression(shipped, SPEED), compressed);
    });
  }
});

describe('compressRules', () => {
  for (const { name } of readRuleFiles()) {
    test(`${name}: it is the shipped text but for its durations`, () => {
      const shipped = readFileSync(join(RULES_DIR, name), 'utf8');
      const compressed = compressRules(shipped, SPEED);
      assert.equal(withoutDurations(compressed), withoutDurations(shipped));
      assert.doesNotMatch(compressed, /(?:\[|:|offset )\d+[mhd]\b(?!s)/);
    });
  }

  test('every duration of every file is the shipped one divided by the factor, read by text and not by the parser', () => {
    const unitMs: Readonly<Record<string, number>> = {
      ms: 1,
      s: 1_000,
      m: 60_000,
      h: 3_600_000,
      d: 86_400_000,
    };
    const places =
      /\[(\d+m?[smhd])(?::(\d+m?[smhd]))?\]|offset (\d+m?[smhd])|^ +(?:for|keep_firing_for|interval): (\d+m?[smhd])$/gm;
    const millisecondsIn = (text: string) =>
      [...text.matchAll(places)]
        .flatMap(([, ...found]) => found.filter((each) => each !== undefined))
        .map((each) => Number.parseInt(each, 10) * (unitMs[each.replace(/\d+/, '')] ?? Number.NaN));
    let compared = 0;
    for (const { name } of readRuleFiles()) {
      const shipped = readFileSync(join(RULES_DIR, name), 'utf8');
      const before = millisecondsIn(shipped);
      assert.deepEqual(
        millisecondsIn(compressRules(shipped, SPEED)),
        before.map((ms) => Math.round(ms / 60)),
        name,
      );
      compared += before.length;
    }
    assert(compared > 250, `${compared} durations`);
  });

  test('every wait is the shipped one divided by the factor', () => {
    const waits = (text: string) =>
      (parse(text).groups as { rules: { for?: string; keep_firing_for?: string }[] }[])
        .flatMap(({ rules }) => rules)
        .flatMap((each) => [each.for, each.keep_firing_for])
        .filter((time) => time !== undefined);
    const shipped = readFileSync(join(RULES_DIR, 'causes.yml'), 'utf8');
    const minutes = waits(shipped).map(
      (time) => Number.parseInt(time, 10) * (/h$/.test(time) ? 60 : 1),
    );
    assert(minutes.length > 30);
    assert.deepEqual(
      waits(compressRules(shipped, SPEED)),
      minutes.map((count) => `${count}s`),
    );
  });

  test('a window shorter than four scrapes is refused, by the name of its rule', () => {
    assert.throws(() => compressRules(rule('rate(a_total[1m]) > 0'), SPEED), {
      name: 'RangeError',
      message: 'Broken: 1m would be 1s, less than 2s',
    });
  });

  test('a wait shorter than four evaluations is refused, by the name of its rule', () => {
    assert.throws(() => compressRules(rule('a > 0', '        for: 30s\n'), SPEED), {
      message: 'Broken: 30s would be 500ms, less than 1s',
    });
  });

  test('a duration of several units is refused rather than guessed', () => {
    assert.throws(
      () => compressRules(rule('rate(a_total[1h30m]) > 0'), SPEED),
      /^RangeError: Broken/,
    );
  });
});

test('compressPrometheus: intervals are divided, and no finer than a scrape and an evaluation may be', () => {
  const shipped = readFileSync(join(ROOT, 'observability/prometheus/prometheus.yml'), 'utf8');
  const before = parse(shipped);
  const after = parse(compressPrometheus(shipped, SPEED));
  assert.deepEqual(after.global, { scrape_interval: '500ms', evaluation_interval: '250ms' });
  assert.deepEqual(after.rule_files, before.rule_files);
  assert.deepEqual(after.alerting, before.alerting);
  const intervals = (config: typeof before) =>
    config.scrape_configs.map((each: Record<string, unknown>) => each['scrape_interval']);
  assert.deepEqual(intervals(before), [undefined, '15s']);
  assert.deepEqual(intervals(after), [undefined, '500ms']);
  const slow = compressPrometheus('global:\n  scrape_interval: 2m\n', SPEED);
  assert.equal(parse(slow).global.scrape_interval, '2s');
});

test('compressAlertmanager: every route waits a sixtieth, and routes, receivers and inhibition stay', () => {
  const shipped = readFileSync(join(ROOT, 'observability/alertmanager/alertmanager.yml'), 'utf8');
  const after = parse(compressAlertmanager(shipped, SPEED));
  const before = parse(shipped);
  assert.deepEqual(
    [after.inhibit_rules, after.receivers],
    [before.inhibit_rules, before.receivers],
  );
  const strip = (text: string) => text.replaceAll(/^( +\w+_(?:wait|interval):) .*$/gm, '$1 …');
  assert.equal(strip(compressAlertmanager(shipped, SPEED)), strip(shipped));
  const waitsOf = (route: Route): string[] => [
    `${route.group_wait} ${route.group_interval} ${route.repeat_interval}`,
    ...(route.routes ?? []).flatMap(waitsOf),
  ];
  const waits = new Set(waitsOf(after.route).filter((each) => !each.includes('undefined')));
  assert.deepEqual(waits, new Set(['500ms 5s 1440s', '0s 1s 1s', '167ms 1s 240s']));
});

interface Route {
  readonly group_wait?: string;
  readonly group_interval?: string;
  readonly repeat_interval?: string;
  readonly routes?: readonly Route[];
}
