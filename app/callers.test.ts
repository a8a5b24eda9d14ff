/** Attacks on authentication, trust, quotas and signatures of callers, over the whole service. */
import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { after, before, describe, test } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import { DEFAULT_KEY, type Simulator, startSimulator } from '../loadtest/simulator/server.ts';
import { type SpanStore, startSpanStore } from '../observability/local/span-store.ts';
import { sign } from './pipeline/sign.ts';
import { aRequest, aResponse, scripted } from './testing/fakes.ts';
import { jsonOf, postJson, type SentHeaders } from './testing/http.ts';
import { ASK, BODY } from './testing/messages.ts';
import { type ServiceProcess, spawnService, startService } from './testing/service-process.ts';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const TOKEN = 'token-of-search-0123456789abcdef';
const NEW_TOKEN = 'new-token-of-search-0123456789abc';
const LIMITED = 'token-of-limited-0123456789abcde';
const PLAIN = 'token-of-plain-0123456789abcdefg';
const SIGNING = 'token-of-signing-0123456789abcde';
const ONCE = 'token-of-once-0123456789abcdefgh';
const OWN_KEY = 'sk-own-key-of-search';
const SECRET = 'signing-secret-of-partner';

const CALLERS = [
  { name: 'search', token_sha256: [sha256(TOKEN), sha256(NEW_TOKEN)], keys: { up: 'env:OWN_KEY' } },
  { name: 'plain', token_sha256: sha256(PLAIN) },
  { name: 'limited', token_sha256: sha256(LIMITED), requests_per_minute: 5 },
  { name: 'partner', token_sha256: sha256(SIGNING), signing: 'env:PARTNER_SECRET' },
  {
    name: 'once',
    token_sha256: sha256(ONCE),
    requests_per_minute: 1,
    signing: 'env:PARTNER_SECRET',
  },
];

/** @returns the routes of the table in `app/app.ts`, such as `GET /v1/models/:id`, so that a new one is tested too */
function routesOf(source: string): string[] {
  const rows = source.matchAll(/^ {2}\{ method: '(\w+)', path: '([^']+)',/gm);
  const routes = [...rows].map(([, method = '', path]) => `${method.toUpperCase()} ${path}`);
  assert(routes.length >= 13, routes.join());
  return routes;
}

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
    });
  });
  after(async () => {
    // Close these even if the service did not start, or the test process would never end.
    await simulator.close();
    await spans.close();
    assert.equal(await service.stop(), 0);
  });

  const post = (headers: SentHeaders, body: unknown = BODY, path = '/v1/messages') =>
    postJson(service.url + path, body, headers);
  const metric = async (pattern: RegExp) =>
    Number(pattern.exec(await (await fetch(service.metricsUrl)).text())?.[1] ?? Number.NaN);
  const keyOf = (id: string) =>
    simulator.requests().find(({ headers }) => headers['x-correlation-id'] === id)?.headers[
      'x-api-key'
    ];

  const ACCEPTED: readonly [name: string, headers: SentHeaders][] = [
    ['a bearer token', { authorization: `Bearer ${TOKEN}` }],
    ['a bearer token with a lower-case scheme', { authorization: `bearer ${TOKEN}` }],
    ['an x-api-key', { 'x-api-key': TOKEN }],
    ['the same token in both headers', { authorization: `Bearer ${TOKEN}`, 'x-api-key': TOKEN }],
    ['the second token during a rotation', { 'x-api-key': NEW_TOKEN }],
  ];
  for (const [name, headers] of ACCEPTED) {
    test(`callers: accepted is ${name}`, async () => {
      const { status, text } = await post(headers);
      assert.equal(status, 200, text);
    });
  }

  const REFUSED: readonly [name: string, headers: SentHeaders, path?: string][] = [
    ['no token', {}],
    ['an empty token', { authorization: 'Bearer ' }],
    ['an empty x-api-key', { 'x-api-key': '' }],
    ['a wrong token', { authorization: 'Bearer wrong-token-of-search-0123456' }],
    ['the beginning of a token', { 'x-api-key': TOKEN.slice(0, -1) }],
    ['a token with a character more', { 'x-api-key': `${TOKEN}x` }],
    ['another case of a token', { 'x-api-key': TOKEN.toUpperCase() }],
    ['its digest, as in the settings', { 'x-api-key': sha256(TOKEN) }],
    ['the upstream’s key', { 'x-api-key': DEFAULT_KEY }],
    ['a caller’s name', { 'x-api-key': 'search' }],
    ['the name anybody', { 'x-api-key': 'anybody' }],
    ['two tokens that differ', { authorization: `Bearer ${TOKEN}`, 'x-api-key': LIMITED }],
    ['a good key behind a bad bearer', { authorization: 'Bearer x', 'x-api-key': TOKEN }],
    ['a good key behind another scheme', { authorization: 'Basic x', 'x-api-key': TOKEN }],
    ['a token as a password', { authorization: `Basic ${btoa(`search:${TOKEN}`)}` }],
    ['two tokens in one header', { authorization: `Bearer ${TOKEN}, Bearer ${TOKEN}` }],
    ['a header sent twice', { 'x-api-key': [TOKEN, TOKEN] }],
    ['a token in the address', {}, `/v1/messages?x-api-key=${TOKEN}&api_key=${TOKEN}`],
    ['a token in a cookie', { cookie: `x-api-key=${TOKEN}` }],
    ['a token of 10 kB', { 'x-api-key': 'x'.repeat(10_000) }],
    ['__proto__', { 'x-api-key': '__proto__' }],
  ];
  for (const [name, headers, path] of REFUSED) {
    test(`callers: refused is ${name}`, async () => {
      const seen = simulator.seen();
      const { status, text } = await post(headers, BODY, path);
      assert.equal(status, 401, text);
      const { error } = JSON.parse(text);
      // One text for all, so that it does not tell how near somebody came.
      assert.deepEqual(error, {
        type: 'authentication_error',
        message: 'invalid x-api-key or bearer token',
      });
      assert.equal(simulator.seen(), seen, 'it went upstream');
    });
  }

  test('callers: a refused request is counted, and no token is written anywhere', async () => {
    const unauthenticated = /claude_api_unauthenticated_total(?:\{\})? (\d+)/;
    const before = await metric(unauthenticated);
    await post({ 'x-api-key': TOKEN });
    await post({ 'x-api-key': `${TOKEN}x` });
    assert.equal((await metric(unauthenticated)) - before, 1);
    const text = JSON.stringify(service.lines) + (await (await fetch(service.metricsUrl)).text());
    for (const secret of [TOKEN, NEW_TOKEN, sha256(TOKEN), OWN_KEY]) assert(!text.includes(secret));
  });

  test('callers: every route but health needs a token', async () => {
    const seen = simulator.seen();
    for (const route of routesOf(readFileSync('app/app.ts', 'utf8'))) {
      const [method = '', path = ''] = route.split(' ');
      const isHealth = ['/healthz', '/readyz'].includes(path);
      const url = `${service.url}${path.replace(':id', 'x')}`;
      const headers = { 'content-type': 'application/json' };
      const body = method === 'POST' ? { body: JSON.stringify(BODY), headers } : {};
      const { status } = await fetch(url, { method, ...body });
      assert.equal(status, isHealth ? 200 : 401, route);
    }
    assert.equal(simulator.seen(), seen, 'something went upstream');
  });

  test('callers: the official SDK throws its own error for a wrong token', async () => {
    const sdk = (apiKey: string) => new Anthropic({ apiKey, baseURL: service.url, maxRetries: 0 });
    assert((await sdk(TOKEN).messages.create(ASK)).content.length > 0);
    await assert.rejects(sdk('wrong').messages.create(ASK), Anthropic.AuthenticationError);
  });

  test('callers: a caller’s own key is used for them, the upstream’s for others, a token never', async () => {
    const [own, shared] = [randomUUID(), randomUUID()];
    await post({ 'x-api-key': TOKEN, 'x-correlation-id': own });
    await post({ 'x-api-key': PLAIN, 'x-correlation-id': shared });
    assert.equal(keyOf(own), 'sk-…rch');
    assert.equal(keyOf(shared), 'sim…use');
  });

  const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
  const upstreamTrace = (id: string) =>
    simulator.requests().find(({ headers }) => headers['x-correlation-id'] === id)?.headers[
      'traceparent'
    ];
  test('callers: a known caller’s IDs become trace context, a stranger’s do not', async () => {
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

  test('callers: a quota of requests counts the items of a batch, and others go on', async () => {
    const requests = Array.from({ length: 8 }, () => ({ params: ASK }));
    const batch = await post({ 'x-api-key': LIMITED }, { requests }, '/v1/batch');
    const { results } = jsonOf<{ results: { status: number }[] }>(batch);
    const statuses = results.map(({ status }) => status);
    assert.deepEqual(statuses.toSorted(), [200, 200, 200, 200, 200, 429, 429, 429]);
    const refused = await post({ 'x-api-key': LIMITED });
    assert.equal(refused.status, 429);
    assert.equal(jsonOf<Anthropic.ErrorResponse>(refused).error.type, 'rate_limit_error');
    const retryAfter = Number(refused.headers['retry-after']);
    assert(retryAfter >= 1 && retryAfter <= 60, String(retryAfter));
    assert.equal((await post({ 'x-api-key': TOKEN })).status, 200);
    const by = /claude_api_caller_refusals_total\{caller="limited",reason="requests"\} (\d+)/;
    assert.equal(await metric(by), 4);
    const calls = /claude_api_caller_calls_total\{caller="limited",outcome="success"\} (\d+)/;
    assert.equal(await metric(calls), 5);
  });

  const stage = sign(
    { secret: () => ({ id: 'current', secret: SECRET }) },
    { now: Date.now, nonce: randomUUID },
  );
  /** @returns the headers of a signed request */
  const signed = async (token: string, body: string, url = '/v1/messages') => {
    const next = scripted(aResponse());
    await stage(aRequest({ body, url }), next);
    return { 'x-api-key': token, ...next.seen[0]?.headers };
  };
  const checks = (result: string) =>
    metric(new RegExp(`claude_signature_checks_total\\{result="${result}"\\} (\\d+)`));

  test('callers: one who must sign needs a signature besides the token, and each is good once', async () => {
    assert.equal((await post({ 'x-api-key': SIGNING })).status, 401);
    const headers = await signed(SIGNING, BODY);
    assert.equal((await post(headers)).status, 200);
    assert.equal((await post(headers)).status, 401, 'replayed');
    const swapped = JSON.stringify({ ...ASK, max_tokens: 17 });
    assert.equal((await post(await signed(SIGNING, BODY), swapped)).status, 401, 'another body');
    const stolen = await signed(TOKEN, BODY);
    assert.equal((await post(stolen)).status, 200, 'a caller who need not sign may');
    assert.equal(await checks('valid'), 1);
    assert.equal(await checks('missing'), 1);
    assert.equal(await checks('replayed'), 1);
    assert.equal(await checks('bad_signature'), 1);
  });

  test('callers: one over their quota has no signature checked, of a message or a batch', async () => {
    assert.equal((await post(await signed(ONCE, BODY))).status, 200);
    const before = await checks('valid');
    assert.equal((await post(await signed(ONCE, BODY))).status, 429);
    const batch = JSON.stringify({ requests: [{ params: ASK }] });
    const headers = await signed(ONCE, batch, '/v1/batch');
    assert.equal((await post(headers, batch, '/v1/batch')).status, 429);
    assert.equal(await checks('valid'), before);
  });

  test('callers: the service does not start open to the network', async () => {
    const child = spawnService({ CLAUDE_API_KEY: DEFAULT_KEY, HOST: '0.0.0.0' });
    let errors = '';
    child.stderr?.on('data', (chunk) => {
      errors += chunk;
    });
    const [code] = await new Promise<[number]>((resolve) =>
      child.once('exit', (...exit) => resolve(exit as unknown as [number])),
    );
    assert.equal(code, 78);
    assert.match(errors, /CALLERS: required unless HOST is a loopback address/);
  });
});
