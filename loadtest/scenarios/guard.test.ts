/** The guard allows load on the simulator, or where paid load is permitted, and nowhere else. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { GUARD_TRIES, guardRequest, mayLoad } from './guard.ts';

const TARGET = 'http://127.0.0.1:8080';
const MARK = { 'X-Simulator': 'claude-observatory' };

type Row = [name: string, status: number, headers: object, expected: string];

const table: Row[] = [
  ['the simulator', 200, MARK, 'allowed'],
  ['a fault of the simulator', 529, MARK, 'allowed'],
  ['another upstream', 200, {}, 'refused'],
  ['the header with another value', 200, { 'x-simulator': 'true' }, 'refused'],
  ['the header twice', 200, { 'x-simulator': ['claude-observatory', 'x'] }, 'refused'],
  ['a redirect, even with the header', 302, MARK, 'unknown'],
  ["the service's own error", 502, {}, 'unknown'],
  ['no answer', 0, {}, 'unknown'],
];

for (const [name, status, headers, expected] of table) {
  test(`guard: ${name}: ${expected}`, () => {
    const { allowed, unknown, reason } = mayLoad(
      { status, headers: { ...headers } },
      TARGET,
      undefined,
    );
    assert.equal(allowed ? 'allowed' : unknown ? 'unknown' : 'refused', expected);
    if (!allowed) assert.match(reason, /ALLOW_PAID_LOAD/);
  });

  test(`guard: ${name}, paid load permitted: allowed`, () => {
    const { allowed, unknown } = mayLoad({ status, headers: { ...headers } }, TARGET, 20);
    assert.deepEqual({ allowed, unknown }, { allowed: true, unknown: false });
  });
}

test('guard: a service that does not know the caller asks for a TOKEN, once', () => {
  const { allowed, unknown, reason } = mayLoad({ status: 401, headers: {} }, TARGET, undefined);
  assert.deepEqual([allowed, unknown], [false, false]);
  assert.match(reason, /TOKEN/);
});

test('guard: where nothing listens there is no load, also no paid one, and it is said how to start the stack', () => {
  for (const paidCalls of [undefined, 20]) {
    const answer = { status: 0, headers: {}, broken: 'connection_refused' } as const;
    const { allowed, unknown, reason } = mayLoad(answer, TARGET, paidCalls);
    assert.deepEqual([allowed, unknown], [false, false]);
    assert.match(
      reason,
      /^nothing answers at http:\/\/127\.0\.0\.1:8080: start the stack with `make up`/,
    );
  }
});

test('guard: all that it asks fits into the minute that k6 gives its setup', () => {
  assert(GUARD_TRIES * (guardRequest(undefined).hangUpAfterMs ?? Infinity) < 60_000);
});

test('guard: the reason for paid load states its maximum', () => {
  assert.match(mayLoad({ status: 200, headers: {} }, TARGET, 20).reason, /at most 20 calls/);
});
