/** Every shipped alert has a game day or a reason for having none, and game days name only alerts that exist. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { secondsOf } from '../../observability/generate/rules/durations.ts';
import { ROOT } from '../../observability/local/paths.ts';
import { readRuleFiles, rulesOf } from '../../observability/prometheus/check/rule-files.ts';
import { CLOCK } from './clock.ts';
import { GAME_DAYS } from './days/all.ts';
import { NOBODY, PAGER, TICKETS } from './game-day.ts';
import { UNPLAYED } from './unplayed.ts';

const rules = readRuleFiles().flatMap(rulesOf);
const shipped = new Set(rules.flatMap(({ alert }) => alert ?? []));
/** Those that wake somebody. */
const paging = new Set(
  rules.filter(({ labels }) => labels?.['severity'] === 'page').map(({ alert }) => alert),
);
const played = new Set(GAME_DAYS.flatMap(({ expected }) => expected.map(({ alert }) => alert)));

test('each shipped alert is expected by a game day or listed without one, and never both', () => {
  const listed = new Set(Object.keys(UNPLAYED));
  assert.deepEqual(
    [...shipped].filter((alert) => !played.has(alert) && !listed.has(alert)),
    [],
  );
  assert.deepEqual(
    [...played].filter((alert) => listed.has(alert)),
    [],
  );
  assert.deepEqual(
    [...played, ...listed].filter((alert) => !shipped.has(alert)),
    [],
  );
});

test('each rule of an alert that several objectives share is expected by a game day, or none of them is', () => {
  const shared = Map.groupBy(
    rules.filter(({ alert }) => alert !== undefined && played.has(alert)),
    ({ alert = '' }) => alert,
  );
  for (const [alert, all] of shared) {
    if (all.length === 1) continue;
    const objectives = all.map(({ labels }) => labels?.['objective']);
    const expected = GAME_DAYS.flatMap((day) =>
      day.expected.flatMap((each) => (each.alert === alert ? each.labels['objective'] : [])),
    );
    assert.deepEqual(new Set(expected), new Set(objectives), alert);
  }
});

test('each reason for having no game day is a sentence', () => {
  for (const [alert, reason] of Object.entries(UNPLAYED))
    assert.match(reason, /^[A-Z].{20,}\.$/, alert);
});

test('each game day has a name of its own, and companions that exist, are not expected, have a reason and say whether they page', () => {
  const names = GAME_DAYS.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
  for (const { name, expected, companions = [] } of GAME_DAYS) {
    assert.match(name, /^[a-z][a-z_]+$/);
    assert(expected.length > 0, name);
    for (const { alert, labels, because, pages = false } of companions) {
      const isExpected = expected.some((each) => each.alert === alert);
      assert.equal(pages, paging.has(alert), `${name}: ${alert}`);
      assert(shipped.has(alert) && (labels !== undefined || !isExpected), `${name}: ${alert}`);
      assert(because.length > 10, `${name}: ${alert}`);
    }
  }
});

test('what may silence an expected alert is expected too, or a companion, and pages are silenced by pages alone', () => {
  for (const { name, expected, companions = [] } of GAME_DAYS) {
    const known = new Set([...expected, ...companions].map(({ alert }) => alert));
    for (const { alert, to, inhibitedBy = [], silenced } of expected) {
      assert(silenced === undefined || inhibitedBy.length > 0, `${name}: ${alert} by none`);
      for (const silencer of inhibitedBy) {
        assert(known.has(silencer), `${name}: ${alert} by ${silencer}`);
        assert(to !== PAGER || paging.has(silencer), `${name}: ${alert} by ${silencer}`);
      }
    }
  }
});

/** What a rule waits for, seconds of production: its `for`, and at most its longest window or that of what it reads. */
function waitsOf({ expr, for: wait = '0s' }: (typeof rules)[number]) {
  const windows = [...expr.matchAll(/(?:\[|_(?:rate|increase))(\d+[smhd])\b/g)].map(
    ([, text = '']) => secondsOf(text),
  );
  return { leastS: secondsOf(wait), mostS: secondsOf(wait) + Math.max(0, ...windows) };
}

/** What scrapes, evaluations and a busy machine may add, seconds of production. */
const SLACK_S = 15 * 60;

test('each expected alert may take as long as its rule waits, not less, and no longer than its `for`, its longest window and a slack', () => {
  for (const { name, expected } of GAME_DAYS) {
    for (const each of expected) {
      const rule = rules.find(({ alert }) => alert === each.alert);
      assert(rule, each.alert);
      const { leastS, mostS } = waitsOf(rule);
      const [earliestS, seconds] = [each.notBefore * 60, each.within * 60];
      assert(seconds > leastS, `${name}: ${each.alert} waits for ${leastS} s`);
      assert(
        earliestS >= leastS && earliestS < seconds,
        `${name}: ${each.alert} may not be so early`,
      );
      // What the fault itself takes is not in the rule.
      if (each.inRealTime?.fired) continue;
      assert(seconds <= mostS + SLACK_S, `${name}: ${each.alert} is there after ${mostS} s`);
    }
  }
});

test('the severity that each day asks for goes to the receiver that it names', () => {
  const severities = { [PAGER]: ['page'], [TICKETS]: ['ticket'], [NOBODY]: ['info', 'critical'] };
  for (const { name, expected } of GAME_DAYS) {
    for (const { alert, to, labels } of expected) {
      assert(severities[to].includes(labels['severity'] ?? ''), `${name}: ${alert}`);
    }
  }
});

test('the receiver that counts as nobody is the one of alertmanager.yml without an integration', () => {
  const file = join(ROOT, 'observability/alertmanager/alertmanager.yml');
  const { receivers } = parse(readFileSync(file, 'utf8')) as { receivers: { name: string }[] };
  const silent = receivers.filter((receiver) => Object.keys(receiver).length === 1);
  assert.deepEqual(silent, [{ name: NOBODY }]);
  const names = receivers.map(({ name }) => name);
  for (const name of [PAGER, TICKETS]) assert(names.includes(name), name);
});

test('each alert that does sums with the clock or with a month’s dollars has its decision', () => {
  const clocked = readRuleFiles()
    .flatMap(rulesOf)
    .filter(({ expr }) => /time\(\)|86400|cost_dollars/.test(expr))
    .flatMap(({ alert }) => alert ?? []);
  assert.deepEqual(Object.keys(CLOCK).toSorted(), [...new Set(clocked)].toSorted());
  for (const [alert, decision] of Object.entries(CLOCK)) {
    assert.equal(decision.startsWith('Played'), played.has(alert), alert);
  }
});

test('the signals’ page names game days that exist', () => {
  const text = readFileSync(join(ROOT, 'observability/README.md'), 'utf8');
  const [, rest = ''] = text.split('## Which signal leads where\n');
  const named = [...(rest.split('\n## ')[0] ?? '').matchAll(/`([a-z]+(?:_[a-z]+)*)`/g)];
  assert(named.length > 20);
  const names = GAME_DAYS.map(({ name }) => name);
  assert.deepEqual(
    named.map(([, name = '']) => name).filter((name) => !names.includes(name)),
    [],
  );
});
