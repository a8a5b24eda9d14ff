/** Requests that are refused before they become a call, and odd ones that are not. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import type Anthropic from '@anthropic-ai/sdk';
import { jsonOf } from '../testing/http.ts';
import { BODY } from '../testing/messages.ts';
import { useSimulatedService } from '../testing/simulated-service.ts';

const USER = '"messages":[{"role":"user"}]';

const BAD_BODIES: readonly [name: string, body: string | Buffer, status: number, says: RegExp][] = [
  ['empty', '', 400, /empty/],
  ['not JSON', '{"model":', 400, /not valid JSON/],
  ['not UTF-8', Buffer.from([0x22, 0xff, 0x22]), 400, /not valid JSON/],
  ['an array', '[]', 400, /object/],
  ['null', 'null', 400, /object/],
  ['without a model', `{"max_tokens":1,${USER}}`, 400, /^model: Field required/],
  ['with a number as model', `{"model":1,"max_tokens":1,${USER}}`, 400, /^model:/],
  ['without messages', '{"model":"m","max_tokens":1,"messages":[]}', 400, /^messages:/],
  [
    'with a message without role',
    '{"model":"m","max_tokens":1,"messages":[{}]}',
    400,
    /^messages\.0\.role: Field required/,
  ],
  ['with negative max_tokens', `{"model":"m","max_tokens":-1,${USER}}`, 400, /^max_tokens:/],
  ['with stream as text', `{"model":"m","max_tokens":1,"stream":"yes",${USER}}`, 400, /^stream:/],
  ['too large', `{"model":"${'x'.repeat(200_001)}"}`, 413, /exceeds/],
  ['nested 99,000 deep', '['.repeat(99_000) + ']'.repeat(99_000), 400, /512 levels/],
];

describe('request validation', { concurrency: false }, () => {
  const api = useSimulatedService({ BODY_LIMIT_BYTES: '200000' });
  const { post } = api;

  for (const [name, body, status, says] of BAD_BODIES) {
    test(`messages: a body that is ${name} → ${status}, counted, never sent`, async () => {
      const id = randomUUID();
      const reply = await post('/v1/messages', body, { 'x-correlation-id': id });
      const answer = jsonOf<Anthropic.ErrorResponse>(reply);
      const type = status === 413 ? 'request_too_large' : 'invalid_request_error';
      assert.equal(reply.status, status);
      assert.equal(answer.type, 'error');
      assert.equal(answer.error.type, type);
      assert.match(answer.error.message, says);
      assert.equal(answer.request_id, id);
      assert.equal(await api.outcomeOf(id), 'invalid_request');
      assert.deepEqual(api.requestsOf(id), []);
    });
  }

  test('messages: a body that inflates beyond the limit is too large', async () => {
    const bomb = gzipSync(Buffer.alloc(10_000_000, 0x20));
    const reply = await post('/v1/messages', bomb, { 'content-encoding': 'gzip' });
    assert.equal(reply.status, 413);
  });

  test('messages: a charset other than UTF-8 is refused, gzip is read', async () => {
    const latin = { 'content-type': 'application/json; charset=latin1' };
    assert.equal((await post('/v1/messages', BODY, latin)).status, 400);
    const zipped = await post('/v1/messages', gzipSync(BODY), { 'content-encoding': 'gzip' });
    assert.equal(zipped.status, 200);
  });

  test('messages: unknown fields, a __proto__ key and an unknown model pass', async () => {
    const odd =
      '{"__proto__":{"polluted":1},"brand_new":[1],"model":"my-model","max_tokens":5,"messages":[{"role":"user","content":"x","__proto__":{"a":1}}]}';
    const reply = await post('/v1/messages', odd);
    assert.equal(reply.status, 200);
    assert.equal(jsonOf<{ model: string }>(reply).model, 'my-model');
    const metrics = await api.metrics();
    assert(!metrics.includes('my-model'));
    assert.match(
      metrics,
      /claude_api_requests_total\{[^}]*model="other"[^}]*outcome="success"\} [1-9]/,
    );
  });

  for (const bad of ['0', '-5', 'soon', '1.5', '99999999']) {
    test(`messages: x-deadline-ms ${bad} → 400`, async () => {
      const refused = await post('/v1/messages', BODY, { 'x-deadline-ms': bad });
      assert.equal(refused.status, 400);
      assert.match(refused.text, /x-deadline-ms/);
    });
  }

  test('where anybody may call, pages of other origins may not', async () => {
    const from = async (origin: string) =>
      (await post('/v1/messages', BODY, { origin, 'content-type': 'text/plain' })).status;
    for (const origin of ['https://evil.example', 'http://localhost:1', 'null']) {
      assert.equal(await from(origin), 403, origin);
    }
    assert.equal(await from(new URL(api.service.url).origin), 200);
  });
});
