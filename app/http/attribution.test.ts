import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attributionOf } from './attribution.ts';

const idOf = (value: string | string[]) =>
  attributionOf({ 'x-claude-code-session-id': value }).conversationId;

test('attributionOf: an ID of up to 128 letters, digits and `._:-` is kept as it is', () => {
  for (const id of ['a', '01J-x_y.z:1', 'x'.repeat(128)]) assert.equal(idOf(id), id);
});

const BAD: readonly [what: string, value: string | string[]][] = [
  ['empty', ''],
  ['too long', 'x'.repeat(129)],
  ['with a tab', 'a\tb'],
  ['with an escape', 'a\u001b[31mb'],
  ['with a control character of Latin-1', 'a\u0085b'],
  ['with a line separator', 'a\u2028b'],
  ['ended by a line feed', 'a\n'],
  ['not ASCII', 'Grüße'],
  ['a number of another script', '٣'],
  ['a path', '../a'],
  ['a template', '{a}'],
  ['quoted', '"a"'],
  ['an address', 'a@b'],
  ['of two words', 'a b'],
  ['sent twice, which Node joins', 'a, b'],
  ['a list', ['a', 'b']],
];
for (const [what, value] of BAD) {
  test(`attributionOf: an ID that is ${what} is left out`, () => {
    assert.equal(idOf(value), undefined);
  });
}
