/** The table shows the first that happened of each alert, and the last that ended. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { resultOf } from './alert-result.ts';
import { evidence, expected, OFF, ON, S, seen } from './testing-evidence.ts';

test('resultOf: the first to fire and to be told, the last to clear, and what the alert has to say', () => {
  const loose = { ...expected, labels: { severity: 'ticket' } };
  const late = seen(
    { ...expected, labels: { ...expected.labels, key: 'green' } },
    { periods: [{ fromMs: ON + 9 * S, untilMs: OFF + 20 * S }] },
  );
  const result = resultOf(loose, evidence(seen(expected), late));
  assert.equal(result.alert, 'KeyRejected');
  assert.equal(result.firedAfterMs, 5 * S);
  assert.equal(result.toldAfterMs, 6 * S);
  assert.equal(result.clearedAfterMs, 20 * S);
  assert.equal(resultOf(expected, evidence()).alert, 'KeyRejected{key="blue"}');
  assert.equal(resultOf(expected, evidence()).clearedAfterMs, undefined);
});
