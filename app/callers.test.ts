/** Who gets in, with what, and how much of it: attacks on authentication, trust and limits, each answered. */
import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import { request } from 'undici';
import { DEFAULT_KEY, type Simulator, startSimulator } from '../loadtest/simulator/server.ts';
import { type SpanStore, startSpanStore } from '../observability/local/span-store.ts';
import { sign } from './pipeline/sign.ts';
import { aRequest, aResponse, scripted } from './testing/fakes.ts';
import { type ServiceProcess, spawnService, startService } from './testing/service-process.ts';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const TOKEN = 'token-of-search-0123456789abcdef';
const NEW_TOKEN = 'new-token-of-search-0123456789abc';
const LIMITED = 'token-of-limited-0123456789abcde';
const SIGNING = 'token-of-signing-0123456789abcde';
const OWN_KEY = 'sk-own-key-of-search';
const SECRET = 'signing-secret-of-partner';

const MODEL = 'claude-haiku-5-5';
const ASK = {
  model: MODEL,
  max_tokens: 16,
  messages: [{ role: 'user' as const, content: 'Hello' }],
};
const BODY = JSON.stringify(ASK);

const CALLERS = [
  { name: 'search', token_sha256: [sha256(TOKEN), sha256(NEW_TOKEN)], keys: { up: 'env:OWN_KEY' } },
  { name: 'limited', token_sha256: sha256(LIMITED), requests_per_minute: 5 },
  { name: 'partner', token_sha256: sha256(SIGNING), signing: 'env:PARTNER_SECRET' },
];

describe('callers', { concurrency: false }, () => {
  let simulator: Simulator;
  let service: ServiceProcess;
  let spans: SpanStore;

  before(async () => {
    simulator = await startSimulator({ keys: [DEFAULT_KEY, OWN_KEY] });
    spans = await startSpanStore({ port: 0 });
    service = await startService({
      CLAUDE_API_KEY: DEFAULT_KEY,
      OWN_KEY,
      PARTNER_SECRET: JSON.stringify({ current: SECRET }),
      CLAUDE_BASE_URL: simulator.url,
      CLAUDE_UPSTREAM_NAME: 'up',
      CALLERS: JSON.stringify(CALLERS),
      OTEL_EXPORTER_OTLP_ENDPOINT: spans.url,
      NODE_ENV: 'production',
    });
  });
  after(async () => {
    assert.equal(await service.stop(), 0);
    await simulator.close();
    await spans.close();
  });

  type Headers = Record<string, string | string[]>;
  const post = async (headers: Headers, body = BODY, path = '/v1/messages') => {
    const answer = await request(`${service.url}${path}`, { method: 'POST', headers, body });
    return { status: answer.statusCode, headers: answer.headers, text: await answer.body.text() };
  };
  const metric = async (pattern: RegExp) =>
    Number(pattern.exec(await (await fetch(service.metricsUrl)).text())?.[1] ?? Number.NaN);
  const keyOf = (id: string) =>
    simulator.requests().find(({ headers }) => headers['x-correlation-id'] === id)?.headers[
      'x-api-key'
    ];

  const IN: readonly [name: string, headers: Headers][] = [
    ['a bearer token', { authorization: `Bearer ${TOKEN}` }],
    ['another case of its scheme', { authorization: `bearer ${TOKEN}` }],
    ['an x-api-key', { 'x-api-key': TOKEN }],
    ['both, the same', { authorization: `Bearer ${TOKEN}`, 'x-api-key': TOKEN }],
    ['the second token while it changes', { 'x-api-key': NEW_TOKEN }],
  ];
  for (const [name, headers] of IN) {
    test(`in: ${name}`, async () => {
      const { status, text } = await post(headers);
      assert.equal(status, 200, text);
    });
  }

  const OUT: readonly [name: string, headers: Headers, path?: string][] = [
    ['nothing', {}],
    ['an empty token', { authorization: 'Bearer ' }],
    ['an empty x-api-key', { 'x-api-key': '' }],
    ['a wrong token', { authorization: 'Bearer wrong-token-of-search-0123456' }],
    ['the beginning of a token', { 'x-api-key': TOKEN.slice(0, -1) }],
    ['a token and more', { 'x-api-key': `${TOKEN}x` }],
    ['another case of a token', { 'x-api-key': TOKEN.toUpperCase() }],
    ['its digest, as in the settings', { 'x-api-key': sha256(TOKEN) }],
    ['the upstream’s key', { 'x-api-key': DEFAULT_KEY }],
    ['a caller’s name', { 'x-api-key': 'search' }],
    ['anybody', { 'x-api-key': 'anybody' }],
    ['two that differ', { authorization: `Bearer ${TOKEN}`, 'x-api-key': LIMITED }],
    ['a good key behind a bad bearer', { authorization: 'Bearer x', 'x-api-key': TOKEN }],
    ['a good key behind another scheme', { authorization: 'Basic x', 'x-api-key': TOKEN }],
    ['a token as a password', { authorization: `Basic ${btoa(`search:${TOKEN}`)}` }],
    ['two tokens in one', { authorization: `Bearer ${TOKEN}, Bearer ${TOKEN}` }],
    ['two headers of one name', { 'x-api-key': [TOKEN, TOKEN] }],
    ['a token in the address', {}, `/v1/messages?x-api-key=${TOKEN}&api_key=${TOKEN}`],
    ['a token in a cookie', { cookie: `x-api-key=${TOKEN}` }],
    ['10 kB', { 'x-api-key': 'x'.repeat(10_000) }],
    ['a name of JavaScript’s own', { 'x-api-key': '__proto__' }],
  ];
  for (const [name, headers, path] of OUT) {
    test(`out: ${name}`, async () => {
      const seen = simulator.seen();
      const { status, text } = await post(headers, BODY, path);
      assert.equal(status, 401, text);
      const { error } = JSON.parse(text);
      // One text for all: it does not say how near somebody came.
      assert.deepEqual(error, {
        type: 'authentication_error',
        message: 'invalid x-api-key or bearer token',
      });
      assert.equal(simulator.seen(), seen, 'it went upstream');
    });
  }

  test('they are counted, and nothing of a token is written anywhere', async () => {
    const counted = await metric(/claude_api_unauthenticated_total(?:\{\})? (\d+)/);
    assert.equal(counted, OUT.length);
    const text = JSON.stringify(service.lines) + (await (await fetch(service.metricsUrl)).text());
    for (const secret of [TOKEN, NEW_TOKEN, sha256(TOKEN), OWN_KEY]) assert(!text.includes(secret));
  });

  test('every route asks; health does not', async () => {
    for (const path of ['/v1/models', '/v1/models/x']) {
      assert.equal((await fetch(`${service.url}${path}`)).status, 401, path);
    }
    for (const path of ['/v1/messages/count_tokens', '/v1/batch']) {
      assert.equal((await post({}, BODY, path)).status, 401, path);
    }
    assert.equal((await fetch(`${service.url}/healthz`)).status, 200);
    assert.equal((await fetch(`${service.url}/readyz`)).status, 200);
  });

  test('the official SDK’s errors are its own', async () => {
    const sdk = (apiKey: string) => new Anthropic({ apiKey, baseURL: service.url, maxRetries: 0 });
    assert((await sdk(TOKEN).messages.create(ASK)).content.length > 0);
    await assert.rejects(sdk('wrong').messages.create(ASK), Anthropic.AuthenticationError);
  });

  test('a caller’s own key is used for him, the upstream’s for others, his token for nobody', async () => {
    const [own, shared] = [randomUUID(), randomUUID()];
    await post({ 'x-api-key': TOKEN, 'x-correlation-id': own });
    await post({ 'x-api-key': LIMITED, 'x-correlation-id': shared });
    assert.equal(keyOf(own), 'sk-…rch');
    assert.equal(keyOf(shared), 'sim…use');
  });

  const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
  const upstreamTrace = (id: string) =>
    simulator.requests().find(({ headers }) => headers['x-correlation-id'] === id)?.headers[
      'traceparent'
    ];
  test('a known caller’s IDs are trace context; a stranger’s are not, and he sees none', async () => {
    const id = randomUUID();
    await post({ 'x-api-key': TOKEN, 'x-correlation-id': id });
    assert.equal(upstreamTrace(id)?.slice(3, 35), id.replaceAll('-', ''));
    const other = randomUUID();
    const traceparent = `00-${TRACE}-00f067aa0ba902b7-01`;
    await post({ 'x-api-key': TOKEN, 'x-correlation-id': other, traceparent });
    assert.equal(upstreamTrace(other)?.slice(3, 35), TRACE);

    const strangers = randomUUID();
    const { headers } = await post({ 'x-correlation-id': strangers, traceparent });
    assert.equal(headers['x-correlation-id'], strangers, 'the ID itself is kept');
    const line = await service.line(
      (l) => l['correlation_id'] === strangers && l['msg'] === 'request',
    );
    assert.notEqual(line['trace_id'], TRACE);
    assert.notEqual(line['trace_id'], strangers.replaceAll('-', ''));
  });

  test('limits: so many and no more, a batch counts its items, others go on', async () => {
    const requests = Array.from({ length: 8 }, () => ({ params: ASK }));
    const { text } = await post(
      { 'x-api-key': LIMITED },
      JSON.stringify({ requests }),
      '/v1/batch',
    );
    const { results } = JSON.parse(text) as { results: { status: number }[] };
    // One of the five was used above.
    const statuses = results.map(({ status }) => status);
    assert.deepEqual(statuses.toSorted(), [200, 200, 200, 200, 429, 429, 429, 429]);
    const refused = await post({ 'x-api-key': LIMITED });
    assert.equal(refused.status, 429);
    assert.equal(JSON.parse(refused.text).error.type, 'rate_limit_error');
    const retryAfter = Number(refused.headers['retry-after']);
    assert(retryAfter >= 1 && retryAfter <= 60, String(retryAfter));
    assert.equal((await post({ 'x-api-key': TOKEN })).status, 200);
    const refusals = /claude_api_caller_refusals_total\{caller="limited",reason="requests"\} (\d+)/;
    assert.equal(await metric(refusals), 5);
    const calls = /claude_api_caller_calls_total\{caller="limited",outcome="success"\} (\d+)/;
    assert.equal(await metric(calls), 5);
  });

  test('who must sign: a token alone is not enough, a signature is good once', async () => {
    const token = { 'x-api-key': SIGNING, 'content-type': 'application/json' };
    const stage = sign(
      { secret: () => ({ id: 'current', secret: SECRET }) },
      { now: Date.now, nonce: randomUUID },
    );
    const signed = async (body: string) => {
      const next = scripted(aResponse());
      await stage(aRequest({ body }), next);
      return { ...token, ...next.seen[0]?.headers };
    };
    assert.equal((await post(token)).status, 401);
    const headers = await signed(BODY);
    assert.equal((await post(headers)).status, 200);
    assert.equal((await post(headers)).status, 401, 'replayed');
    const swapped = JSON.stringify({ ...ASK, max_tokens: 17 });
    assert.equal((await post(await signed(BODY), swapped)).status, 401, 'another body');
    const stolen = { ...(await signed(BODY)), 'x-api-key': TOKEN };
    assert.equal((await post(stolen)).status, 200, 'who need not sign may');
    for (const [result, n] of Object.entries({
      valid: 1,
      missing: 1,
      replayed: 1,
      bad_signature: 1,
    })) {
      const pattern = new RegExp(`claude_signature_checks_total\\{result="${result}"\\} (\\d+)`);
      assert.equal(await metric(pattern), n, result);
    }
  });

  test('in production it does not start open to everybody', async () => {
    const child = spawnService({ CLAUDE_API_KEY: DEFAULT_KEY, NODE_ENV: 'production' });
    let errors = '';
    child.stderr?.on('data', (chunk) => {
      errors += chunk;
    });
    const [code] = await new Promise<[number]>((resolve) =>
      child.once('exit', (...exit) => resolve(exit as unknown as [number])),
    );
    assert.equal(code, 78);
    assert.match(errors, /CALLERS: in production/);
  });
});
