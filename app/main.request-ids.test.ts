/** The upstream's own IDs of a call, over real HTTP: what a ticket to Anthropic asks for. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';
import { test } from 'node:test';
import { startSpanStore } from '../observability/local/span-store.ts';
import { listen, postJson } from './testing/http.ts';
import { ASK } from './testing/messages.ts';
import { eventually } from './testing/poll.ts';
import { startService } from './testing/service-process.ts';

const event = (type: string) => `event: ${type}\ndata: {"type":"${type}"}\n\n`;
const overloaded = (response: ServerResponse) =>
  response.writeHead(529).end('{"type":"error","error":{"type":"overloaded_error"}}');
const truncated = (response: ServerResponse) => response.writeHead(200).end(event('message_start'));
const notJson = (response: ServerResponse) => response.writeHead(200).end('{"cut":');
const cut = (response: ServerResponse) =>
  response
    .writeHead(200, { 'content-length': '100' })
    .write('{', () => response.socket?.resetAndDestroy());
const complete = (response: ServerResponse) => response.writeHead(200).end('{"id":"m"}');
const streamed = (response: ServerResponse) =>
  response.writeHead(200).end(event('content_block_delta') + event('message_stop'));

const CASES = [
  ['a complete call after a 529', false, overloaded, complete],
  ['a complete call after half a body', false, notJson, complete],
  ['a complete call after one that was cut', false, cut, complete],
  ['a stream after one that was truncated', true, truncated, streamed],
] as const;
for (const [name, stream, first, second] of CASES) {
  test(`request IDs: ${name} has the upstream’s ID of each attempt on spans and log lines`, async (t) => {
    const answers = [first, second];
    let n = 0;
    const upstream = createServer((request, response) => {
      response.setHeader('request-id', `req_${n}`);
      request.resume().on('end', () => answers[n++]?.(response));
    });
    const store = await startSpanStore({ port: 0 });
    t.after(() => store.close());
    const service = await startService(
      {
        CLAUDE_API_KEY: 'a-key-of-ours',
        CLAUDE_BASE_URL: `http://127.0.0.1:${await listen(t, upstream)}`,
        OTEL_EXPORTER_OTLP_ENDPOINT: store.url,
        OTEL_BSP_SCHEDULE_DELAY: '50',
      },
      { backoff: { baseMs: 1 } },
    );
    t.after(() => service.stop());
    const id = randomUUID();
    const asked = { ...ASK, stream };
    const { status } = await postJson(`${service.url}/v1/messages`, asked, {
      'x-correlation-id': id,
    });
    assert.equal(status, 200);
    const idOf = async (msg: string) =>
      (await service.line((l) => l['msg'] === msg && l['correlation_id'] === id))['request_id'];
    assert.equal(await idOf('attempt failed'), 'req_0');
    assert.equal(await idOf('call'), 'req_1');
    const spans = await eventually(() => {
      const withId = store.spans().filter(({ attributes }) => attributes['anthropic.request.id']);
      return withId.length === 3 && withId;
    });
    const seen = spans.map(({ name, attributes }) => [
      name.replace(/ .*/, ''),
      attributes['anthropic.request.id'],
    ]);
    assert.deepEqual(seen.toSorted(), [
      ['attempt', 'req_0'],
      ['attempt', 'req_1'],
      ['chat', 'req_1'],
    ]);
  });
}
