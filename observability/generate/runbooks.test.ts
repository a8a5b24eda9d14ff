/** Every alert has a runbook, of one shape, whose queries, panels and commands exist. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { GAME_DAYS } from '../../loadtest/gamedays/days/all.ts';
import { type Simulator, startSimulator } from '../../loadtest/simulator/server.ts';
import { slo } from '../slo.ts';
import { committedDashboards, committedRules, committedRunbooks } from './checks/committed.ts';
import { readPromql, syntaxErrors } from './checks/grammars.ts';
import { knownMetrics, unknownNames } from './checks/known-metrics.ts';
import { runbookFiles } from './runbooks.ts';

const SECTIONS = [
  'What users feel',
  'First three checks',
  'Causes, most likely first',
  'Stop the bleeding',
  'Reproduce it here',
  'When to stop worrying',
];
const NOT_OF_AN_ALERT = ['README.md', 'error-budget-policy.md'];
const pages = committedRunbooks().filter(({ file }) => !NOT_OF_AN_ALERT.includes(file));
const known = knownMetrics();
const panels = new Map(
  committedDashboards().map(({ dashboard: { title, panels: all } }) => [
    title,
    new Set(all.map((panel) => panel.title)),
  ]),
);

/** The text of a section, without its heading. */
function section(text: string, title: string): string {
  return text.split(`\n## ${title}\n`)[1]?.split('\n## ')[0]?.trim() ?? '';
}

function codeOf(text: string, language: string): string[] {
  const fences = text.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'));
  return [...fences].map(([, code = '']) => code.trim());
}

/** Which series of a metric a query takes, by one of their labels. */
function narrowings(query: string): { readonly what: string; readonly pattern: string }[] {
  return readPromql(query).selectors.flatMap(({ metric, matchers }) =>
    matchers
      .filter(({ op }) => op === '=' || op === '=~')
      .map(({ label, value }) => ({ what: `${metric} by ${label}`, pattern: value })),
  );
}

test('every alert of the committed rules has a runbook, and no other page is there', () => {
  const alerts = committedRules().flatMap(({ rule: { alert } }) => alert ?? []);
  assert.deepEqual(
    pages.map(({ file }) => file).toSorted(),
    [...new Set(alerts)].map((alert) => `${alert}.md`).toSorted(),
  );
});

test('the pages that are generated are those of the folder', () => {
  assert.deepEqual(
    Object.keys(runbookFiles(slo.profiles.documented)).toSorted(),
    committedRunbooks()
      .map(({ file }) => `observability/runbooks/${file}`)
      .toSorted(),
  );
});

for (const { file, text } of pages) {
  describe(`runbook ${file}`, () => {
    test('has its alert as title and every section, none of them empty', () => {
      assert.equal(text.split('\n', 1)[0], `# ${file.replace('.md', '')}`);
      const headings = [...text.matchAll(/^## (.+)$/gm)].map(([, title]) => title);
      assert.deepEqual(headings, SECTIONS);
      for (const title of SECTIONS) assert.notEqual(section(text, title), '', title);
    });

    test('has three checks, each with a panel that exists and a query that reads what exists', () => {
      const checks = section(text, 'First three checks');
      const named = [...checks.matchAll(/_(Claude: [^_]+)_ › \*\*(.+?)\*\*/g)];
      assert.equal(named.length, 3);
      for (const [, dashboard = '', panel] of named) {
        assert(panels.get(dashboard)?.has(panel), `no panel ${panel} in ${dashboard}`);
      }
      const queries = codeOf(checks, 'promql');
      assert.equal(queries.length, 3);
      for (const query of queries) {
        assert.deepEqual([...syntaxErrors('promql', query), ...unknownNames(query, known)], []);
      }
    });

    test('asks first for every value of a label that its rules list', () => {
      const [before = '', after = ''] = text.split('\n## First three checks\n');
      const asked = narrowings(codeOf(after, 'promql')[0] ?? '');
      const rules = codeOf(before, 'promql').flatMap(narrowings);
      for (const rule of rules.filter((each) => /^\w+(?:\|\w+)+$/.test(each.pattern))) {
        for (const { pattern } of asked.filter(({ what }) => what === rule.what)) {
          const unasked = rule.pattern
            .split('|')
            .filter((value) => !new RegExp(`^(?:${pattern})$`).test(value));
          assert.deepEqual(unasked, [], rule.what);
        }
      }
    });

    test('is reproduced by its game day where it has one, and by nothing else then', () => {
      const commands = codeOf(section(text, 'Reproduce it here'), 'sh').join('\n');
      const alert = file.replace('.md', '');
      // The slowest burn rates show the fast one's.
      const named = [alert, alert.replace(/BurnTrickle$/, 'BurnFast')];
      const day = GAME_DAYS.find(({ expected }) =>
        expected.some((each) => named.includes(each.alert)),
      );
      if (day) assert.equal(commands, `make gameday FAULT=${day.name}`);
      else assert.doesNotMatch(commands, /make gameday/);
    });

    test('has panels of other dashboards only by names that exist', () => {
      const titles = [...panels.values()].flatMap((set) => [...set]);
      const named = [...text.matchAll(/(?<![\w*])_([A-Z][^_\n]+)_(?! ›)(?!\w)/g)].map(([, t]) => t);
      const ids = new Set(['Find one ID', ...panels.keys()]);
      assert.deepEqual(
        named.filter((title) => !titles.includes(title) && !ids.has(title ?? '')),
        [],
      );
    });
  });
}

describe('what runbooks ask of the simulator', () => {
  let simulator: Simulator;
  before(async () => {
    simulator = await startSimulator();
  });
  after(() => simulator.close());

  const PUT = /-X PUT localhost:8081(\/__sim\/\w+) -d '([^']+)'/g;
  for (const { file, text } of pages) {
    const asked = codeOf(section(text, 'Reproduce it here'), 'sh').flatMap((code) => [
      ...code.matchAll(PUT),
    ]);
    for (const [, path = '', body = ''] of asked) {
      test(`${file}: PUT ${path} ${body} is taken`, async () => {
        const response = await fetch(`${simulator.url}${path}`, { method: 'PUT', body });
        assert.equal(response.status, 200, await response.text());
      });
    }
  }
});
