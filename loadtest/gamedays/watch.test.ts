/** What hangs does not keep the watch from seeing the rest, and what was seen before the fault does not count. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { eventually } from '../../app/testing/poll.ts';
import type { World } from './game-day.ts';
import { AlertWatch } from './watch.ts';

async function serve(t: TestContext, listener: RequestListener): Promise<{ readonly url: string }> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}

test('AlertWatch: an Alertmanager that never answers does not hide what Prometheus and the webhook have', async (t) => {
  const labels = { alertname: 'KeyRejected' };
  const activeAt = new Date(Date.now() - 60_000).toISOString();
  const prometheus = await serve(t, ({ url = '' }, response) => {
    const rule = { name: 'KeyRejected', query: '', health: 'ok', duration: 2 };
    const data = url.includes('/rules')
      ? { groups: [{ rules: [rule] }] }
      : { alerts: [{ state: 'firing', labels, activeAt }] };
    response.end(JSON.stringify({ status: 'success', data }));
  });
  let asked = 0;
  const alertmanager = await serve(t, () => {
    asked += 1;
  });
  const notification = () => ({
    receivedAt: new Date(Date.now() + 60_000).toISOString(),
    receiver: 'claude-tickets',
    status: 'firing',
    alerts: [{ status: 'firing', labels, annotations: {}, startsAt: '' }],
  });
  const receiver = { notifications: () => [notification()] };
  const watch = new AlertWatch({ prometheus, alertmanager, receiver } as unknown as World);
  await watch.start();
  t.after(() => watch.stop());
  await eventually(() => watch.sightings()[0]?.told.length === 1, { timeoutMs: 60_000 });
  assert.deepEqual(watch.sightings()[0]?.periods, [{ fromMs: Date.parse(activeAt) + 2_000 }]);
  watch.forget();
  assert.deepEqual(watch.sightings(), []);
  await eventually(() => asked >= 2, { timeoutMs: 60_000 });
  assert.equal(watch.sightings().length, 1);
});
