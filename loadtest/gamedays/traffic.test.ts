/** Calls are made at their rates whatever becomes of earlier ones, and counted by how they ended for their callers. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { eventually } from '../../app/testing/poll.ts';
import { startSimulator } from '../simulator/server.ts';
import { Traffic } from './traffic.ts';

async function serve(t: TestContext, listener: RequestListener): Promise<Traffic> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const traffic = new Traffic(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  t.after(async () => {
    await traffic.stop();
    server.closeAllConnections();
    server.close();
  });
  return traffic;
}

test('traffic: good answers, refusals and broken streams are told apart', async (t) => {
  const simulator = await startSimulator({ keys: ['a-key'] });
  const traffic = new Traffic(simulator.url);
  t.after(async () => {
    await traffic.stop();
    await simulator.close();
  });
  const endings = new Set<string>();
  const has = (ending: string) => async () => {
    for (const each of Object.keys(traffic.take())) endings.add(each);
    return endings.has(ending);
  };
  traffic.make([
    { perSecond: 50, token: 'a-key' },
    { perSecond: 50, token: 'a-key', stream: true },
  ]);
  await eventually(has('good'));
  assert.deepEqual([...endings], ['good']);
  simulator.setFaults([{ kind: 'stream_cut' }]);
  await eventually(has('no_message_stop'));
  simulator.setFaults([]);
  traffic.make([{ perSecond: 50, token: 'another' }]);
  await eventually(has('401'));
});

test('traffic: calls begin although earlier ones are not answered, with the fields that each asks for', async (t) => {
  const models = new Set<unknown>();
  const traffic = await serve(t, async (request) => {
    models.add(((await json(request)) as { model: string }).model);
  });
  traffic.make([{ perSecond: 100, fields: (n) => ({ model: `model-${n}` }) }]);
  await eventually(() => models.size >= 10);
  assert.deepEqual(traffic.take(), {});
});

test('traffic: what was made in place of other calls replaces them', async (t) => {
  const models: string[] = [];
  const traffic = await serve(t, async (request, response) => {
    models.push(((await json(request)) as { model: string }).model);
    response.end('{}');
  });
  traffic.make([{ perSecond: 100, model: 'before' }]);
  await eventually(() => models.includes('before'));
  traffic.make([{ perSecond: 100, model: 'after' }]);
  await eventually(() => models.includes('after'));
  const since = models.indexOf('after');
  // Those on their way when the change came may still arrive; none does once ten others have.
  await eventually(() => models.length > since + 30);
  assert(!models.slice(since + 20).includes('before'));
});
