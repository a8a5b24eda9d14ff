/** Header lookup and parsing of `server-timing`, hostile values included. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { headerOf, serverTimingMs } from './headers.ts';

test('headerOf: names match in any case, a repeated header counts as absent', () => {
  assert.equal(headerOf({ 'X-Correlation-Id': 'a' }, 'x-correlation-id'), 'a');
  assert.equal(headerOf({ 'x-correlation-id': ['a', 'b'] }, 'x-correlation-id'), undefined);
  assert.equal(headerOf({}, '__proto__'), undefined);
});

const table: [string | undefined, number | undefined][] = [
  ['upstream;dur=12.5, overhead;dur=0.75', 0.75],
  ['overhead;dur=3,upstream;dur=1', 3],
  ['overhead;desc=ours;dur=4', 4],
  ['overhead', undefined],
  ['overheads;dur=1', undefined],
  ['overhead;dur=-1', undefined],
  ['overhead;dur=1e9', undefined],
  ['overhead;dur=NaN', undefined],
  ['overhead;dur=', undefined],
  ['', undefined],
  [undefined, undefined],
];

for (const [header, expected] of table) {
  test(`serverTimingMs: header "${header}": ${expected}`, () => {
    assert.equal(serverTimingMs(header, 'overhead'), expected);
  });
}
