/** What Prometheus has counted is a number for each model, or no answer at all. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { listen } from '../../app/testing/http.ts';
import { readCounted } from './counted.ts';

const WINDOW = { startMs: Date.UTC(2026, 10, 25), endMs: Date.UTC(2026, 10, 26) };
const vector = (result: unknown) => ({ status: 'success', data: { resultType: 'vector', result } });
const opus = (dollars: string) => ({ metric: { model: 'claude-opus-5-5' }, value: [1, dollars] });

for (const [what, body, reason] of [
  ['no series: the service was never scraped', vector([]), 'no_series'],
  ['no number', vector([opus('NaN')]), 'malformed'],
  ['a series without a model', vector([{ metric: {}, value: [1, '1'] }]), 'malformed'],
  ['an error', { status: 'error', error: 'out of memory' }, 'malformed'],
] as const) {
  test(`counted dollars: ${what} is ${reason}, and no bill is held against it`, async (t) => {
    const server = createServer((_request, response) => response.end(JSON.stringify(body)));
    const url = `http://127.0.0.1:${await listen(t, server)}`;
    await assert.rejects(readCounted(url, WINDOW), { reason });
  });
}

test('counted dollars: they are the increase over the window, by model, below the path of a proxy', async (t) => {
  const seen: string[] = [];
  const server = createServer(({ url = '' }, response) => {
    seen.push(url);
    response.end(JSON.stringify(vector([opus('12.5')])));
  });
  const url = `http://127.0.0.1:${await listen(t, server)}/prometheus`;
  assert.deepEqual(await readCounted(url, WINDOW), new Map([['claude-opus-5-5', 12.5]]));
  const { pathname, searchParams } = new URL(seen[0] ?? '', url);
  assert.equal(pathname, '/prometheus/api/v1/query');
  assert.match(
    searchParams.get('query') ?? '',
    /increase\(claude_api_cost_dollars_total\[86400s\]\)/,
  );
  assert.equal(searchParams.get('time'), String(WINDOW.endMs / 1_000));
});
