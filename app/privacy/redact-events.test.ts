import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SseParser } from '../anthropic/sse.ts';
import { redactEvents } from './redact-events.ts';
import { Redactor } from './redactor.ts';

const KEY = 'planted-key-0123456789';
const redactor = new Redactor({ secrets: () => [KEY] });
const DELTA =
  'event: content_block_delta\ndata: {"text":"event: error, mail bob@example.com sk-ant-x"}\n\n';
const QUOTED = JSON.stringify({ error: { message: `cannot use ${KEY}` } });
const CLEAN = JSON.stringify({ error: { message: 'cannot use [redacted]' } });
const error = (data: string) => `event: error\ndata: ${data}\n\n`;

/** What the caller gets of a stream that arrives cut at these places. */
function pass(text: string, ...at: readonly number[]): string {
  const bytes = Buffer.from(text);
  const parser = new SseParser();
  const ends = [...at, bytes.length];
  const chunks = ends.map((to, i) => parser.push(bytes.subarray(ends[i - 1] ?? 0, to)));
  return Buffer.concat(chunks.map((events) => redactEvents(events, redactor))).toString();
}

/** A LF that is cut from its CR begins the next event, so ends of line are not compared. */
const linesOf = (text: string) => text.replaceAll(/[\r\n]+/g, '\n');

/** Every way in which the format lets an upstream write one error event. */
const SPELLINGS: Readonly<Record<string, string>> = {
  'as usual': error(QUOTED),
  'without spaces': `event:error\ndata:${QUOTED}\n\n`,
  'with lines that end in CR LF': error(QUOTED).replaceAll('\n', '\r\n'),
  'with lines that end in CR': error(QUOTED).replaceAll('\n', '\r'),
  'after a comment': `: keep-alive\n${error(QUOTED)}`,
  'after an id': `id: 7\n${error(QUOTED)}`,
  'after a retry': `retry: 1\n${error(QUOTED)}`,
  'after a blank line': `\n${error(QUOTED)}`,
  'after a blank line of another kind': `: c\n\r\n${error(QUOTED)}`,
  'with its data first': `data: ${QUOTED}\nevent: error\n\n`,
  'with its name twice': `event: ping\nevent: error\ndata: ${QUOTED}\n\n`,
  'with its data in two lines': error(QUOTED).replace('"message"', '\ndata: "message"'),
  'with the key in escapes': error(QUOTED.replace('planted', '\\u0070lanted')),
  'with the key in another field': `id: ${KEY}\n${error(CLEAN)}`,
  'with the key in a comment': `: ${KEY}\n${error(CLEAN)}`,
};

for (const [name, spelling] of Object.entries(SPELLINGS)) {
  test(`redactEvents: an error event ${name} loses the key, wherever the stream is cut`, () => {
    const text = DELTA + spelling + DELTA;
    const whole = pass(text);
    assert(whole.startsWith(DELTA) && whole.endsWith(DELTA), whole);
    const middle = whole.slice(DELTA.length, -DELTA.length);
    assert(middle.includes('[redacted]') || middle.endsWith(error(CLEAN)), middle);
    assert(!middle.includes(KEY) && !middle.includes('u0070lanted'), middle);
    for (let i = 0; i <= text.length; i++) {
      const cutAgain = Math.min(text.length, i + 3);
      for (const cut of [pass(text, i), pass(text, i, cutAgain)]) {
        assert.equal(linesOf(cut), linesOf(whole), `cut at ${i}`);
      }
    }
  });
}

test('redactEvents: a byte order mark before the first event hides nothing', () => {
  const text = pass(`\ufeff${error(QUOTED)}`);
  assert(!text.includes(KEY) && text.includes(CLEAN), text);
});

test('redactEvents: content that talks of errors and people passes untouched', () => {
  const text = `${DELTA}event: ping\ndata: {}\n\nevent: error_report\ndata: eve@example.com\n\n`;
  for (let i = 0; i <= text.length; i++) assert.equal(pass(text, i), text);
});

test('redactEvents: a clean error event passes byte for byte', () => {
  const odd = 'id: 7\r\nevent:error\r\ndata: {"error" : {"type":"overloaded_error"} }\r\n\r\n';
  assert.equal(pass(odd), odd);
});

test('redactEvents: a redacted error stays JSON', () => {
  const data = JSON.stringify({ headers: { 'x-api-key': { a: 1 }, password: true }, n: 5 });
  const parsed = JSON.parse(/data: (.*)/.exec(pass(error(data)))?.[1] ?? '');
  assert.deepEqual(parsed, {
    headers: { 'x-api-key': '[redacted]', password: '[redacted]' },
    n: 5,
  });
});

/** Every way in which an event of content can spell our key. */
const SPELT: Readonly<Record<string, string>> = {
  'as it is': KEY,
  'in a JSON escape': KEY.replace('p', '\\u0070'),
  'in JSON escapes of either case': KEY.replace('-', '\\u002D').replace('-', '\\u002d'),
  'in JSON inside JSON': KEY.replace('p', '\\\\u0070'),
  'in a URL': KEY.replaceAll('-', '%2d').replace('k', '%6B'),
  'in a URL inside a URL': KEY.replaceAll('-', '%252D'),
  'in HTML': KEY.replace('l', '&#108;').replaceAll('-', '&#x2D;'),
  'in base64': Buffer.from(`x-api-key: ${KEY}`).toString('base64'),
  'in base64 for URLs': Buffer.from(`?${KEY}?`).toString('base64url'),
  'in hex': Buffer.from(KEY).toString('hex'),
  'in upper-case hex': Buffer.from(KEY).toString('hex').toUpperCase(),
};
for (const [name, spelt] of Object.entries(SPELT)) {
  test(`redactEvents: content with our key ${name} loses it and stays JSON`, () => {
    const data = `{"text":"my key: ${spelt}, \\u00e9\\n100%"}`;
    const sent = pass(`event: content_block_delta\ndata: ${data}\n\n`);
    const { text } = JSON.parse(/data: (.*)/.exec(sent)?.[1] ?? '');
    assert.match(text, /^my key: .{0,20}\[redacted\].{0,5}, é\n100%$/);
  });
}

test('redactEvents: no field of an event of content takes our key along', () => {
  for (const field of ['id', 'event', 'retry', 'unknown', '']) {
    const sent = pass(`${field}: ${KEY}\nevent: content_block_delta\ndata: {}\n\n`);
    assert(!sent.includes(KEY) && sent.endsWith('data: {}\n\n'), sent);
  }
});

test('redactEvents: our key in two lines of data is hidden in events of every type', () => {
  const [a, b] = [KEY.slice(0, 9), KEY.slice(9)];
  for (const type of ['error', 'content_block_delta']) {
    const sent = pass(`event: ${type}\ndata: {"a":"${a}\ndata: ${b}"}\n\n`);
    assert.equal(sent, `event: ${type}\ndata: {"a":"[redacted]"}\n\n`);
  }
});

test('redactEvents: an error or a comment too long to be searched is not passed on', () => {
  const long = 'x'.repeat(300_000);
  const [, data] = /^event: error\ndata: (.*)\n\n$/.exec(pass(error(`{"a":"${long}"}`))) ?? [];
  assert.equal(JSON.parse(data ?? '').error.type, 'api_error');
  assert.equal(pass(`: ${long}\n\n${DELTA}`), DELTA);
});
