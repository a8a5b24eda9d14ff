/**
 * Proves that no secret is written anywhere. Secrets are planted in headers, addresses, bodies,
 * keys and upstream errors; each output must contain a harmless marker, sent the same way, and none
 * of the secrets.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { after, before, describe, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { Agent, request } from 'undici';
import { spawnService } from '../../app/testing/service-process.ts';
import { closedLoop } from '../lib/load.ts';
import {
  SETTINGS,
  type ServiceUnderTest,
  startServiceUnderTest,
  TUNINGS,
} from '../lib/service-under-test.ts';

const MARKER = 'harmless-marker';
const KEY = 'sk-canary-key-of-the-upstream';
const OWN_KEY = 'sk-canary-own-key-of-a-caller';
const TOKEN = 'canary-token-of-a-caller-0123456789';
const SECRETS = {
  'the upstream’s key': KEY,
  'a caller’s own key': OWN_KEY,
  'a caller’s token': TOKEN,
  'a cookie': 'canary-session-cookie',
  'a key in an address': 'sk-ant-canary-in-the-query',
  'a key in a prompt': 'sk-ant-api03-canary-in-the-prompt',
  'an address in a prompt': 'canary.person@example.com',
  'a card in a prompt': '4111 1111 1111 1111',
  'a token of another service':
    'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJjYW5hcnkifQ.c2lnbmF0dXJlLWNhbmFyeQ',
} as const;
const CALLS = 2_000;
const CONCURRENCY = 20;

/** Starts an upstream that fails in several ways and quotes the request's headers in each. */
function startLeaky(): Server {
  let n = 0;
  return createServer(async (incoming, response) => {
    await buffer(incoming);
    const quoted = JSON.stringify(incoming.headers);
    const error = { type: 'error', error: { type: 'api_error', message: `cannot: ${quoted}` } };
    const json = { 'content-type': 'application/json' };
    n += 1;
    switch (n % 6) {
      case 0:
        return response.writeHead(400, json).end(JSON.stringify(error));
      case 1:
        return response.writeHead(500, json).end(JSON.stringify(error));
      case 2:
        return response.writeHead(502, { 'content-type': 'text/html' }).end(`<pre>${quoted}</pre>`);
      case 3:
        return response.writeHead(422, json).end(JSON.stringify(error));
      case 4:
        return response.destroy();
      default:
        response.writeHead(200, { 'content-type': 'text/event-stream' });
        response.write('event: content_block_delta\ndata: {"type":"content_block_delta"}\n\n');
        response.write('event: error\n');
        return response.end(`data: ${JSON.stringify(error)}\n\n`);
    }
  }).listen(0, '127.0.0.1');
}

/** Starts an OTLP receiver that keeps everything it is sent as text, one character per byte. */
function startCollector() {
  const received: string[] = [];
  const receive = async (incoming: IncomingMessage) => {
    const bytes = await buffer(incoming);
    const plain = incoming.headers['content-encoding'] === 'gzip' ? gunzipSync(bytes) : bytes;
    received.push(`${incoming.url} ${plain.toString('latin1')}`);
  };
  const server = createServer((incoming, response) => {
    void receive(incoming).then(() => response.end());
  }).listen(0, '127.0.0.1');
  const sentTo = (path: string) => received.filter((text) => text.startsWith(path)).join('\n');
  return { server, sentTo };
}

const urlOf = (server: Server) => `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

describe('canaries', { concurrency: false }, () => {
  const leaky = startLeaky();
  const collector = startCollector();
  const agent = new Agent({ connections: CONCURRENCY });
  const errors: string[] = [];
  let subject: ServiceUnderTest;
  let metrics = '';

  const body = (stream: boolean) =>
    JSON.stringify({
      model: 'claude-haiku-5-5',
      max_tokens: 64,
      stream,
      messages: [{ role: 'user', content: Object.values(SECRETS).join(', ') }],
    });

  async function callOnce(n: number): Promise<void> {
    // The service itself rejects some of the calls.
    const token = n % 10 === 0 ? `${TOKEN}x` : TOKEN;
    const sent = n % 15 === 0 ? `{"model":${body(false)}` : body(n % 2 === 0);
    const query = `?api_key=${SECRETS['a key in an address']}`;
    const answer = await request(`${subject.service.url}/v1/messages${query}`, {
      method: 'POST',
      dispatcher: agent,
      headers: {
        authorization: `Bearer ${token}`,
        cookie: `session=${SECRETS['a cookie']}`,
        'content-type': 'application/json',
        'user-agent': `agent (${SECRETS['a token of another service']})`,
        'x-correlation-id': `${MARKER}-${n}`,
      },
      body: sent,
    });
    const text = await answer.body.text();
    const failed = answer.statusCode >= 400 || text.includes('event: error');
    if (failed) errors.push(`${JSON.stringify(answer.headers)} ${text}`);
  }

  before(async () => {
    await Promise.all([once(leaky, 'listening'), once(collector.server, 'listening')]);
    const envFor = (simulatorUrl: string) => ({
      CLAUDE_API_KEY: KEY,
      OWN_KEY,
      CLAUDE_UPSTREAMS: JSON.stringify([
        { name: 'leaky', url: urlOf(leaky) },
        { name: 'simulator', url: simulatorUrl },
      ]),
      CALLERS: JSON.stringify([
        {
          name: MARKER,
          token_sha256: createHash('sha256').update(TOKEN).digest('hex'),
          keys: { leaky: 'env:OWN_KEY' },
        },
      ]),
      OTEL_EXPORTER_OTLP_ENDPOINT: urlOf(collector.server),
      ...SETTINGS.canary,
    });
    subject = await startServiceUnderTest(envFor, {
      keys: [KEY, OWN_KEY],
      tuning: TUNINGS.canary,
    });
    await closedLoop({ calls: CALLS, concurrency: CONCURRENCY }, callOnce);
    metrics = await (await fetch(subject.service.metricsUrl)).text();
    // Stopping flushes what the exporters still have in their queues.
    await subject.stop();
  });
  after(async () => {
    await agent.destroy();
    for (const server of [leaky, collector.server]) {
      server.closeAllConnections();
      server.close();
    }
  });

  const SINKS: Readonly<Record<string, () => string>> = {
    'log lines': () => JSON.stringify(subject.service.lines),
    'log lines by OTLP': () => collector.sentTo('/v1/logs'),
    spans: () => collector.sentTo('/v1/traces'),
    metrics: () => metrics,
    'errors sent to callers': () => errors.join('\n'),
    'the simulator’s request log': () => JSON.stringify(subject.simulator.requests()),
  };
  for (const [sink, read] of Object.entries(SINKS)) {
    test(`${sink}: the marker is present, no secret is`, () => {
      const text = read();
      assert(text.includes(MARKER), 'the marker is missing');
      for (const [name, secret] of Object.entries(SECRETS)) {
        for (const form of [secret, encodeURIComponent(secret), btoa(secret)]) {
          const at = text.indexOf(form);
          assert(at < 0, `${name}: …${text.slice(Math.max(0, at - 200), at + 60)}…`);
        }
      }
    });
  }

  test('errors sent to callers: every kind of error occurred', () => {
    const kinds = ['"type":"api_error"', 'authentication_error', 'invalid_request_error'];
    for (const kind of [...kinds, 'event: error']) {
      assert(
        errors.some((text) => text.includes(kind)),
        kind,
      );
    }
  });

  test('a crash: the marker is printed, no secret is', async () => {
    const crash = `process.on('SIGUSR2', () => { throw new Error(process.env.CANARIES); });`;
    const child = spawnService({
      CLAUDE_API_KEY: JSON.stringify({ one: KEY, other: OWN_KEY }),
      NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(crash)}`,
      CANARIES: [MARKER, ...Object.values(SECRETS)].join(' '),
      OTEL_TRACES_EXPORTER: 'none',
    });
    let printed = '';
    const read = (chunk: Buffer) => {
      printed += chunk;
      if (printed.includes('"listening"')) child.kill('SIGUSR2');
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    await once(child, 'close');
    assert(printed.includes(MARKER), printed);
    // Redaction cannot recognise these two here: it has only the token's digest, and this cookie is
    // outside its header.
    const { 'a caller’s token': _, 'a cookie': __, ...known } = SECRETS;
    for (const [name, secret] of Object.entries(known)) assert(!printed.includes(secret), name);
  });
});
