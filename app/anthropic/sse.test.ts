import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  bytesOf,
  createEvent,
  EventTooLargeError,
  parseEvents,
  type SseEvent,
  SseParser,
} from './sse.ts';

const EVENT = 'event: error\ndata: {"a":\ndata: 1}\n\n';
const read = { type: 'error', data: '{"a":\n1}' };

/** Parses a text that arrives cut at these places. */
function parse(text: string, ...at: readonly number[]): readonly SseEvent[] {
  const bytes = Buffer.from(text);
  const parser = new SseParser();
  const ends = [...at, bytes.length];
  return ends.flatMap((to, i) => parser.push(bytes.subarray(ends[i - 1] ?? 0, to)));
}
const fieldsOf = (events: readonly SseEvent[]) =>
  events.filter(({ type }) => type !== undefined).map(({ type, data }) => ({ type, data }));
const textOf = (events: readonly SseEvent[]) => Buffer.from(bytesOf(events)).toString();

const SPELLINGS: Readonly<Record<string, string>> = {
  'a plain event': EVENT,
  'no space after the colon': 'event:error\ndata:{"a":\ndata:1}\n\n',
  'a comment before it': `: keep-alive\n${EVENT}`,
  'an id before it': `id: 7\n${EVENT}`,
  'a retry before it': `retry: 100\n${EVENT}`,
  'a byte order mark before it': `\ufeff${EVENT}`,
  'its data before its name': 'data: {"a":\ndata: 1}\nevent: error\n\n',
  'an extra blank line before it': `\n${EVENT}`,
  'a blank line of another kind before it': `: c\n\r\n${EVENT}`,
  'lines that end in CR LF': EVENT.replaceAll('\n', '\r\n'),
  'lines that end in CR': EVENT.replaceAll('\n', '\r'),
  'lines of all three kinds': 'event: error\r\ndata: {"a":\rdata: 1}\n\r\n',
};

for (const [name, text] of Object.entries(SPELLINGS)) {
  test(`sse: ${name} is read, and its bytes kept, wherever the stream is cut`, () => {
    const all = text + text;
    // A byte order mark is one at the beginning of the stream only.
    const expected = text.startsWith('\ufeff') ? [read] : [read, read];
    const bytes = Buffer.from(all).length;
    for (let i = 0; i <= bytes; i++) {
      const events = parse(all, i, Math.min(bytes, i + 3));
      assert.equal(textOf(events), all, `cut at ${i}`);
      assert.deepEqual(fieldsOf(events).slice(0, expected.length), expected, `cut at ${i}`);
    }
    const everyByte = parse(all, ...Array.from({ length: bytes }, (_, i) => i));
    assert.equal(textOf(everyByte), all);
  });
}

test('sse: an event is complete with its blank line, before anything else has come', () => {
  for (const end of ['\n\n', '\r\r', '\r\n\r\n']) {
    const [event, ...more] = new SseParser().push(Buffer.from(`data: a${end}`));
    assert.equal(event?.data, 'a', JSON.stringify(end));
    assert.equal(event?.type, 'message');
    assert.deepEqual(more, []);
  }
});

test('sse: each event has just its own bytes', () => {
  const events = parse(`${EVENT}: comment\n\n${EVENT}unfinished`);
  assert.deepEqual(
    events.map(({ raw }) => Buffer.from(raw).toString()),
    [EVENT, ': comment\n\n', EVENT],
  );
  assert.deepEqual(
    events.map(({ type }) => type),
    ['error', undefined, 'error'],
  );
});

test('sse: an event over 8 MiB is refused, however small its chunks', () => {
  const event = Buffer.from(`data: ${'x'.repeat(8 * 2 ** 20)}\n\n`);
  for (const size of [event.length, 65_536, 1_000]) {
    const parser = new SseParser();
    const pushAll = () => {
      for (let i = 0; i < event.length; i += size) parser.push(event.subarray(i, i + size));
    };
    assert.throws(pushAll, EventTooLargeError, `chunks of ${size}`);
  }
});

test('sse: an event of a million chunks takes the memory of its bytes', () => {
  const parser = new SseParser();
  const byte = Buffer.from('x');
  for (let i = 0; i < 1_000_000; i++) parser.push(byte);
  const [event] = parser.push(Buffer.from('\n\n'));
  assert.equal(event?.raw.length, 1_000_002);
  // The room that it was given grew by doubling.
  assert((event?.raw.buffer.byteLength ?? 0) <= 2 ** 21);
});

test('sse: an event that never ends does not come out, wherever it breaks off', () => {
  for (const event of [EVENT, EVENT.replaceAll('\n', '\r\n'), EVENT.replaceAll('\n', '\r')]) {
    for (let i = 0; i < event.length - 1; i++) {
      const events = parse(event + event.slice(0, i));
      // Only the LF of a last CR LF may be missing: then the blank line has come already.
      assert.equal(textOf(events), event, `cut at ${i}`);
    }
  }
});

test('sse: a megabyte of blank lines is one block, and its bytes are kept', () => {
  for (const newline of ['\n', '\r', '\r\n']) {
    const blank = newline.repeat(2 ** 20 / newline.length);
    const events = parse(`${EVENT}${blank}${EVENT}`);
    assert.deepEqual(fieldsOf(events), [read, read], JSON.stringify(newline));
    assert.equal(textOf(events), `${EVENT}${blank}${EVENT}`);
    assert.equal(events.length, 2);
  }
});

test('sse: multi-byte characters and invalid UTF-8 keep their bytes', () => {
  const bytes = Buffer.concat([
    Buffer.from('data: é👋\n\ndata: '),
    Buffer.from([0xff, 0xfe]),
    Buffer.from('\n\n'),
  ]);
  for (let i = 0; i <= bytes.length; i++) {
    const parser = new SseParser();
    const events = [...parser.push(bytes.subarray(0, i)), ...parser.push(bytes.subarray(i))];
    assert.deepEqual(Buffer.from(bytesOf(events)), bytes);
    assert.equal(events[0]?.data, 'é👋');
  }
});

test('sse: a stream that breaks gives its whole events, then its error', async () => {
  async function* breaking() {
    yield Buffer.from(`${EVENT}event: pi`);
    throw new Error('broken');
  }
  const seen: SseEvent[] = [];
  await assert.rejects(async () => {
    for await (const events of parseEvents(breaking())) seen.push(...events);
  }, /broken/);
  assert.equal(textOf(seen), EVENT);
});

test('sse: an event that is created reads as what it was created from', () => {
  const event = createEvent('ping', '{"n":1}');
  assert.deepEqual(fieldsOf(parse(textOf([event]))), [{ type: 'ping', data: '{"n":1}' }]);
});
