/** The service's own list of models, from upstreams that send too much, too slowly or for ever. */
import assert from 'node:assert/strict';
import { createServer, type RequestListener, type ServerResponse } from 'node:http';
import { type TestContext, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { anUpstream, BREAKER } from '../testing/fakes.ts';
import { listen } from '../testing/http.ts';
import { systemClock } from '../time/clock.ts';
import { UpstreamPool } from '../upstreams/upstream-pool.ts';
import { createModelList, type ModelListOptions } from './model-list.ts';
import { createPool } from './pool.ts';

const MIB = 1024 * 1024;
/** Longer than any test waits: only the limit that a test is about may end its wait. */
const NEVER_MS = 600_000;

/** @returns a list of the models of this upstream, and the targets that it was asked for */
async function listOf(
  t: TestContext,
  answer: RequestListener,
  options: Partial<ModelListOptions> = {},
) {
  const targets: string[] = [];
  const server = createServer((request, response) => {
    targets.push(request.url ?? '');
    response.setHeader('content-type', 'application/json');
    answer(request, response);
  });
  const baseUrl = `http://127.0.0.1:${await listen(t, server)}`;
  const times = { connectTimeoutMs: NEVER_MS, keepAliveMs: 1_000, maxAgeMs: NEVER_MS };
  const pool = createPool({ connections: 1, idleTimeoutMs: NEVER_MS, ...times });
  t.after(() => pool.destroy());
  const deps = { clock: systemClock, random: () => 0 };
  const upstreams = new UpstreamPool([anUpstream({ baseUrl })], BREAKER, deps);
  const limits = { pageTimeoutMs: NEVER_MS, timeoutMs: NEVER_MS, ...options };
  const list = createModelList(limits, { upstreams, pool, wallClock: Date.now });
  return { list: () => list(new AbortController().signal), targets };
}

const MODEL = { type: 'model', id: 'm', retires_at: null };
const KNOWN = [{ id: 'm', retiresAtMs: null }];
const sends =
  (body: string | Buffer, headers: Readonly<Record<string, string>> = {}): RequestListener =>
  (_request, response) =>
    void response.writeHead(200, headers).end(body);

/** A page of exactly so many bytes. */
function pageOf(bytes: number): string {
  const page = (padding: string) => JSON.stringify({ data: [MODEL], padding });
  return page('x'.repeat(bytes - page('').length));
}

/** Sends a page that never ends, as fast as it is read. */
function flood(response: ServerResponse): void {
  response.write('{"data":[');
  const chunk = Buffer.from('{},'.repeat(20_000));
  const more = () => {
    while (!response.destroyed && response.write(chunk));
  };
  response.on('drain', more);
  more();
}

test('listModels: a page of 4 MiB is read, plain and compressed', async (t) => {
  const page = pageOf(4 * MIB);
  for (const answer of [sends(page), sends(gzipSync(page), { 'content-encoding': 'gzip' })]) {
    const { list } = await listOf(t, answer);
    assert.deepEqual(await list(), KNOWN);
  }
});

const TOO_LARGE: Readonly<Record<string, RequestListener>> = {
  'a page of 4 MiB and a byte': sends(pageOf(4 * MIB + 1)),
  'a small page that unpacks to more': sends(gzipSync(pageOf(40 * MIB)), {
    'content-encoding': 'gzip',
  }),
  'a page that never ends': (_request, response) => flood(response),
  'an error that never ends': (_request, response) => {
    response.statusCode = 500;
    flood(response);
  },
};
for (const [what, answer] of Object.entries(TOO_LARGE)) {
  test(`listModels: ${what} is given up, and the connection is free for the next list`, async (t) => {
    let asked = 0;
    const { list } = await listOf(t, (request, response) => {
      asked += 1;
      if (asked === 1) answer(request, response);
      else sends(JSON.stringify({ data: [MODEL] }))(request, response);
    });
    await assert.rejects(list(), {
      code: 'bad_upstream_response',
      message: 'the response exceeds 4 MiB',
    });
    assert.deepEqual(await list(), KNOWN);
  });
}

const SLOW: Readonly<Record<string, (response: ServerResponse) => void>> = {
  'never answers': () => {},
  'sends headers and no more': (response) => void response.flushHeaders(),
  'drips a page that never ends': (response) => {
    const timer = setInterval(() => response.write(' '), 5);
    response.once('close', () => clearInterval(timer));
  },
};
for (const [what, answer] of Object.entries(SLOW)) {
  test(`listModels: an upstream that ${what} has its time for a page, and the list has its own`, async (t) => {
    const listener: RequestListener = (_request, response) => answer(response);
    const page = await listOf(t, listener, { pageTimeoutMs: 100 });
    await assert.rejects(page.list(), {
      code: 'timeout',
      message: 'no response from the upstream within 100 ms',
    });
    const whole = await listOf(t, listener, { timeoutMs: 100 });
    await assert.rejects(whole.list(), {
      code: 'timeout',
      message: 'the list of models was not complete within 100 ms',
    });
  });
}

const ODD_PAGES: readonly [what: string, more: (n: number) => object, pages: number][] = [
  ['that always has more', (n) => ({ has_more: true, last_id: `m${n}` }), 10],
  ['that goes round', (n) => ({ has_more: true, last_id: `m${n % 2}` }), 10],
  ['that stays where it is', () => ({ has_more: true, last_id: 'm' }), 2],
  ['that has more and says not where', () => ({ has_more: true }), 1],
  ['that has more after nothing', () => ({ has_more: true, last_id: '' }), 1],
  ['that has more after a number', () => ({ has_more: true, last_id: 7 }), 1],
  ['that has more after an endless ID', () => ({ has_more: true, last_id: 'x'.repeat(129) }), 1],
  ['whose "more" is no boolean', () => ({ has_more: 'true', last_id: 'm' }), 1],
];
for (const [what, more, pages] of ODD_PAGES) {
  test(`listModels: a list ${what} is left after ${pages} of its pages, and is what they said`, async (t) => {
    let n = 0;
    const { list, targets } = await listOf(t, (request, response) => {
      n += 1;
      sends(JSON.stringify({ data: [MODEL], ...more(n) }))(request, response);
    });
    assert.deepEqual(await list(), Array.from({ length: pages }).fill(KNOWN[0]));
    assert.equal(targets.length, pages);
  });
}
