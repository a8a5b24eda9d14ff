/** The receiver keeps and shows notifications, and refuses everything else. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { startReceiver } from './receiver.ts';

async function setUp(t: TestContext) {
  const receiver = await startReceiver({ port: 0 });
  t.after(() => receiver.close());
  const post = (body: string) => fetch(receiver.url, { method: 'POST', body });
  return { receiver, post };
}

/** A message of version 4, as Alertmanager's documentation has it. */
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
  return JSON.stringify({ version: '4', status: 'firing', receiver: 'pager', alerts: [alert] });
}

test('receiver: notifications are kept and shown, newest first', async (t) => {
  const { receiver, post } = await setUp(t);
  assert.equal((await post(message('First'))).status, 200);
  assert.equal((await post(message('Second'))).status, 200);
  const listed = await (await fetch(`${receiver.url}/notifications`)).json();
  assert.deepEqual(
    receiver.notifications().map(({ alerts }) => alerts[0]?.labels['alertname']),
    ['Second', 'First'],
  );
  assert.deepEqual(listed, receiver.notifications());
  const html = await (await fetch(receiver.url)).text();
  assert(html.indexOf('Second') < html.indexOf('First'));
  assert(html.includes('upstream=simulator'));
  assert(html.includes('<td>pager<td>firing<td>critical<td>Second'));
});

test('receiver: the texts of an alert never become markup', async (t) => {
  const { receiver, post } = await setUp(t);
  await post(message('<script>alert(1)</script>', '"><img src=x>'));
  const html = await (await fetch(receiver.url)).text();
  assert(!html.includes('<script>'));
  assert(!html.includes('<img'));
});

test('receiver: a body that is no notification is refused and not kept', async (t) => {
  const { receiver, post } = await setUp(t);
  const alert = (fields: object) =>
    JSON.stringify({
      receiver: 'pager',
      alerts: [{ labels: {}, annotations: {}, status: '', startsAt: '', ...fields }],
    });
  const wrong = [
    '',
    'x',
    '{}',
    'null',
    '{"alerts":1}',
    '{"receiver":"pager","alerts":[9]}',
    '{"alerts":[]}',
    alert({ labels: null }),
    alert({ labels: { alertname: 1 } }),
    alert({ annotations: { summary: {} } }),
    alert({ annotations: { summary: 'x'.repeat(1_100_000) } }),
  ];
  for (const body of wrong) assert.equal((await post(body)).status, 400, body.slice(0, 20));
  assert.deepEqual(receiver.notifications(), []);
  assert.equal((await fetch(`${receiver.url}/other`)).status, 404);
  assert.equal((await fetch(`${receiver.url}/healthz`)).status, 200);
});

test('receiver: the last 200 notifications are kept', async (t) => {
  const { receiver, post } = await setUp(t);
  for (let i = 0; i < 203; i++) await post(message(`Alert${i}`));
  assert.equal(receiver.notifications().length, 200);
  assert.equal(receiver.notifications().at(-1)?.alerts[0]?.labels['alertname'], 'Alert3');
});

test('receiver: the watchdog is noted and fills no page', async (t) => {
  const { receiver } = await setUp(t);
  assert.equal(receiver.watchdogAt(), undefined);
  const beat = await fetch(`${receiver.url}/watchdog`, {
    method: 'POST',
    body: message('Watchdog'),
  });
  assert.equal(beat.status, 200);
  assert.deepEqual(receiver.notifications(), []);
  const at = receiver.watchdogAt() ?? '';
  assert.match(at, /^\d{4}-\d\d-\d\dT/);
  assert((await (await fetch(receiver.url)).text()).includes(`last heard at ${at}`));
  const elsewhere = await fetch(`${receiver.url}/other`, { method: 'POST', body: message('A') });
  assert.equal(elsewhere.status, 404);
});

test('receiver: of the files only runbooks are served', async (t) => {
  const { receiver } = await setUp(t);
  const paths = [
    '/runbooks/NoSuchAlert.md',
    '/runbooks/..%2freceiver.ts',
    '/runbooks/',
    '/receiver.ts',
  ];
  for (const path of paths) assert.equal((await fetch(receiver.url + path)).status, 404, path);
});
