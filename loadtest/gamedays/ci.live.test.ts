/** Three game days in the real stack, and one that has to be lost because the alert that it expects cannot fire. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { findTool } from '../../observability/local/paths.ts';
import { GAME_DAYS } from './days/all.ts';
import { play } from './play.ts';
import { linesOf } from './report.ts';

const TOOLS = ['prometheus', 'promtool', 'alertmanager'];
const missing = TOOLS.filter((name) => !findTool(name));
const skip = missing.length > 0 && `not here: ${missing.join(', ')}`;

function dayOf(name: string) {
  const day = GAME_DAYS.find((each) => each.name === name);
  assert(day, name);
  return day;
}

for (const name of ['rate_limited', 'upstream_down', 'key_rejected']) {
  const day = dayOf(name);
  test(`game day ${name}: ${day.fault}, and just ${day.expected.join(', ')} tell of it`, {
    skip,
  }, async () => {
    const result = await play(day);
    assert.deepEqual(result.problems, [], linesOf(result).join('\n'));
  });
}

test('a game day is lost when an expected alert does not fire and when another one does', {
  skip,
}, async () => {
  const wrong = {
    ...dayOf('key_rejected'),
    expected: ['ClaudeCircuitOpen'],
    patienceS: { fire: 10 },
  };
  const { problems, alerts, unexpected } = await play(wrong);
  const [first = ''] = problems;
  assert.match(first, /^ClaudeCircuitOpen did not fire\. It is inactive\./);
  // It says what Prometheus had on both sides of each comparison.
  assert.match(
    first,
    /avg_over_time\(claude_api_circuit_state\{state="closed"\}\[5s\]\)\n {4}= 1 .*< 0\.5/,
  );
  assert.deepEqual(unexpected, ['ClaudeKeyRejected']);
  assert.equal(problems.at(-1), 'ClaudeKeyRejected should not have fired');
  assert.equal(alerts[0]?.firedAfterMs, undefined);
});
