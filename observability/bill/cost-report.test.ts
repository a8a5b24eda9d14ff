/** The cost report is read whole or not at all, whatever answers in its place, and the key goes nowhere else. */
import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import { type TestContext, test } from 'node:test';
import { listen } from '../../app/testing/http.ts';
import { readCostReport, type Window } from './cost-report.ts';
import { ReadError } from './get-json.ts';
import { readBillSettings } from './settings.ts';

const KEY = 'sk-ant-admin01-of-a-test';
const WINDOW: Window = { startMs: Date.UTC(2026, 10, 25), endMs: Date.UTC(2026, 10, 26) };
const TIMES = { starting_at: '2026-11-25T00:00:00Z', ending_at: '2026-11-26T00:00:00Z' };

const row = (model: string | null, cents: string, part: object = {}) => ({
  ...TIMES,
  cost: { amount: cents, list_amount: cents, currency: 'USD', requests: null },
  group: { model, cost_type: 'tokens', token_type: null },
  ...part,
});
const page = (data: unknown, part: object = {}) =>
  JSON.stringify({ data, has_more: false, next_page: null, data_refreshed_at: null, ...part });

/** Reads the report from a server that answers as the listener does. */
async function readFrom(t: TestContext, listener: RequestListener, extra = {}, path = '') {
  const seen: IncomingMessage[] = [];
  const server = createServer((request, response) => {
    seen.push(request);
    listener(request, response);
  });
  const url = `http://127.0.0.1:${await listen(t, server)}${path}`;
  const settings = readBillSettings({ BILL_ADMIN_KEY: KEY, BILL_API_URL: url, ...extra });
  return { seen, lines: () => readCostReport(settings, WINDOW) };
}

const answering =
  (body: string, status = 200): RequestListener =>
  (_request, response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(body);
  };

test('cost report: it asks for the window by model and kind, in the beta, with the administrator’s key', async (t) => {
  const { seen, lines } = await readFrom(t, answering(page([])), {
    BILL_WORKSPACE_IDS: 'wrkspc_1,wrkspc_2',
    BILL_API_KEY_IDS: 'apikey_1',
  });
  await lines();
  const [request] = seen;
  const { pathname, searchParams } = new URL(request?.url ?? '', 'http://api');
  assert.equal(pathname, '/v1/organizations/analytics/cost');
  assert.equal(searchParams.get('starting_at'), '2026-11-25T00:00:00.000Z');
  assert.equal(searchParams.get('ending_at'), '2026-11-26T00:00:00.000Z');
  assert.deepEqual(searchParams.getAll('group_by[]'), ['model', 'cost_type']);
  assert.deepEqual(searchParams.getAll('workspace_ids[]'), ['wrkspc_1', 'wrkspc_2']);
  assert.deepEqual(searchParams.getAll('api_key_ids[]'), ['apikey_1']);
  assert.equal(request?.headers['anthropic-beta'], 'analytics-usage-cost-2026-08-24');
  assert.equal(request?.headers['x-api-key'], KEY);
});

test('cost report: the path of a gateway precedes that of the API', async (t) => {
  const { seen, lines } = await readFrom(t, answering(page([])), {}, '/anthropic');
  await lines();
  assert.match(seen[0]?.url ?? '', /^\/anthropic\/v1\/organizations\/analytics\/cost\?/);
});

test('cost report: all pages are read, and fractional cents become dollars', async (t) => {
  const { lines } = await readFrom(t, ({ url }, response) => {
    const isFirst = !url?.includes('page=');
    response.end(
      isFirst
        ? page([row('claude-opus-5-5', '1234.5678')], { has_more: true, next_page: 'p2' })
        : page([
            row(null, '-50', { cost: { amount: '-40', list_amount: '-50', currency: 'USD' } }),
          ]),
    );
  });
  assert.deepEqual(await lines(), [
    {
      model: 'claude-opus-5-5',
      costType: 'tokens',
      listDollars: 12.345678,
      chargedDollars: 12.345678,
    },
    { model: undefined, costType: 'tokens', listDollars: -0.5, chargedDollars: -0.4 },
  ]);
});

const GOOD = row('claude-opus-5-5', '1');
const cost = (part: object) => row('m', '1', { cost: { ...GOOD.cost, ...part } });
const HOSTILE: readonly [what: string, body: string, status: number, reason: string][] = [
  ['a refusal of the key', '{"type":"error"}', 401, 'denied'],
  ['a refusal of its scope', '{"type":"error"}', 403, 'denied'],
  ['a rate limit', '', 429, 'rate_limited'],
  ['a failure', '<html>', 503, 'error'],
  ['a page of HTML', '<html>', 200, 'malformed'],
  ['nothing', '', 200, 'malformed'],
  ['a list', '[]', 200, 'malformed'],
  ['no list of rows', page({}), 200, 'malformed'],
  ['an amount that is a number', page([cost({ list_amount: 1 })]), 200, 'malformed'],
  ['an amount that is none', page([cost({ list_amount: 'NaN' })]), 200, 'malformed'],
  ['an amount beyond all bounds', page([cost({ amount: '9'.repeat(400) })]), 200, 'malformed'],
  ['another currency', page([cost({ currency: 'EUR' })]), 200, 'malformed'],
  ['a row without a kind', page([row('m', '1', { group: { model: 'm' } })]), 200, 'malformed'],
  [
    'a row of another day',
    page([row('m', '1', { starting_at: '2026-11-24T00:00:00Z' })]),
    200,
    'malformed',
  ],
  ['pages without an end', page([GOOD], { has_more: true, next_page: 'again' }), 200, 'malformed'],
  ['more, but no next page', page([GOOD], { has_more: true }), 200, 'malformed'],
  [
    'a report that is not done',
    page([GOOD], { data_refreshed_at: '2026-11-25T20:00:00Z' }),
    200,
    'stale',
  ],
  ['9 MiB', ' '.repeat(9 * 1024 * 1024), 200, 'too_long'],
];
for (const [what, body, status, reason] of HOSTILE) {
  test(`cost report: ${what} is ${reason}, and no part of it is kept or quoted`, async (t) => {
    const { lines } = await readFrom(t, answering(body, status));
    await assert.rejects(lines, (error) => {
      assert(error instanceof ReadError, String(error));
      assert.equal(error.reason, reason);
      assert(!`${error.stack}${JSON.stringify(error)}`.includes(KEY));
      return true;
    });
  });
}

test('cost report: an answer that breaks off, or a server that is not there, is unreachable', async (t) => {
  const cut = await readFrom(t, (_request, response) => {
    response.writeHead(200, { 'content-length': '100' });
    response.write('{"data":', () => response.destroy());
  });
  await assert.rejects(cut.lines, { reason: 'unreachable' });
  const nobody = readBillSettings({ BILL_ADMIN_KEY: KEY, BILL_API_URL: 'http://127.0.0.1:9' });
  await assert.rejects(readCostReport(nobody, WINDOW), { reason: 'unreachable' });
});

test('cost report: a redirect is not followed, because it would take the key along', async (t) => {
  const elsewhere = await readFrom(t, answering(page([])));
  const other = createServer((request, response) => {
    elsewhere.seen.push(request);
    response.end(page([]));
  });
  const location = `http://127.0.0.1:${await listen(t, other)}/`;
  const { lines } = await readFrom(t, (_request, response) => {
    response.writeHead(307, { location }).end();
  });
  await assert.rejects(lines, ReadError);
  assert.equal(elsewhere.seen.length, 0);
});
