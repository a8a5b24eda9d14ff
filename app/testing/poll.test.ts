/** The polling helper: what it returns, and how it fails. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { eventually } from './poll.ts';

test('eventually: returns the first truthy result of the check', async () => {
  const results = [undefined, false, 'found', 'later'] as const;
  let checks = 0;
  assert.equal(await eventually(async () => results[checks++]), 'found');
  assert.equal(checks, 3);
});

test('eventually: fails after the time limit and names the check', async () => {
  await assert.rejects(
    eventually(() => performance.now() < 0, { timeoutMs: 0 }),
    /not within 0 ms: .*performance.now\(\) < 0/,
  );
});

test('eventually: an error of the check ends the wait', async () => {
  await assert.rejects(
    eventually(() => assert.fail('broken check')),
    /broken check/,
  );
});
