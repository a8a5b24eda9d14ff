/** The export of Claude's own spans, to collectors that answer, refuse and fall silent. */
import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import { type TestContext, test } from 'node:test';
import { listen } from '../../app/testing/http.ts';
import { eventually } from '../../app/testing/poll.ts';
import type { ExportedSpan } from './claude-spans.ts';
import { SpanExport, type SpanExportOptions } from './span-export.ts';

/** Longer than any test waits: only the limit that a test is about may end its wait. */
const NEVER_MS = 600_000;

const spanOf = (name: string): ExportedSpan => ({
  traceId: '1'.repeat(32),
  spanId: '2'.repeat(16),
  parentSpanId: '',
  name,
  kind: 2,
  startTimeUnixNano: '1',
  endTimeUnixNano: '2',
  attributes: [],
  status: { code: 1 },
});

/** An export to a collector of the test's own. @returns it, and the names of the spans of each request so far */
async function exportTo(
  t: TestContext,
  answer: RequestListener,
  options: Partial<SpanExportOptions> = {},
) {
  const batches: string[][] = [];
  const server = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    const spans: ExportedSpan[] = JSON.parse(text).resourceSpans[0].scopeSpans[0].spans;
    batches.push(spans.map(({ name }) => name));
    answer(request, response);
  });
  const url = `http://127.0.0.1:${await listen(t, server)}`;
  const limits = { timeoutMs: NEVER_MS, closeMs: NEVER_MS, ...options };
  return { sender: new SpanExport(url, limits), batches };
}

const add = (sender: SpanExport, n: number) => {
  for (let i = 0; i < n; i++) sender.add(spanOf(`s${i}`));
};
const silent: RequestListener = () => {};
const ok: RequestListener = (_request, response) => void response.end('{}');

test('SpanExport: spans arrive in order, a batch of at most 512 at a time', async (t) => {
  let inFlight = 0;
  let most = 0;
  const { sender, batches } = await exportTo(t, (_request, response) => {
    inFlight += 1;
    most = Math.max(most, inFlight);
    setImmediate(() => {
      inFlight -= 1;
      response.end('{}');
    });
  });
  add(sender, 2_000);
  await sender.close();
  assert.deepEqual(
    batches.map(({ length }) => length),
    [512, 512, 512, 464],
  );
  assert.deepEqual(
    batches.flat(),
    Array.from({ length: 2_000 }, (_, i) => `s${i}`),
  );
  assert.deepEqual([most, sender.dropped], [1, 0]);
});

test('SpanExport: before a silent collector one request is open, the queue ends at its limit, and the rest is counted', async (t) => {
  const { sender, batches } = await exportTo(t, silent, { maxQueue: 600, closeMs: 50 });
  add(sender, 600);
  assert.equal(sender.dropped, 0, 'at the limit');
  await eventually(() => batches.length === 1);
  // The open request holds 512, so that there is room for as many.
  add(sender, 512);
  assert.equal(sender.dropped, 0, 'at the limit again');
  for (let more = 1; more <= 1_000; more++) {
    add(sender, 1);
    assert.equal(sender.dropped, more);
  }
  await sender.close();
  assert.equal(sender.dropped, 1_000 + 600 + 512);
  assert.equal(batches.length, 1);
});

test('SpanExport: without a limit of its own 8,192 spans wait and no more', async (t) => {
  const { sender } = await exportTo(t, ok);
  add(sender, 8_192);
  assert.equal(sender.dropped, 0);
  add(sender, 8);
  assert.equal(sender.dropped, 8);
  await sender.close();
  assert.equal(sender.dropped, 8);
});

test('SpanExport.close: a collector that accepts and never answers is left when the time is up, also on a second close', async (t) => {
  const { sender } = await exportTo(t, silent, { closeMs: 50 });
  add(sender, 3);
  await sender.close();
  await sender.close();
  assert.equal(sender.dropped, 3);
  add(sender, 1);
  assert.equal(sender.dropped, 4, 'a span after the end is dropped');
});

test('SpanExport: a request that gets no answer in time costs its spans, and the next ones are sent', async (t) => {
  let asked = 0;
  const firstSilent: RequestListener = (request, response) => {
    asked += 1;
    if (asked > 1) ok(request, response);
  };
  const { sender, batches } = await exportTo(t, firstSilent, { timeoutMs: 2_000 });
  add(sender, 513);
  await eventually(() => batches.length === 2);
  await sender.close();
  assert.deepEqual(batches[1], ['s512']);
  assert.equal(sender.dropped, 512);
});

test('SpanExport: an answer whose body never ends holds nothing up', async (t) => {
  const { sender, batches } = await exportTo(t, (_request, response) => void response.write('{'));
  add(sender, 513);
  await sender.close();
  assert.deepEqual([batches.length, sender.dropped], [2, 0]);
});

const REFUSALS: Readonly<Record<string, RequestListener>> = {
  'answers 503': (_request, response) => void response.writeHead(503).end(),
  'cuts the connection': (_request, response) => void response.socket?.destroy(),
};
for (const [what, answer] of Object.entries(REFUSALS)) {
  test(`SpanExport: a collector that ${what} costs the spans, which are counted`, async (t) => {
    const { sender } = await exportTo(t, answer);
    add(sender, 7);
    await sender.close();
    assert.equal(sender.dropped, 7);
  });
}

test('SpanExport: spans still arrive after one that came while another was on its way', async (t) => {
  const { sender, batches } = await exportTo(t, (request, response) => {
    if (batches.length === 1) sender.add(spanOf('meanwhile'));
    ok(request, response);
  });
  add(sender, 1);
  await eventually(() => batches.length === 2);
  // The timer of the second span ends over an empty queue.
  await new Promise((resolve) => setTimeout(resolve, 300));
  sender.add(spanOf('later'));
  await eventually(() => batches.length === 3);
  assert.deepEqual(batches.flat(), ['s0', 'meanwhile', 'later']);
  await sender.close();
});
