import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type HeaderPrefix, limitsOf, reportsLimits } from './rate-limits.ts';

const WALL_MS = Date.parse('2026-11-25T12:00:00Z');
const IN_A_MINUTE = '2026-11-25T12:01:00Z';
const GOOD = { limit: '100', remaining: '40', reset: IN_A_MINUTE };
const NOW_MS = 5_000;

function read(parts: Record<string, string>, prefix: HeaderPrefix = 'anthropic-ratelimit') {
  const headers = Object.fromEntries(
    Object.entries(parts).map(([part, value]) => [`${prefix}-input-tokens-${part}`, value]),
  );
  const arrival = { nowMs: NOW_MS, wallMs: WALL_MS };
  return limitsOf(headers, prefix, arrival).get('input-tokens');
}

const IGNORED: readonly [what: string, part: Record<string, string>][] = [
  ['a negative limit', { limit: '-1' }],
  ['a limit that is no number', { limit: 'NaN' }],
  ['an infinite limit', { limit: 'Infinity' }],
  ['a limit of a thousand digits', { limit: '9'.repeat(1_000) }],
  ['a limit in another base', { limit: '0x10' }],
  ['a fraction', { remaining: '0.5' }],
  ['a negative remainder', { remaining: '-3' }],
  ['an empty remainder', { remaining: '' }],
  ['a header that came twice', { remaining: '40, 41' }],
  ['a reset that is no time', { reset: 'soon' }],
  ['a reset in seconds', { reset: '60' }],
  ['a reset on no day of the calendar', { reset: '2026-13-45T99:00:00Z' }],
  ['a reset on 30 February', { reset: '2026-02-30T12:00:00Z' }],
  ['a reset without a zone', { reset: '2026-11-25T12:01:00' }],
  ['a reset that came twice', { reset: `${IN_A_MINUTE}, ${IN_A_MINUTE}` }],
];
for (const [what, part] of IGNORED) {
  test(`rate limits: ${what} is ignored`, () => {
    assert.equal(read({ ...GOOD, ...part }), undefined);
  });
}

for (const missing of ['limit', 'remaining', 'reset']) {
  test(`rate limits: without its ${missing} a limit is not known`, () => {
    const { [missing as 'limit']: _, ...others } = GOOD;
    assert.equal(read(others), undefined);
  });
}

test('rate limits: a reset is kept on the monotonic clock, and at most a day away', () => {
  assert.deepEqual(read(GOOD), { limit: 100, remaining: 40, resetAtMs: NOW_MS + 60_000 });
  const never = read({ ...GOOD, reset: '9999-12-31T23:59:59Z' });
  assert.equal(never?.resetAtMs, NOW_MS + 86_400_000);
  const past = read({ ...GOOD, reset: '1970-01-01T00:00:00Z' });
  assert((past?.resetAtMs ?? 0) < NOW_MS, 'the limit is full again');
});

test('rate limits: no more can remain than the limit', () => {
  assert.equal(read({ ...GOOD, remaining: '999999999999999' })?.remaining, 100);
});

test('rate limits: those of fast mode have headers of their own', () => {
  assert.equal(read(GOOD, 'anthropic-fast')?.remaining, 40);
  const headers = { 'anthropic-fast-input-tokens-limit': '1' };
  assert.equal(reportsLimits(headers, 'anthropic-fast'), true);
  assert.equal(reportsLimits(headers, 'anthropic-ratelimit'), false);
});
