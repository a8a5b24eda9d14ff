/** What the webhook was told stays while it is away, and it comes back at the same address. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { freePort } from '../../app/testing/service-process.ts';
import { Webhook } from './webhook.ts';

const message = (alertname: string) =>
  JSON.stringify({
    receiver: 'pager',
    status: 'firing',
    alerts: [{ status: 'firing', startsAt: '', labels: { alertname }, annotations: {} }],
  });

test('webhook: closed, it takes nothing; opened again, it has all that it was told, newest first', async (t) => {
  const webhook = new Webhook(await freePort());
  t.after(() => webhook.close());
  const tell = (alertname: string) =>
    fetch(webhook.url, { method: 'POST', body: message(alertname) });
  await webhook.open();
  await tell('First');
  await webhook.close();
  await assert.rejects(tell('Lost'));
  await webhook.open();
  await tell('Second');
  const told = webhook.notifications().map(({ alerts }) => alerts[0]?.labels['alertname']);
  assert.deepEqual(told, ['Second', 'First']);
});
