/**
 * Three game days in the real stack, and one in which each alert is broken in a way of its own: it has to be lost for
 * every one of them. It measures, so it is alone on the machine; the whole set has longer faults (`make gameday`).
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { exitOnSignals } from '../lib/children.ts';
import { GAME_DAYS } from './days/all.ts';
import { RULES } from './layout.ts';
import { play, playOnce } from './play.ts';
import { linesOf } from './report.ts';
import { missingTools } from './testing-tools.ts';

// Whoever ends `make test` in the middle wants nothing to go on.
exitOnSignals();

const skip = missingTools();

function dayOf(name: string) {
  const day = GAME_DAYS.find((each) => each.name === name);
  assert(day, name);
  return day;
}

for (const name of ['rate_limited', 'upstream_down', 'key_rejected']) {
  const day = dayOf(name);
  const alerts = day.expected.map(({ alert }) => alert).join(', ');
  test(`game day ${name}: ${day.fault}, and just ${alerts} tell of it`, { skip }, async () => {
    const result = await play(day, { leastFaultMs: 0 });
    assert.deepEqual(result.problems, [], linesOf(result).join('\n'));
  });
}

/** An alert, what stands in its rule, and what does in its place. */
const MUTANTS: readonly (readonly [string, string, string])[] = [
  ['ClaudeAvailabilityBurnFast', 'for: 2s', 'for: 30s'],
  ['AllCallsFailing', '          severity: page\n', ''],
  ['HighClaudeErrorRate', '> 0.05', '> 5000'],
];
/** What silences the slower burn rates while the fastest speaks, and an alert that does not exist in its place. */
const FASTEST = ['[pack="claude-observatory", speed="fast"]', '[alertname="Gone"]'] as const;
/** The tickets of causes are silent while any alert of the pack fires, and the Watchdog always does. */
const CAUSES = /, kind="symptom", severity="page"\](.+kind="cause".+?)\n +equal: \[job\]/s;

/** @throws {Error} when there is nothing to break, so that a control cannot pass for want of its fault */
function broken(path: string, text: string): string {
  if (path === 'alertmanager.yml') {
    const last = text.lastIndexOf('- source_matchers');
    assert.match(text.slice(last), CAUSES);
    assert(text.includes(FASTEST[0]), text);
    return text.slice(0, last).replace(...FASTEST) + text.slice(last).replace(CAUSES, ']$1');
  }
  if (!path.startsWith(RULES)) return text;
  const rules = text.split(/(?=^ +- alert: )/m).map((rule) => {
    const [, from = '', to = ''] =
      MUTANTS.find(([alert]) => rule.includes(`- alert: ${alert}\n`)) ?? [];
    assert(rule.includes(from), rule);
    return rule.replace(from, to);
  });
  return rules.join('');
}

test('a game day is lost by the name of each alert that is late, mute, no longer silenced or has lost a label', {
  skip,
}, async () => {
  const { expected, ...rest } = dayOf('upstream_down');
  // What is broken on purpose need not be waited for as long as an alert may take.
  const hurried = expected.map((each) => ({
    ...each,
    within: Math.min(each.within, 20),
    clearsWithin: 1,
  }));
  const day = { ...rest, expected: hurried };
  const result = await playOnce(day, { leastFaultMs: 0, change: broken });
  const all = result.problems.join('\n');
  assert.match(
    all,
    /^ClaudeAvailabilityBurnFast fired late: after [34]\d\.\d s, and 10\.0 s are allowed/m,
  );
  assert.match(all, /^AllCallsFailing did not fire\. It is firing/m);
  assert.match(all, /^AllCallsFailing\{objective="availability"\} should not have fired$/m);
  assert.match(
    all,
    /^ClaudeAvailabilityBurnMedium was not silenced by ClaudeAvailabilityBurnFast, as it has to be/m,
  );
  assert.match(all, /^ClaudeCircuitOpen was silenced by .*Watchdog, which may not do that/m);
  // It says what Prometheus had on both sides of the comparison.
  assert.match(
    all,
    /^HighClaudeErrorRate did not fire\. It is inactive\.\n {2}rate\(.+\n {4}= .+ > 5000/m,
  );
});
