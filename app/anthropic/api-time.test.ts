import assert from 'node:assert/strict';
import { test } from 'node:test';
import { timeOf } from './api-time.ts';

const MIDNIGHT = Date.UTC(2026, 10, 30);
const TIMES: Readonly<Record<string, number>> = {
  '2026-11-30T00:00:00Z': MIDNIGHT,
  '2026-11-30T00:00:00.5Z': MIDNIGHT + 500,
  '2026-11-30T00:00:00.123456789Z': MIDNIGHT + 123,
  '2026-11-30T02:00:00+02:00': MIDNIGHT,
  '2026-11-29T19:30:00-04:30': MIDNIGHT,
  '2028-02-29T00:00:00Z': Date.UTC(2028, 1, 29),
};
for (const [text, ms] of Object.entries(TIMES)) {
  test(`timeOf: ${text} is a time`, () => assert.equal(timeOf(text), ms));
}

const NO_TIMES = [
  undefined,
  '',
  '1',
  '60',
  '-1',
  '2026',
  '1795996800',
  'soon',
  '2026-11-30',
  '2026-11-30T00:00:00',
  '2026-11-30T00:00Z',
  '2026-11-30 00:00:00Z',
  '2026-1-30T00:00:00Z',
  '+002026-11-30T00:00:00Z',
  '2026-00-30T00:00:00Z',
  '2026-13-01T00:00:00Z',
  '2026-02-30T00:00:00Z',
  '2027-02-29T00:00:00Z',
  '2026-04-31T00:00:00Z',
  '2026-11-00T00:00:00Z',
  '2026-11-30T25:00:00Z',
  '2026-11-30T00:00:61Z',
  '2026-11-30T00:00:00.Z',
  ' 2026-11-30T00:00:00Z',
  '2026-11-30T00:00:00Z, 2026-11-30T00:00:00Z',
  'Mon, 30 Nov 2026 00:00:00 GMT',
];
for (const text of NO_TIMES) {
  test(`timeOf: ${JSON.stringify(text)} is no time of the API`, () => {
    assert.equal(timeOf(text), Number.NaN);
  });
}
