/** Message Batches by the official SDK, through the service to the simulator and to hostile upstreams. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { describe, test } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import { listen } from '../testing/http.ts';
import { ASK } from '../testing/messages.ts';
import { startService } from '../testing/service-process.ts';
import { useSimulatedService } from '../testing/simulated-service.ts';

const requests = Array.from({ length: 3 }, (_, i) => ({ custom_id: `item-${i}`, params: ASK }));
const BATCH = {
  id: 'b',
  type: 'message_batch',
  results_url: 'https://api.anthropic.com/v1/messages/batches/b/results',
};

describe('Message Batches', { concurrency: false }, () => {
  const api = useSimulatedService();
  const sdk = () => new Anthropic({ apiKey: 'any', baseURL: api.service.url, maxRetries: 0 });

  test('batches: the SDK creates, gets, lists, cancels and deletes, and reads results', async () => {
    const { batches } = sdk().messages;
    const created = await batches.create({ requests });
    assert.equal(created.request_counts.succeeded, 3);
    assert.equal((await batches.retrieve(created.id)).id, created.id);
    const ids: string[] = [];
    for await (const result of await batches.results(created.id)) {
      assert.equal(result.result.type, 'succeeded');
      ids.push(result.custom_id);
    }
    assert.deepEqual(
      ids,
      requests.map(({ custom_id }) => custom_id),
    );
    const second = await batches.create({ requests });
    const listed: string[] = [];
    for await (const { id } of batches.list({ limit: 1 })) listed.push(id);
    assert.deepEqual(listed, [second.id, created.id]);
    assert.equal((await batches.cancel(created.id)).request_counts.canceled, 3);
    assert.equal((await batches.delete(created.id)).type, 'message_batch_deleted');
    await assert.rejects(batches.retrieve(created.id), Anthropic.NotFoundError);
  });

  test('batches: each call is counted under its own operation, and the results’ address is ours', async () => {
    const created = await sdk().messages.batches.create({ requests });
    const path = `/v1/messages/batches/${created.id}`;
    assert.equal(created.results_url, `${path}/results`);
    await (await fetch(`${api.service.url}${path}/results`)).text();
    const line = await api.service.line(
      (l) => l['msg'] === 'request' && l['route'] === '/v1/messages/batches/:id/results',
    );
    assert.equal(line['status'], 200);
    const metrics = await api.metrics();
    assert.match(metrics, /requests_total\{operation="batches",[^}]*outcome="success"\} [1-9]/);
  });

  test('batches: a bad batch is the caller’s mistake, and another method is a 405 that names both', async () => {
    const refused = sdk().messages.batches.create({ requests: [] });
    await assert.rejects(refused, Anthropic.BadRequestError);
    const { status, headers } = await fetch(`${api.service.url}/v1/messages/batches`, {
      method: 'PUT',
    });
    assert.deepEqual([status, headers.get('allow')], [405, 'POST, GET']);
  });

  test('batches: an ID that would climb out of the path is not found', async () => {
    const { status } = await fetch(`${api.service.url}/v1/messages/batches/%2e%2e/results`);
    assert.equal(status, 404);
  });
});

test('batches: results of over 64 MiB pass, and results that break off end with whole lines', async (t) => {
  const line = `{"custom_id":"a","result":${JSON.stringify('x'.repeat(1_000_000))}}\n`;
  const upstream = createServer((request, response) => {
    if (!request.url?.endsWith('/results')) {
      response.setHeader('content-type', 'application/json').end(JSON.stringify(BATCH));
      return;
    }
    response.writeHead(200, { 'content-type': 'application/x-jsonl' });
    const breaks = request.headers['anthropic-beta'] === 'break';
    let sent = 0;
    const more = () => {
      while (sent < 70) {
        sent += 1;
        if (breaks && sent === 3) {
          response.write(line.slice(0, 500_000), () => response.destroy());
          return;
        }
        if (!response.write(line)) return;
      }
      response.end();
    };
    response.on('drain', more);
    more();
  });
  const service = await startService({
    CLAUDE_API_KEY: 'a-key-of-nobody',
    CLAUDE_BASE_URL: `http://127.0.0.1:${await listen(t, upstream)}`,
    OTEL_TRACES_EXPORTER: 'none',
  });
  t.after(() => service.stop());
  const url = `${service.url}/v1/messages/batches/b/results`;
  const whole = await (await fetch(url)).text();
  assert.equal(whole.length, 70 * line.length);
  let received = '';
  const read = async () => {
    const response = await fetch(url, { headers: { 'anthropic-beta': 'break' } });
    for await (const chunk of response.body ?? []) received += Buffer.from(chunk).toString();
  };
  await assert.rejects(read());
  assert.ok(received.endsWith('}\n') && received.length % line.length === 0);
  await service.line((l) => l['msg'] === 'call' && l['outcome'] === 'network_error');
});
