/** Streams that an upstream cuts at any byte, as the official SDK sees them through the service. */
import assert from 'node:assert/strict';
import type { RequestListener } from 'node:http';
import { test } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import pMap from 'p-map';
import { ASK } from '../testing/messages.ts';
import { serviceBefore } from '../testing/service-before.ts';

const event = (type: string, more: object = {}) =>
  `event: ${type}\ndata: ${JSON.stringify({ type, ...more })}\n\n`;
const delta = (text: string) =>
  event('content_block_delta', { index: 0, delta: { type: 'text_delta', text } });
const usage = { input_tokens: 7, output_tokens: 1 };
const EVENTS = [
  event('message_start', { message: { id: 'm', content: [], usage } }),
  event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
  event('ping'),
  `: a comment\n\n${delta('Grüße ')}`,
  delta('👋'),
  event('content_block_stop', { index: 0 }),
  event('message_delta', { delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 9 } }),
  event('message_stop'),
];
/** Index of the event with which the content begins: a stream that is cut before it is an error at once. */
const CONTENT = 3;

/** Sends the first bytes of the stream, as many as the correlation ID says, and cuts the connection. */
const cutting =
  (stream: Buffer): RequestListener =>
  (request, response) => {
    request.resume();
    const at = Number(String(request.headers['x-correlation-id']).split('-')[1]);
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.flushHeaders();
    response.write(stream.subarray(0, at), () => response.destroy());
  };

for (const [name, newline] of [
  ['LF', '\n'],
  ['CR LF', '\r\n'],
  ['CR', '\r'],
] as const) {
  test(`a stream with lines that end in ${name}, cut at any byte: its whole events, then an APIError`, async (t) => {
    const events = EVENTS.map((text) => Buffer.from(text.replaceAll('\n', newline)));
    const stream = Buffer.concat(events);
    const service = await serviceBefore(t, cutting(stream), { RETRY_MAX: '0' });
    const sdk = new Anthropic({ apiKey: 'x', baseURL: service.url, maxRetries: 0 });
    /** The end of each event; the LF of a last CR LF adds nothing to it. */
    const ends = events.map((_, i) => Buffer.concat(events.slice(0, i + 1)).length);
    const isWhole = (end: number, at: number) => end - (newline === '\r\n' ? 1 : 0) <= at;
    await pMap(
      Array.from({ length: stream.length }, (_, at) => at),
      async (at) => {
        const whole = ends.filter((end) => isWhole(end, at)).length;
        const { seen, thrown } = await read(sdk, `${name.replace(' ', '')}-${at}`);
        const expected = whole > CONTENT ? whole - 1 : 0;
        assert.equal(seen, expected, `cut at ${at}: ${thrown}`);
        if (whole === events.length) assert.equal(thrown, undefined);
        else assert(thrown instanceof Anthropic.APIError, `cut at ${at}: ${thrown}`);
      },
      { concurrency: 8 },
    );
  });
}

/** @returns how many events the SDK gave, which keeps pings to itself, and what it threw then */
async function read(sdk: Anthropic, id: string): Promise<{ seen: number; thrown: unknown }> {
  let seen = 0;
  try {
    const headers = { 'x-correlation-id': id };
    const stream = await sdk.messages.create({ ...ASK, stream: true }, { headers });
    for await (const _ of stream) seen += 1;
    return { seen, thrown: undefined };
  } catch (thrown) {
    return { seen, thrown };
  }
}
