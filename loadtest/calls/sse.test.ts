/** The small SSE parser agrees with the npm parser that the service uses. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createParser } from 'eventsource-parser';
import { parseSse, type SseEvent } from './sse.ts';

function byReference(text: string): SseEvent[] {
  const events: SseEvent[] = [];
  const onEvent = ({ event, data }: { event?: string | undefined; data: string }) => {
    events.push({ event: event ?? 'message', data });
  };
  createParser({ onEvent }).feed(text);
  return events;
}

const texts = {
  empty: '',
  one: 'event: a\ndata: 1\n\n',
  crlf: 'event: a\r\ndata: 1\r\n\r\ndata: 2\r\n\r\n',
  manyLines: 'data: 1\ndata: 2\ndata\n\n',
  noSpace: 'event:a\ndata:  two spaces\n\n',
  comments: ': hello\n\n: again\ndata: x\nid: 7\nretry: 5\n\n',
  noBlankLine: 'data: 1\n\ndata: cut\n',
  cutInLine: 'data: 1\n\nevent: message_stop\ndata: {"ty',
  eventWithoutData: 'event: a\n\ndata: b\n\n',
  bom: '\ufeffdata: 1\n\n',
  html: '<html>\n<body>Bad gateway</body>\n</html>\n',
  colons: 'data: {"a":"b: c"}\n\n',
};

for (const [name, text] of Object.entries(texts)) {
  test(`parseSse: agrees with eventsource-parser on ${name}`, () =>
    assert.deepEqual(parseSse(text), byReference(text)));
}

test('parseSse: joins data lines and drops an unfinished event', () => {
  assert.deepEqual(parseSse(texts.manyLines), [{ event: 'message', data: '1\n2\n' }]);
  assert.deepEqual(parseSse(texts.cutInLine), [{ event: 'message', data: '1' }]);
});
