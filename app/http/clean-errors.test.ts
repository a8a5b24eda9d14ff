import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createErrorCleaner } from './clean-errors.ts';

const KEY = 'sk-ant-planted-key';
const error = (data: string, eol = '\n', space = ' ') =>
  `event:${space}error${eol}data:${space}${data}${eol}${eol}`;
const DELTA = 'event: content_block_delta\ndata: {"text":"event: error, mail bob@example.com"}\n\n';
const QUOTED = JSON.stringify({ error: { message: `cannot use ${KEY}` } });
const CLEAN = JSON.stringify({ error: { message: 'cannot use [redacted]' } });

/** What comes out of a stream cut at these places. */
function pass(text: string, ...at: readonly number[]): string {
  const bytes = Buffer.from(text);
  const cleaner = createErrorCleaner();
  const out = [0, ...at].map((from, i) => cleaner.push(bytes.subarray(from, at[i])));
  return Buffer.concat([...out, cleaner.rest()]).toString();
}

test('what an upstream’s error quotes is hidden, wherever the stream is cut', () => {
  for (const [eol, space] of [
    ['\n', ' '],
    ['\n', ''],
    ['\r\n', ' '],
    ['\r', ' '],
  ]) {
    const text = DELTA + error(QUOTED, eol, space) + DELTA;
    const wanted = DELTA + error(CLEAN, eol, space) + DELTA;
    for (let i = 0; i <= text.length; i++) {
      assert.equal(pass(text, i), wanted, `cut at ${i}`);
      assert.equal(pass(text, i, Math.min(text.length, i + 3)), wanted, `cut at ${i} and after`);
    }
  }
});

test('an error that the stream ends in, or begins with, is no other', () => {
  assert.equal(pass(error(QUOTED)), error(CLEAN));
  const open = error(QUOTED).trimEnd();
  for (let i = 0; i <= open.length; i++) assert.equal(pass(open, i), error(CLEAN).trimEnd());
});

test('content that talks of errors, and of people, goes by untouched and at once', () => {
  const text = `${DELTA}event: ping\ndata: {}\n\nevent: error_report\ndata: ${KEY}\n\n`;
  for (let i = 0; i <= text.length; i++) assert.equal(pass(text, i), text);
  const cleaner = createErrorCleaner();
  const [begin, end] = [DELTA.slice(0, 40), DELTA.slice(40)];
  assert.equal(Buffer.from(cleaner.push(Buffer.from(begin))).toString(), begin);
  assert.equal(Buffer.from(cleaner.push(Buffer.from(end))).toString(), end);
});

test('an error stays JSON', () => {
  const data = JSON.stringify({ headers: { 'x-api-key': { a: 1 }, password: true }, n: 5 });
  const out = pass(error(data));
  const parsed = JSON.parse(/data: (.*)/.exec(out)?.[1] ?? '');
  assert.deepEqual(parsed, {
    headers: { 'x-api-key': '[redacted]', password: '[redacted]' },
    n: 5,
  });
});
