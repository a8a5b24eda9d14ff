import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { startPages } from './pages.ts';

async function setUp(t: TestContext) {
  const receiver = await startPages({ port: 0 });
  t.after(() => receiver.close());
  const post = (body: string) => fetch(receiver.url, { method: 'POST', body });
  return { receiver, post };
}

/** As in Alertmanager's documentation, version 4. */
function message(alertname: string, summary = 'it burns') {
  const alert = {
    status: 'firing',
    labels: { alertname, severity: 'critical', upstream: 'simulator' },
    annotations: { summary },
    startsAt: '2026-11-24T10:00:00Z',
    endsAt: '0001-01-01T00:00:00Z',
    generatorURL: 'http://prometheus:9090/graph',
    fingerprint: 'f',
  };
  return JSON.stringify({ version: '4', status: 'firing', receiver: 'page', alerts: [alert] });
}

test('a page is kept and shown, newest first', async (t) => {
  const { receiver, post } = await setUp(t);
  assert.equal((await post(message('First'))).status, 200);
  assert.equal((await post(message('Second'))).status, 200);
  const pages = (await (await fetch(`${receiver.url}/pages`)).json()) as typeof receiver.pages;
  assert.deepEqual(
    receiver.pages().map(({ alerts }) => alerts[0]?.labels['alertname']),
    ['Second', 'First'],
  );
  assert.deepEqual(pages, receiver.pages());
  const html = await (await fetch(receiver.url)).text();
  assert(html.indexOf('Second') < html.indexOf('First'));
  assert(html.includes('upstream=simulator'));
});

test('what an alert says is text, never markup', async (t) => {
  const { receiver, post } = await setUp(t);
  await post(message('<script>alert(1)</script>', '"><img src=x>'));
  const html = await (await fetch(receiver.url)).text();
  assert(!html.includes('<script>'));
  assert(!html.includes('<img'));
});

test('what is no page is refused and not kept', async (t) => {
  const { receiver, post } = await setUp(t);
  const alert = (part: object) =>
    JSON.stringify({
      alerts: [{ labels: {}, annotations: {}, status: '', startsAt: '', ...part }],
    });
  const wrong = [
    '',
    'x',
    '{}',
    'null',
    '{"alerts":1}',
    '{"alerts":[9]}',
    alert({ labels: null }),
    alert({ labels: { alertname: 1 } }),
    alert({ annotations: { summary: {} } }),
    alert({ annotations: { summary: 'x'.repeat(1_100_000) } }),
  ];
  for (const body of wrong) assert.equal((await post(body)).status, 400, body.slice(0, 20));
  assert.deepEqual(receiver.pages(), []);
  assert.equal((await fetch(`${receiver.url}/other`)).status, 404);
  assert.equal((await fetch(`${receiver.url}/healthz`)).status, 200);
});

test('the last 200 are kept', async (t) => {
  const { receiver, post } = await setUp(t);
  for (let i = 0; i < 203; i++) await post(message(`Alert${i}`));
  assert.equal(receiver.pages().length, 200);
  assert.equal(receiver.pages().at(-1)?.alerts[0]?.labels['alertname'], 'Alert3');
});
