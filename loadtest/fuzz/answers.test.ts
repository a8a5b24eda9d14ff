/** A reader of answers that let something pass would make the fuzzer find nothing. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BadAnswer, readAnswers } from './answers.ts';

const OK = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok';
const CHUNKED = 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n';

const statuses = (text: string, methods: string[] = [], isOver = true) =>
  readAnswers(Buffer.from(text, 'latin1'), methods, isOver).map(({ status, body }) => [
    status,
    body,
  ]);

test('readAnswers: answers with a length, in chunks, to HEAD and after interim ones are whole', () => {
  assert.deepEqual(statuses(OK + CHUNKED), [
    [200, 'ok'],
    [200, 'ok'],
  ]);
  assert.deepEqual(statuses('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n', ['HEAD']), [[200, '']]);
  assert.deepEqual(statuses(`HTTP/1.1 100 Continue\r\n\r\n${OK}`), [[200, 'ok']]);
});

const BAD: readonly [what: string, text: string][] = [
  ['bytes behind the last answer', `${OK}x`],
  ['an answer within another', `HTTP/1.1 200 OK\r\ncontent-length: 90\r\n\r\n${OK}`],
  ['a head that breaks off', 'HTTP/1.1 200 OK\r\ncontent-le'],
  ['a body that breaks off', OK.slice(0, -1)],
  ['chunks without their end', CHUNKED.slice(0, -5)],
  ['a chunk that is longer than it says', CHUNKED.replace('2\r\nok', '1\r\nok')],
  ['neither length nor chunks', 'HTTP/1.1 200 OK\r\n\r\nok'],
  ['both', 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\nok'],
  ['a header twice', 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\nContent-Length: 2\r\n\r\nok'],
  ['a header without a colon', 'HTTP/1.1 200 OK\r\nnonsense\r\ncontent-length: 2\r\n\r\nok'],
  ['no HTTP', 'hello\r\n\r\n'],
];
for (const [what, text] of BAD) {
  test(`readAnswers: ${what} is no answer`, () => {
    assert.throws(() => statuses(text), BadAnswer);
  });
}

test('readAnswers: what is still to come is no fault while the connection is open', () => {
  assert.deepEqual(statuses(OK.slice(0, -1), [], false), []);
  assert.deepEqual(statuses(`${OK}HTTP/1.1 2`, [], false), [[200, 'ok']]);
});
