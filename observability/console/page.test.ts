/** The page's own parts that need no browser: units, names, and that what it shows exists. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { readDashboards } from './dashboards.ts';

/** Plain JavaScript for the browser, which has no types here. */
const load = (name: string) => import(new URL(`./page/${name}`, import.meta.url).href);
const { clock, format, seriesName, tone } = await load('format.js');

const VALUES: [value: number, unit: string, decimals: number | undefined, text: string][] = [
  [0.99512, 'percentunit', undefined, '99.5 %'],
  [1, 'percentunit', 2, '100.00 %'],
  [0.2445, 's', 2, '244.50 ms'],
  [0, 's', 2, '0 s'],
  [90, 's', undefined, '1.5 min'],
  [-172_800, 's', 0, '-2 d'],
  [2.3e-5, 's', undefined, '23 µs'],
  [12.345, 'reqps', undefined, '12.3 req/s'],
  [1_234_567, 'short', undefined, '1.23 M'],
  [1_234_567, 'none', undefined, '1234567'],
  [1_536, 'bytes', undefined, '1.5 KiB'],
  [0.0000126, 'currencyUSD', 7, '$ 0.0000126'],
  [Number.NaN, 'short', undefined, 'no value'],
  [Number.POSITIVE_INFINITY, 's', undefined, '∞'],
];
for (const [value, unit, decimals, text] of VALUES) {
  test(`format: ${value} in ${unit} is ${text}`, () =>
    assert.equal(format(value, unit, decimals), text));
}

test('clock: midnight is the beginning of a day, not its end', () => {
  const midnight = new Date(2026, 10, 26, 0, 5, 7).getTime() / 1_000;
  assert.equal(clock(midnight), '00:05:07');
});

test('seriesName: fills in labels, and lists them where there is no legend', () => {
  assert.equal(seriesName('{{model}} {{none}}', { model: '<b>' }), '<b>');
  assert.equal(seriesName('', { __name__: 'up', job: 'a' }), 'up job=a');
});

test('tone: the colour of the last step that a value has reached', () => {
  const steps = [
    { value: null, color: 'red' },
    { value: 0, color: 'orange' },
    { value: 0.25, color: 'green' },
  ];
  assert.deepEqual(
    [-1, 0, 0.3].map((value) => tone(value, { steps })),
    ['red', 'orange', 'green'],
  );
});

test('users: every panel of the section is one of the committed dashboards', () => {
  const text = readFileSync(new URL('./page/users.js', import.meta.url), 'utf8');
  const named = [...text.matchAll(/\['(claude-[\w-]+)', '([^']+)', \d+\]/g)];
  assert(named.length >= 10);
  const dashboards = readDashboards();
  for (const [, uid = '', title] of named) {
    assert(
      dashboards.get(uid)?.panels.some((panel) => panel.title === title),
      `${uid}: ${title}`,
    );
  }
});
