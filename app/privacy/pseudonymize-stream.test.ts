import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type EventStream, parseEvents } from '../anthropic/sse.ts';
import { pseudonymize } from '../pipeline/pseudonymize.ts';
import { aRequest, aResponse, scripted, textOf } from '../testing/fakes.ts';
import { restoreStream } from './pseudonymize-stream.ts';
import { Pseudonyms } from './pseudonyms.ts';

const EMAIL = 'jörg@exämple.de';
const ASKED = JSON.stringify({ messages: [{ content: `${EMAIL} +4915123456789` }] });
const event = (type: string, data: object = {}) =>
  `event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`;
const delta =
  (type: string, field: string) =>
  (piece: string, index = 0) =>
    event('content_block_delta', { index, delta: { type, [field]: piece } });
const text = delta('text_delta', 'text');
const json = delta('input_json_delta', 'partial_json');
const stop = (index = 0) => event('content_block_stop', { index });
const PING = 'event: ping\ndata: {"type": "ping"}\n\n';
const START = event('message_start', { message: { id: '<EMAIL_1> é' } });
const END = event('message_delta', { delta: { stop_reason: 'end_turn' } }) + event('message_stop');

async function* cut(all: Uint8Array, ...at: number[]): AsyncGenerator<Uint8Array> {
  const ends = [...at, all.length];
  for (const [i, to] of ends.entries()) yield all.subarray(ends[i - 1] ?? 0, to);
}

/** What the caller gets of a stream that arrives in these chunks. */
async function through(data: AsyncIterable<Uint8Array>): Promise<string> {
  const response = aResponse(200, { data: parseEvents(data) });
  const restored = await pseudonymize()(
    aRequest({ body: ASKED, stream: true }),
    scripted(response),
  );
  assert.equal(restored.outcome, response.outcome);
  return textOf(restored.data);
}
const atOnce = (all: string) => through(cut(new TextEncoder().encode(all)));

/** The pieces of a block, put together. */
function joined(stream: string, index = 0): string {
  const bodies = stream.split('\n').filter((line) => line.startsWith('data: '));
  return bodies
    .map((line) => JSON.parse(line.slice(6)))
    .filter((body) => body.index === index && body.delta)
    .map(({ delta }) => delta.text ?? delta.partial_json)
    .join('');
}

test('restoreStream: a stream split after any byte gives the same', async () => {
  const all = new TextEncoder().encode(
    `${START}: a comment é\n\n${PING}${text('é to <EMA')}${PING}${text('IL_1> or <PHONE_1')}${text('>, <')}` +
      `${stop()}${json('{"a":"<EMAIL', 1)}${json('_1>"}', 1)}${stop(1)}${END}`,
  );
  const once = await through(cut(all));
  assert.equal(joined(once), `é to ${EMAIL} or +4915123456789, <`);
  assert.equal(joined(once, 1), `{"a":"${EMAIL}"}`);
  assert(once.startsWith(`${START}: a comment é\n\n${PING}`));
  assert(once.endsWith(END));
  for (let at = 1; at < all.length; at++) assert.equal(await through(cut(all, at)), once, `${at}`);
  const bytes = Array.from({ length: all.length - 1 }, (_, i) => i + 1);
  assert.equal(await through(cut(all, ...bytes)), once, 'byte by byte');
});

test('restoreStream: a text split into deltas at any two places gives the same text', async () => {
  const said = 'a <EMAIL_1><PHONE_1> <EMAIL_11> <EMAIL_1 <E';
  const clean = `a ${EMAIL}+4915123456789 <EMAIL_11> <EMAIL_1 <E`;
  for (let i = 0; i <= said.length; i++) {
    for (let j = i; j <= said.length; j++) {
      const pieces = [said.slice(0, i), said.slice(i, j), said.slice(j)];
      const restored = await atOnce(pieces.map((piece) => text(piece)).join('') + stop());
      assert.equal(joined(restored), clean, `${i}, ${j}`);
    }
  }
});

test('restoreStream: only what may be a pseudonym is held back, up to the end of its block', async () => {
  const restored = await atOnce(text('1 < 2 <b> <EMAIL_1') + PING + text(' x <EM') + stop() + END);
  const held = (piece: string) => text(piece);
  assert.equal(
    restored,
    held('1 < 2 <b> ') + PING + held('<EMAIL_1 x ') + held('<EM') + stop() + END,
  );
});

test('restoreStream: interleaved blocks do not mix', async () => {
  const restored = await atOnce(
    text('<EMAIL', 0) + text('<PHONE', 1) + text('_1>', 0) + text('_1>', 1) + stop(0) + stop(1),
  );
  assert.equal(joined(restored, 0), EMAIL);
  assert.equal(joined(restored, 1), '+4915123456789');
});

test('restoreStream: all other events pass byte for byte, whatever ends their lines', async () => {
  const signed = delta('thinking_delta', 'thinking')('<EMAIL_1>');
  const odd = `id: 7\nevent: content_block_delta\ndata: {"index": 0,  "delta":{"type":"text_delta","text":"a"}}\n\n`;
  const broken = 'event: content_block_delta\ndata: {"delta":\n\n';
  for (const all of [START + PING + signed + odd + broken + stop() + END, 'retry: 1\n\n: c\n\n']) {
    assert.equal(await atOnce(all), all);
    const crlf = all.replaceAll('\n', '\r\n');
    assert.equal(await atOnce(crlf), crlf);
    const cr = all.replaceAll('\n', '\r');
    assert.equal(await atOnce(cr), cr);
  }
});

test('restoreStream: what is held back comes where the stream ends in half an event', async () => {
  for (const tail of ['', '\n']) {
    const restored = await atOnce(`${text('a <EMAIL')}event: ping\ndata: {}${tail}`);
    assert.equal(restored, text('a ') + text('<EMAIL'));
  }
});

test('restoreStream: lines that end in CR LF may be cut at any byte', async () => {
  const all = (text('to <EMAIL_1>') + stop()).replaceAll('\n', '\r\n');
  const bytes = new TextEncoder().encode(all);
  for (let at = 1; at < bytes.length; at++) {
    assert.equal(joined(await through(cut(bytes, at))), `to ${EMAIL}`, `${at}`);
  }
});

test('restoreStream: content that is not split into deltas has its values too', async () => {
  const citation = event('content_block_delta', {
    index: 0,
    delta: { type: 'citations_delta', citation: { cited_text: '<EMAIL_1>' } },
  });
  assert.equal(await atOnce(citation), citation.replace('<EMAIL_1>', EMAIL));
});

test('restoreStream: a value is escaped once in text, twice in partial JSON', async () => {
  const value = 'a"b\\c';
  const pseudonyms = new Pseudonyms(new Set());
  pseudonyms.restore = (given, write = (v) => v) => given.replace('<EMAIL_1>', write(value));
  const all = new TextEncoder().encode(text('<EMAIL_1>') + json('{"a":"<EMAIL_1>"}', 1));
  const restored = await textOf(restoreStream(parseEvents(cut(all)), pseudonyms));
  assert.equal(joined(restored), value);
  assert.deepEqual(JSON.parse(joined(restored, 1)), { a: value });
});

test('restoreStream: a stream that breaks gives what was held back, then its error', async () => {
  async function* broken() {
    yield* cut(new TextEncoder().encode(`${text('a <EMAIL')}event: pi`));
    throw new Error('broken');
  }
  const response = aResponse(200, { data: parseEvents(broken()) });
  const restored = await pseudonymize()(
    aRequest({ body: ASKED, stream: true }),
    scripted(response),
  );
  let seen = '';
  await assert.rejects(async () => {
    for await (const events of restored.data as EventStream) {
      for (const { raw } of events) seen += Buffer.from(raw);
    }
  }, /broken/);
  assert.equal(seen, text('a ') + text('<EMAIL'));
});

test('restoreStream: a reader who stops closes the upstream', async () => {
  let returned = false;
  async function* endless() {
    try {
      for (;;) yield new TextEncoder().encode(PING);
    } finally {
      returned = true;
    }
  }
  const response = aResponse(200, { data: parseEvents(endless()) });
  const restored = await pseudonymize()(
    aRequest({ body: ASKED, stream: true }),
    scripted(response),
  );
  for await (const _ of restored.data as EventStream) break;
  assert(returned);
});
