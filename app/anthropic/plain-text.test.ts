import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aLongText, keptBytes } from '../testing/heap.ts';
import { plainPart, plainText } from './plain-text.ts';

const UNFIT = [
  '\0',
  '\t',
  '\n',
  '\r',
  '\x1b',
  '\x7f',
  '\x85',
  '\u2028',
  '\u2029',
  '\u202e',
  '\u2066',
];

test('plainText: a text of the greatest length is kept as it is, pairs of surrogates too', () => {
  for (const text of ['a', 'Grüße, 世界', '😀'.repeat(8)]) assert.equal(plainText(text, 16), text);
});

test('plainText: what is no text, empty, too long or has an unfit character is nothing', () => {
  for (const value of [undefined, null, 7, {}, ['a'], '', 'x'.repeat(17)])
    assert.equal(plainText(value, 16), undefined);
  for (const unfit of [...UNFIT, '\ud83d', '\ude00'])
    assert.equal(plainText(`a${unfit}b`, 16), undefined, JSON.stringify(unfit));
});

test('plainPart: unfit characters, and half of one that was cut in two, become U+FFFD', () => {
  assert.equal(plainPart(`${UNFIT.join('')}é`, 16), `${'\ufffd'.repeat(UNFIT.length)}é`);
  assert.equal(plainPart('ab😀', 3), 'ab\ufffd');
  assert.equal(plainPart('ab😀', 4), 'ab😀');
});

test('plainPart: a part does not keep the whole text in memory', () => {
  const bytes = keptBytes(() =>
    Array.from({ length: 100 }, (_, i) => plainPart(aLongText(i), 128)),
  );
  assert(bytes < 20 * 2 ** 20, `${bytes}`);
});
