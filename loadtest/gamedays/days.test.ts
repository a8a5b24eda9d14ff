/** Every shipped alert has a game day or a reason for having none, and game days name only alerts that exist. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { parse } from 'yaml';
import { ROOT } from '../../observability/local/paths.ts';
import { readRuleFiles, rulesOf } from '../../observability/prometheus/check/rule-files.ts';
import { CLOCK } from './clock.ts';
import { GAME_DAYS } from './days/all.ts';
import { UNPLAYED } from './unplayed.ts';
import { NOBODY, RECEIVERS } from './watch.ts';

const shipped = new Set(
  readRuleFiles()
    .flatMap(rulesOf)
    .flatMap(({ alert }) => alert ?? []),
);
const played = new Set(GAME_DAYS.flatMap(({ expected }) => expected));

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

test('each reason for having no game day is a sentence', () => {
  for (const [alert, reason] of Object.entries(UNPLAYED))
    assert.match(reason, /^[A-Z].{20,}\.$/, alert);
});

test('each game day has a name of its own, and companions that exist, are not expected and have a reason', () => {
  const names = GAME_DAYS.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
  for (const { name, expected, companions = [] } of GAME_DAYS) {
    assert.match(name, /^[a-z][a-z_]+$/);
    assert(expected.length > 0, name);
    for (const { alert, because } of companions) {
      assert(shipped.has(alert) && !expected.includes(alert), `${name}: ${alert}`);
      assert(because.length > 10, `${name}: ${alert}`);
    }
  }
});

test('the receiver that counts as nobody is the one of alertmanager.yml without an integration', () => {
  const file = join(ROOT, 'observability/alertmanager/alertmanager.yml');
  const { receivers } = parse(readFileSync(file, 'utf8')) as { receivers: { name: string }[] };
  const silent = receivers.filter((receiver) => Object.keys(receiver).length === 1);
  assert.deepEqual(silent, [{ name: NOBODY }]);
  const names = receivers.map(({ name }) => name);
  for (const name of Object.values(RECEIVERS)) assert(names.includes(name), name);
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
