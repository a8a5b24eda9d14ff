/** The article's snippets, run against the pipeline with only the corrections of docs/article.md. */
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import express, { type ErrorRequestHandler } from 'express';
import { MemoryNonces } from '../callers/nonces.ts';
import { createPool } from '../claude/pool.ts';
import { createTransport } from '../claude/trae-transport.ts';
import { verifySignature } from '../http/middleware.ts';
import { anUpstream, keyPoolOf, textOf } from '../testing/fakes.ts';
import { systemClock } from '../time/clock.ts';
import { RetryBudget } from '../upstreams/retry-budget.ts';
import { createPipeline } from './pipeline.ts';
import { retry } from './retry.ts';
import type { Stage } from './stage.ts';

interface Seen {
  readonly url: string | undefined;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** A real server that answers with the statuses given, then 200, and keeps what it saw. */
async function upstream(t: TestContext, ...statuses: number[]) {
  const seen: Seen[] = [];
  let open = 0;
  let mostOpen = 0;
  const server = createServer(async (request, response) => {
    open += 1;
    mostOpen = Math.max(mostOpen, open);
    let body = '';
    for await (const chunk of request) body += chunk;
    seen.push({ url: request.url, headers: request.headers, body });
    response.writeHead(statuses.shift() ?? 200, { 'content-type': 'application/json' });
    response.end(body || '{}');
    open -= 1;
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  return { seen, server, baseUrl: `http://127.0.0.1:${port}`, mostOpen: () => mostOpen };
}

/** The article's `trae.create({baseUrl, agent})`: its figures, on the pool that `fetch` ignores. */
function create(t: TestContext, baseUrl: string, connections = 100) {
  const pool = createPool({
    connections,
    connectTimeoutMs: 5_000,
    keepAliveMs: 4_000,
    idleTimeoutMs: 60_000,
    maxAgeMs: 60_000,
  });
  t.after(() => pool.destroy());
  return createPipeline(createTransport(pool), { upstream: anUpstream({ baseUrl }) });
}

test('article: authentication: use(async (config) => config)', async (t) => {
  const { seen, baseUrl } = await upstream(t);
  const api = create(t, baseUrl);
  const env = { CLAUDE_API_KEY: 'sk-article' };
  api.use(async (config) => {
    config.headers = {
      ...config.headers,
      'x-api-key': env.CLAUDE_API_KEY,
    };
    return config;
  });
  await api.post('/v1/messages', { model: 'm' });
  assert.equal(seen[0]?.headers['x-api-key'], 'sk-article');
});

test('article: key rotation: use() that changes config.headers in place', async (t) => {
  const { seen, baseUrl } = await upstream(t);
  const api = create(t, baseUrl);
  const keys = ['key-a', 'key-b'];
  const ring = keyPoolOf(...keys);
  const KeyStore = { getActiveKeys: async () => ring.valid().map(({ secret }) => secret.reveal()) };
  const getActiveKey = async () => {
    const keys = await KeyStore.getActiveKeys();
    return keys[Math.floor(Math.random() * keys.length)] ?? '';
  };
  api.use(async (config) => {
    config.headers['x-api-key'] = await getActiveKey();
    return config;
  });
  const headers = { accept: 'application/json' };
  await api.post('/v1/messages', {}, { headers });
  assert(keys.includes(String(seen[0]?.headers['x-api-key'])));
  assert.deepEqual(headers, { accept: 'application/json' });
});

test('article: logging: use({request, response})', async (t) => {
  const { baseUrl } = await upstream(t, 200, 429);
  const api = create(t, baseUrl);
  const lines: string[] = [];
  api.use({
    request: (config) => {
      lines.push(`Request to ${config.url}`);
      return config;
    },
    response: (res) => {
      lines.push(`Response status: ${res.status}`);
      return res;
    },
  });
  await api.post('/v1/messages', {});
  await api.post('/v1/messages', {});
  assert.deepEqual(lines, [
    'Request to /v1/messages',
    'Response status: 200',
    'Request to /v1/messages',
    'Response status: 429',
  ]);
});

test('article: the third form goes around the call; the order is that of use()', async (t) => {
  const { baseUrl } = await upstream(t);
  const order: string[] = [];
  const layer = (name: string): Stage =>
    async function around(request, next) {
      order.push(`${name} in`);
      const response = await next(request);
      order.push(`${name} out`);
      return response;
    };
  await create(t, baseUrl).use(layer('a')).use(layer('b')).get('/v1/models');
  assert.deepEqual(order, ['a in', 'b in', 'b out', 'a out']);
});

test('article: pool: never more connections than configured, and they are kept', async (t) => {
  const { seen, server, baseUrl, mostOpen } = await upstream(t);
  let sockets = 0;
  server.on('connection', () => {
    sockets += 1;
  });
  const api = create(t, baseUrl, 5);
  await Promise.all(Array.from({ length: 50 }, (_, i) => api.post('/v1/messages', { i })));
  assert.equal(seen.length, 50);
  assert(mostOpen() <= 5, `${mostOpen()} requests at once`);
  assert(sockets <= 5, `${sockets} sockets`);
});

test('article: batch: Promise.all over post()', async (t) => {
  const { baseUrl } = await upstream(t);
  const api = create(t, baseUrl);
  const batchProcess = async (messages: string[]) => {
    const requests = messages.map((msg) =>
      api.post('/v1/messages', { messages: [{ role: 'user', content: msg }] }),
    );
    return Promise.all(requests);
  };
  const answers = await batchProcess(['one', 'two', 'three']);
  const echoed = await Promise.all(answers.map(({ data }) => textOf(data)));
  assert.deepEqual(
    echoed.map((text) => JSON.parse(text).messages[0].content),
    ['one', 'two', 'three'],
  );
});

test("article: retry: the article's own function around a call that throws", async (t) => {
  const { seen, baseUrl } = await upstream(t, 429, 502);
  const api = create(t, baseUrl);
  const retryFetch = async <T>(fn: () => Promise<T>, retries = 3, delay = 1): Promise<T> => {
    try {
      return await fn();
    } catch (err) {
      if (retries <= 0) throw err;
      await new Promise((res) => setTimeout(res, delay));
      return retryFetch(fn, retries - 1, delay * 2);
    }
  };
  // The correction: the pipeline answers with every status, so the caller says what is an error.
  const response = await retryFetch(async () => {
    const answer = await api.post('/v1/messages', {});
    if (answer.status >= 400) throw new Error(String(answer.status));
    return answer;
  });
  assert.equal(response.status, 200);
  assert.equal(seen.length, 3);
});

test('article: retry: as a stage, three retries, doubling', async (t) => {
  const { seen, baseUrl } = await upstream(t, 429, 502, 503);
  const api = create(t, baseUrl);
  const options = { maxRetries: 3, baseMs: 1, capMs: 1000 };
  const budget = new RetryBudget({ earned: 0.2, capacity: 10 });
  api.use(retry(options, { clock: systemClock, random: Math.random, budget }));
  assert.equal((await api.post('/v1/messages', {})).status, 200);
  assert.equal(seen.length, 4);
});

/** The other end of the signing snippet: the verifying middleware, which takes the article's form. */
async function verifyingUpstream(t: TestContext, secret: string) {
  const app = express();
  app.use(
    verifySignature({
      versions: ['v1'],
      secrets: () => [{ id: 'article', secret }],
      nonces: new MemoryNonces({ maxEntries: 1 }, systemClock),
      now: Date.now,
    }),
  );
  app.use((_request, response) => void response.json({}));
  const refuse: ErrorRequestHandler = (error, _request, response, _next) =>
    void response.status(error.status).json({});
  app.use(refuse);
  const server = app.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

test('article: signing: an HMAC over timestamp and URL, which the other end verifies', async (t) => {
  const env = { SIGNING_SECRET: 'secret-of-the-article' };
  const api = create(t, await verifyingUpstream(t, env.SIGNING_SECRET));
  assert.equal((await api.post('/v1/messages?beta=true', {})).status, 401);
  api.use(async (config) => {
    const timestamp = Date.now();
    const signature = crypto
      .createHmac('sha256', env.SIGNING_SECRET)
      .update(`${timestamp}${config.url}`)
      .digest('hex');
    config.headers['x-signature'] = signature;
    // The correction: a header is text.
    config.headers['x-timestamp'] = String(timestamp);
    return config;
  });
  assert.equal((await api.post('/v1/messages?beta=true', {})).status, 200);
  assert.equal((await api.get('/v1/models')).status, 200);
  env.SIGNING_SECRET = 'secret-of-somebody-else';
  assert.equal((await api.get('/v1/models')).status, 401);
});
