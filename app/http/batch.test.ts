/** Batches: their items over the whole service, their deadline and quotas over the app alone. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { describe, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { Callers } from '../callers/callers.ts';
import { Quotas } from '../callers/quotas.ts';
import { AppError } from '../errors.ts';
import { disabledTelemetry } from '../telemetry/sdk.ts';
import { aResult, serveApp } from '../testing/app.ts';
import { jsonOf, postJson } from '../testing/http.ts';
import { ASK, BODY, MODEL } from '../testing/messages.ts';
import { eventually } from '../testing/poll.ts';
import { useSimulatedService } from '../testing/simulated-service.ts';
import { BATCH_DEFAULTS } from './batch.ts';
import { verifyCallers } from './middleware.ts';

disabledTelemetry({ trusts: () => false });

interface ItemResult {
  readonly custom_id?: string;
  readonly type: 'succeeded' | 'errored';
  readonly status: number;
  readonly message?: unknown;
  readonly error?: { readonly error: { readonly message: string } };
}

interface BatchReply {
  readonly results: readonly ItemResult[];
  readonly counts: { readonly succeeded: number; readonly errored: number };
}

const batchOf = (n: number) => ({ requests: Array.from({ length: n }, () => ({ params: ASK })) });

describe('batch', { concurrency: false }, () => {
  const api = useSimulatedService({}, { batch: { maxItems: 20, concurrency: 3 } });
  const { post } = api;

  test('batch: results are in order, and one failing item fails alone', async () => {
    const requests = Array.from({ length: 12 }, (_, i) => ({
      custom_id: `item-${i}`,
      params:
        i === 4 ? { model: MODEL } : { ...ASK, messages: [{ role: 'user', content: `n${i}` }] },
    }));
    const reply = await post('/v1/batch', { requests });
    assert.equal(reply.status, 200);
    const { results, counts } = jsonOf<BatchReply>(reply);
    assert.deepEqual(counts, { succeeded: 11, errored: 1 });
    assert.deepEqual(
      results.map(({ custom_id }) => custom_id),
      requests.map(({ custom_id }) => custom_id),
    );
    for (const [i, result] of results.entries()) {
      assert.equal(result.type, i === 4 ? 'errored' : 'succeeded');
      if (result.type === 'succeeded') assert(JSON.stringify(result.message).includes(`n${i}`));
    }
  });

  test('batch: the article’s form is one request for many prompts', async () => {
    const reply = await post('/v1/batch', { model: MODEL, max_tokens: 9, prompts: ['a', 'b'] });
    assert.deepEqual(jsonOf<BatchReply>(reply).counts, { succeeded: 2, errored: 0 });
  });

  test('batch: an item that asks for a stream is refused', async () => {
    const reply = await post('/v1/batch', { requests: [{ params: { ...ASK, stream: true } }] });
    assert.match(reply.text, /stream: must be false in a batch/);
  });

  test('batch: one with too many items is refused as a whole', async () => {
    const seen = api.simulator.seen();
    assert.equal((await post('/v1/batch', batchOf(21))).status, 400);
    assert.equal(api.simulator.seen(), seen, 'some items were sent');
  });
});

test('batch: no more items are in flight at once than the limit, the batch and the caller allow', async (t) => {
  let running = 0;
  let most = 0;
  const { url } = await serveApp(t, async () => {
    most = Math.max(most, ++running);
    await delay(1);
    running -= 1;
    return aResult();
  });
  await postJson(`${url}/v1/batch`, batchOf(30));
  assert.equal(most, 10);
  most = 0;
  await postJson(`${url}/v1/batch`, { ...batchOf(12), concurrency: 3 });
  assert.equal(most, 3);
});

test('batch: each item gets what is left of the batch’s deadline', async (t) => {
  const { url, calls } = await serveApp(t, async () => {
    await delay(20);
    return aResult();
  });
  const asked = { ...batchOf(3), concurrency: 1 };
  await postJson(`${url}/v1/batch`, asked, { 'x-deadline-ms': '60000' });
  const left = calls.map(({ deadlineMs = Number.POSITIVE_INFINITY }) => deadlineMs);
  assert(left[0] && left[0] > 50_000 && left[0] <= 60_000, String(left));
  assert(left[1] && left[2] && left[0] > left[1] && left[1] > left[2], String(left));
});

test('batch: an item whose turn comes after the deadline is not asked, and recorded', async (t) => {
  const { url, calls, rejections } = await serveApp(t, async () => {
    await delay(60);
    return aResult();
  });
  const asked = { ...batchOf(2), concurrency: 1 };
  const reply = await postJson(`${url}/v1/batch`, asked, { 'x-deadline-ms': '30' });
  const { results } = jsonOf<BatchReply>(reply);
  assert.deepEqual(
    results.map(({ status }) => status),
    [200, 504],
  );
  assert.match(results[1]?.error?.error.message ?? '', /deadline of the batch/);
  assert.equal(calls.length, 1);
  assert.deepEqual(
    rejections.map(([{ operation }, outcome]) => [operation, outcome]),
    [['chat', 'client_cancelled']],
  );
});

test('batch: items that have not begun when the caller leaves are no calls', async (t) => {
  const { promise: begun, resolve } = Promise.withResolvers<void>();
  const caller = new AbortController();
  const { url, calls, rejections } = await serveApp(t, async ({ signal }) => {
    resolve();
    await once(signal, 'abort');
    throw new AppError('client_cancelled', 'the caller went away');
  });
  const body = JSON.stringify(batchOf(60));
  const pending = fetch(`${url}/v1/batch`, { method: 'POST', body, signal: caller.signal });
  await begun;
  caller.abort();
  await assert.rejects(pending);
  await eventually(() => calls.length > 0 && calls.every(({ signal }) => signal.aborted));
  // The items that follow end at once; none of them is sent or recorded.
  await new Promise(setImmediate);
  assert(calls.length <= BATCH_DEFAULTS.concurrency);
  assert.deepEqual(rejections, []);
});

test('batch: a malformed deadline is refused as a whole', async (t) => {
  const { url, calls } = await serveApp(t);
  const reply = await postJson(`${url}/v1/batch`, batchOf(2), { 'x-deadline-ms': 'soon' });
  assert.equal(reply.status, 400);
  assert.match(reply.text, /x-deadline-ms/);
  assert.deepEqual(calls, []);
});

/** One caller with a quota of one request, whose requests must be signed; a valid signature takes a nonce. */
async function serveSigningCaller(t: Parameters<typeof serveApp>[0], limits: object) {
  let checked = 0;
  const none = { requestsPerMinute: undefined, tokensPerMinute: undefined, concurrent: undefined };
  const tokenDigests = [createHash('sha256').update('token').digest('hex')];
  const known = { name: 'partner', tokenDigests, limits: { ...none, ...limits } };
  const app = await serveApp(t, () => aResult({ tokens: () => 100 }), {
    callers: new Callers([known]),
    quotas: new Quotas({ redis: undefined, onExceeded() {} }),
    verify() {
      checked += 1;
    },
  });
  const post = (path: string, body: unknown) =>
    postJson(app.url + path, body, { 'x-api-key': 'token' });
  return { ...app, post, checked: () => checked };
}

for (const [quota, limits] of Object.entries({
  requests: { requestsPerMinute: 1 },
  tokens: { tokensPerMinute: 100 },
})) {
  test(`batch: a caller who has used up their ${quota} uses up no nonce`, async (t) => {
    const { post, checked, calls, rejections } = await serveSigningCaller(t, limits);
    assert.equal((await post('/v1/messages', BODY)).status, 200);
    const refused = await post('/v1/batch', batchOf(2));
    assert.equal(refused.status, 429);
    assert.match(refused.text, new RegExp(`quota is used up: ${quota}`));
    assert(Number(refused.headers['retry-after']) >= 1);
    assert.equal(checked(), 1, 'the signature of the batch was checked');
    assert.equal(calls.length, 1);
    assert.deepEqual(
      rejections.map(([{ caller, operation }, outcome]) => [caller, operation, outcome]),
      [['partner', 'chat', 'invalid_request']],
    );
  });
}

test('batch: the batch itself takes no request of the quota, each item takes one', async (t) => {
  const { post, checked } = await serveSigningCaller(t, { requestsPerMinute: 3 });
  const { results } = jsonOf<BatchReply>(await post('/v1/batch', batchOf(4)));
  assert.deepEqual(results.map(({ status }) => status).toSorted(), [200, 200, 200, 429]);
  assert.equal(checked(), 1);
});

test('batch: a caller who must sign is refused without a signature', async (t) => {
  const tokenDigests = [createHash('sha256').update('token').digest('hex')];
  const limits = {
    requestsPerMinute: undefined,
    tokensPerMinute: undefined,
    concurrent: undefined,
  };
  const results: string[] = [];
  const { url, calls } = await serveApp(t, undefined, {
    callers: new Callers([{ name: 'partner', tokenDigests, limits }]),
    verify: verifyCallers({
      secrets: new Map([['partner', () => [{ id: 'one', secret: 'secret' }]]]),
      nonces: () => ({ seen: () => assert.fail('a nonce was used') }),
      now: Date.now,
      onResult: ({ result }) => results.push(result),
    }),
  });
  const reply = await postJson(`${url}/v1/batch`, batchOf(1), { 'x-api-key': 'token' });
  assert.equal(reply.status, 401);
  assert.deepEqual(results, ['missing']);
  assert.deepEqual(calls, []);
});
