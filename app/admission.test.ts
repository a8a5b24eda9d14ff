/** Calls that wait keep nobody from being served: over the whole service, with two slots. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { listen, postJson } from './testing/http.ts';
import { ASK } from './testing/messages.ts';
import { eventually } from './testing/poll.ts';
import { startService } from './testing/service-process.ts';

const OPUS = 'claude-opus-5-5';
const LIMITED = { type: 'error', error: { type: 'rate_limit_error', message: 'x' } };
const MESSAGE = { type: 'message', content: [], usage: { input_tokens: 1, output_tokens: 1 } };

test('admission: calls of a model that is rate limited for 30 s keep no slot from those of another', async (t) => {
  let limited = 0;
  const upstream = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const isOpus = body.includes(OPUS);
    if (isOpus) limited += 1;
    response
      .writeHead(isOpus ? 429 : 200, { 'content-type': 'application/json', 'retry-after': '30' })
      .end(JSON.stringify(isOpus ? LIMITED : MESSAGE));
  });
  const service = await startService({
    CLAUDE_API_KEY: 'a-key-of-nobody',
    CLAUDE_BASE_URL: `http://127.0.0.1:${await listen(t, upstream)}`,
    OTEL_TRACES_EXPORTER: 'none',
    ADMISSION_LIMIT: '2',
  });
  t.after(() => service.stop());
  const post = (model: string, signal?: AbortSignal) =>
    fetch(`${service.url}/v1/messages`, {
      method: 'POST',
      body: JSON.stringify({ ...ASK, model }),
      ...(signal && { signal }),
    });
  const gone = new AbortController();
  const waiting = Array.from({ length: 8 }, () => post(OPUS, gone.signal).catch(() => {}));
  await eventually(() => limited === 8);
  const metric = async (state: string) => {
    const text = await (await fetch(service.metricsUrl)).text();
    return new RegExp(`claude_api_admission_calls\\{state="${state}"\\} (\\d+)`).exec(text)?.[1];
  };
  await eventually(async () => (await metric('paused')) === '8');
  assert.equal(await metric('active'), '0');
  for (let i = 0; i < 20; i++) {
    const { status } = await postJson(`${service.url}/v1/messages`, ASK);
    assert.equal(status, 200);
  }
  gone.abort();
  await Promise.all(waiting);
  await eventually(async () => (await metric('paused')) === '0');
});
