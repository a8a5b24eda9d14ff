/** The guard lets load through to the simulator, or where it is allowed, and nowhere else. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { mayLoad } from './guard.ts';

const simulator = { 'X-Simulator': 'claude-observatory' };

const table = [
  { name: 'simulator', status: 200, headers: simulator, paid: undefined, allowed: true },
  { name: 'another upstream', status: 200, headers: {}, paid: undefined, allowed: false },
  {
    name: 'header of another',
    status: 200,
    headers: { 'x-simulator': 'true' },
    paid: undefined,
    allowed: false,
  },
  {
    name: 'header twice',
    status: 200,
    headers: { 'x-simulator': ['claude-observatory', 'x'] },
    paid: undefined,
    allowed: false,
  },
  { name: 'redirect', status: 302, headers: simulator, paid: undefined, allowed: false },
  {
    name: 'error with the header',
    status: 503,
    headers: simulator,
    paid: undefined,
    allowed: false,
  },
  { name: 'no answer', status: 0, headers: {}, paid: undefined, allowed: false },
  { name: 'paid', status: 200, headers: {}, paid: 20, allowed: true },
];

for (const { name, status, headers, paid, allowed } of table) {
  test(`${name}: ${allowed ? 'allowed' : 'refused'}`, () => {
    const permission = mayLoad({ status, headers }, paid);
    assert.equal(permission.allowed, allowed);
    if (!allowed) assert.match(permission.reason, /ALLOW_PAID_LOAD/);
    if (paid !== undefined) assert.match(permission.reason, /20 calls/);
  });
}
