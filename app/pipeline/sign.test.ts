import assert from 'node:assert/strict';
import { createHash, createHmac } from 'node:crypto';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { createPool } from '../claude/pool.ts';
import { createTransport } from '../claude/trae-transport.ts';
import { canonicalV2, signatureOf } from '../signing/signature.ts';
import { anUpstream, aRequest, aResponse, scripted, stageTable } from '../testing/fakes.ts';
import { createPipeline } from './pipeline.ts';
import { type SignOptions, sign } from './sign.ts';

const AT_MS = 1_764_000_000_000;
const NONCE = '5b0c6f0e-6a53-4f0a-8f3e-0d3c3f0a7d11';
const SECRET = { id: '2026-a', secret: 'a-secret-for-tests' };
const headers = { accept: 'x' };
const upstream = anUpstream({ baseUrl: 'https://gateway.example/anthropic' });

function stage(options: Partial<SignOptions> = {}, nonce = NONCE) {
  return () =>
    sign({ secret: () => SECRET, ...options }, { now: () => AT_MS + 0.5, nonce: () => nonce });
}

const hmac = (message: string) => createHmac('sha256', SECRET.secret).update(message).digest('hex');

/** Built by hand, so that a mistake of the stage is not repeated here. */
function expected(method: string, target: string, body: string) {
  const digest = createHash('sha256').update(body).digest('hex');
  return {
    'x-signature-v2': hmac(`v2\n${method}\n${target}\n${AT_MS}\n${NONCE}\n${digest}\n2026-a`),
    'x-timestamp': String(AT_MS),
    'x-nonce': NONCE,
    'x-signature-key': '2026-a',
  };
}

const V1 = { 'x-signature': hmac(`${AT_MS}/v1/messages`), 'x-timestamp': String(AT_MS) };
const V2 = expected('POST', '/anthropic/v1/messages', '{}');

stageTable('sign', stage(), {
  'v2 covers the path as the other end sees it, the base URL’s included': {
    given: { headers, upstream },
    answers: [aResponse()],
    saw: [{ headers: { ...headers, ...V2 }, url: '/v1/messages', body: '{}' }],
    result: 200,
  },
  'a signature from the caller is replaced': {
    given: { headers: { 'x-signature-v2': 'other', 'x-nonce': 'other' }, upstream },
    answers: [aResponse()],
    saw: [{ headers: V2 }],
    result: 200,
  },
  'a response of any status passes': {
    given: { upstream },
    answers: [aResponse(401)],
    saw: [{}],
    result: 401,
  },
});

stageTable('sign', stage({ secret: () => undefined }), {
  'nothing is signed without a secret': {
    given: { headers },
    answers: [aResponse()],
    saw: [{ headers }],
    result: 200,
  },
});

stageTable('sign', stage(), {
  'v1 covers the URL as the pipeline was given it': {
    given: { headers, upstream: { ...upstream, signatures: ['v1'] } },
    answers: [aResponse()],
    saw: [{ headers: { ...headers, ...V1 } }],
    result: 200,
  },
});

stageTable('sign', stage(), {
  'v1 and v2 are sent side by side': {
    given: { headers, upstream: { ...upstream, signatures: ['v1', 'v2'] } },
    answers: [aResponse()],
    saw: [{ headers: { ...headers, ...V1, ...V2 } }],
    result: 200,
  },
});

stageTable('sign', stage({ secret: () => ({ ...SECRET, id: 'a\r\nx-api-key: b' }) }), {
  'an id that would add a header sends nothing': {
    given: { upstream },
    answers: [],
    saw: [],
    result: "a signing secret's id is not a valid header value",
  },
});

stageTable('sign', stage({ secret: () => ({ ...SECRET, secret: '' }) }), {
  'an empty secret sends nothing': {
    given: { upstream },
    answers: [],
    saw: [],
    result: 'a signing secret is empty',
  },
});

stageTable('sign', stage({}, '1'), {
  'a nonce that is not random enough sends nothing': {
    given: { upstream },
    answers: [],
    saw: [],
    result: 'a nonce is malformed',
  },
});

test('sign: each attempt has its own nonce, time and secret', async () => {
  const secrets = [SECRET, { ...SECRET, id: '2026-b' }];
  let calls = 0;
  const signing = sign(
    { secret: () => secrets[calls] },
    { now: () => AT_MS + calls, nonce: () => `${NONCE}-${calls++}` },
  );
  const next = scripted(aResponse(), aResponse());
  await signing(aRequest({ upstream }), next);
  await signing(aRequest({ upstream }), next);
  assert.deepEqual(
    next.seen.map(({ headers }) => [
      headers['x-signature-key'],
      headers['x-timestamp'],
      headers['x-nonce'],
    ]),
    [
      ['2026-a', String(AT_MS), `${NONCE}-0`],
      ['2026-b', String(AT_MS + 1), `${NONCE}-1`],
    ],
  );
});

test('what is signed is what arrives, byte for byte, however the URL and the body are written', async (t) => {
  const wrong: string[] = [];
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const { method = '', url: target = '', headers } = request;
    const message = canonicalV2({
      method,
      target,
      timestamp: String(headers['x-timestamp']),
      nonce: String(headers['x-nonce']),
      keyId: String(headers['x-signature-key']),
      body: Buffer.concat(chunks),
    });
    const right = signatureOf(SECRET.secret, message).toString('hex');
    if (headers['x-signature-v2'] !== right) wrong.push(target);
    response.end('{}');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const pool = createPool({
    connections: 1,
    connectTimeoutMs: 5_000,
    keepAliveMs: 4_000,
    idleTimeoutMs: 5_000,
    maxAgeMs: 60_000,
  });
  t.after(async () => {
    await pool.destroy();
    server.close();
  });
  const baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}/base`;
  const upstream = anUpstream({ baseUrl });
  const api = createPipeline(createTransport(pool), { upstream }).use(stage()());
  const paths = [
    '/v1/a?b=c&d=%20',
    '/v1/中文?q=é',
    '/v1/a/../b',
    '/v1/a?',
    '/v1/a b?c d',
    '/v1/a?b#c',
    '/%2e%2e/a',
    '/v1/a\tb',
  ];
  for (const path of paths) assert.equal((await api.get(path)).status, 200);
  for (const body of [
    '',
    '{}',
    '"中文 é 👋"',
    '"a lone surrogate: \ud83d"',
    'x'.repeat(1_000_000),
  ]) {
    assert.equal((await api.post('/v1/messages', body)).status, 200);
  }
  assert.deepEqual(wrong, []);
});
