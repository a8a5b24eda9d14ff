/** Prometheus' own program says what the first panel of the home dashboard shows in each state of the service. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { committedDashboards } from '../checks/committed.ts';
import { expectValue, type Series } from '../testing-promtool.ts';

const panel =
  committedDashboards()
    .find(({ file }) => file === 'objectives.json')
    ?.dashboard.panels.find(({ title }) => title === 'Are users fine?') ?? assert.fail();
const expr = panel.targets?.[0]?.expr?.replaceAll('$job', '.+') ?? assert.fail();

/** A state that lasts for the 10 minutes at whose end the panel is read. */
const LASTING = '1x60';
/** Series that end two minutes before, as those of a scrape that fails do. */
const GONE = '1x7 stale';
const instance = (name: string, values: string, job = 'claude'): Series => ({
  [`claude_build_info{job="${job}",instance="${name}",version="1"}`]: values,
});
const alert = (labels: string, values = LASTING): Series => ({
  [`ALERTS{alertstate="firing",${labels}}`]: values,
});
const PACK = 'pack="claude-observatory"';
const page = (job: string, pack = PACK) =>
  alert(`alertname="AllCallsFailing",job="${job}",severity="page",kind="symptom",${pack}`);
const alive = instance('a', LASTING);

const FINE = 0;
const NOT_KNOWN = -1;
const FAILING = -2;
const failed = (share: number): Series => ({
  'job:claude_availability:error_ratio_rate5m{job="claude"}': `${share}x60`,
});
const CASES: readonly [state: string, series: Series, value: number | undefined][] = [
  ['it is scraped, and nothing fires', alive, FINE],
  ['as many calls fail as may', { ...alive, ...failed(0.005) }, FINE],
  ['more calls fail than may, and no alert pages yet', { ...alive, ...failed(0.01) }, FAILING],
  ['more calls fail, and one alert pages', { ...alive, ...failed(1), ...page('claude') }, 1],
  ['more calls fail, and it has died', { ...instance('a', GONE), ...failed(1) }, NOT_KNOWN],
  ['one alert pages', { ...alive, ...page('claude') }, 1],
  ['two jobs page', { ...alive, ...page('claude'), ...page('b') }, 2],
  [
    'a page on a cause, and a ticket on what users feel',
    {
      ...alive,
      ...alert(`alertname="A",job="claude",severity="page",kind="cause",${PACK}`),
      ...alert(`alertname="B",job="claude",severity="ticket",kind="symptom",${PACK}`),
    },
    FINE,
  ],
  ['an alert of others pages for the same job', { ...alive, ...page('claude', 'pack="x"') }, FINE],
  ['it has died a moment ago', instance('a', GONE), NOT_KNOWN],
  [
    'one of two jobs has died a moment ago',
    { ...alive, ...instance('b', GONE, 'other') },
    NOT_KNOWN,
  ],
  [
    'an instance of several cannot be scraped',
    {
      ...alive,
      ...alert(`alertname="ScrapeTargetDown",job="claude",instance="b",severity="ticket",${PACK}`),
    },
    NOT_KNOWN,
  ],
  [
    'a component of the stack cannot be scraped',
    {
      ...alive,
      ...alert(`alertname="ScrapeTargetDown",job="stack",instance="b",severity="ticket",${PACK}`),
    },
    FINE,
  ],
  [
    'no instance can be scraped since yesterday',
    alert(`alertname="ScrapeTargetAbsent",job="claude",severity="page",kind="cause",${PACK}`),
    NOT_KNOWN,
  ],
  ['it has died a moment ago and pages still', { ...instance('a', GONE), ...page('claude') }, 1],
  ['it has never been scraped', { 'up{job="stack",instance="x"}': LASTING }, undefined],
];
for (const [state, series, value] of CASES) {
  test(`Are users fine? ${state}: ${value ?? 'nothing is measured'}`, () => {
    expectValue(expr, series, value);
  });
}

test('Are users fine? every value of it has words', () => {
  const { mappings = [] } = panel.fieldConfig?.defaults ?? {};
  const words = JSON.stringify(mappings);
  assert.match(words, /"0":\{"text":"Users are fine","color":"green"/);
  assert.match(words, /"from":1,"to":null,"result":\{"text":"Users suffer","color":"red"/);
  assert.match(words, /"-2":\{"text":"More calls fail than allowed","color":"orange"/);
  assert.match(words, /"-1":\{"text":"Not known: [^"]+","color":"orange"/);
});

test('dashboards: every number is what it is now, none the last of a range', () => {
  const stats = committedDashboards().flatMap(({ file, dashboard }) =>
    dashboard.panels.filter(({ type }) => type === 'stat').map((each) => ({ file, ...each })),
  );
  assert(stats.length > 10);
  for (const { file, title, targets = [] } of stats) {
    for (const asked of targets as readonly {
      readonly instant?: boolean;
      readonly range?: boolean;
    }[]) {
      assert.deepEqual([asked.instant, asked.range], [true, false], `${file}: ${title}`);
    }
  }
});
