import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytesOf, createEvent, parseEvents, type SseEvent, SseParser } from './sse.ts';

const EVENT = 'event: error\ndata: {"a":\ndata: 1}\n\n';
const read = { type: 'error', data: '{"a":\n1}' };

/** Parses a text that arrives cut at these places. */
function parse(text: string, ...at: readonly number[]): readonly SseEvent[] {
  const bytes = Buffer.from(text);
  const parser = new SseParser();
  const ends = [...at, bytes.length];
  const events = ends.flatMap((to, i) => parser.push(bytes.subarray(ends[i - 1] ?? 0, to)));
  return [...events, ...parser.rest()];
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
    [EVENT, ': comment\n\n', EVENT, 'unfinished'],
  );
  assert.deepEqual(
    events.map(({ type }) => type),
    ['error', undefined, 'error', undefined],
  );
});

test('sse: an event over 8 MiB passes unread in pieces, and the next one is read again', () => {
  const long = `event: error\ndata: ${'x'.repeat(9 * 2 ** 20)}\n\n`;
  const cuts = Array.from({ length: 143 }, (_, i) => (i + 1) * 65_536);
  const events = parse(long + EVENT, ...cuts);
  assert.equal(textOf(events), long + EVENT);
  assert.deepEqual(fieldsOf(events), [read]);
  assert(Math.max(...events.map(({ raw }) => raw.length)) <= 8 * 2 ** 20 + 65_536);
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

test('sse: a stream that breaks gives what was unfinished, then its error', async () => {
  async function* breaking() {
    yield Buffer.from(`${EVENT}event: pi`);
    throw new Error('broken');
  }
  const seen: SseEvent[] = [];
  await assert.rejects(async () => {
    for await (const events of parseEvents(breaking())) seen.push(...events);
  }, /broken/);
  assert.equal(textOf(seen), `${EVENT}event: pi`);
});

test('sse: an event that is created reads as what it was created from', () => {
  const event = createEvent('ping', '{"n":1}');
  assert.deepEqual(fieldsOf(parse(textOf([event]))), [{ type: 'ping', data: '{"n":1}' }]);
});
