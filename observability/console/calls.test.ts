/** A call that the console makes, over the real service and the simulator. */
import assert from 'node:assert/strict';
import { request } from 'node:http';
import { test } from 'node:test';
import { useSimulatedService } from '../../app/testing/simulated-service.ts';
import type { Part } from './options.ts';
import { partAt, send, startPart, startTestConsole } from './testing-console.ts';

const stack = useSimulatedService();
/** Its address is known once it has started. */
const service: Part = {
  get asked() {
    return stack.service.url;
  },
  opened: '',
  healthPath: '/',
  pagePath: '/',
};
const { url } = await startTestConsole({ service });

const asked = { model: 'claude-haiku-5-5', prompt: 'Hello <b>', stream: true, maxTokens: 64 };
const headers = { 'content-type': 'application/json' };
const call = (fields: object) =>
  send(url, '/api/call', {
    method: 'POST',
    headers,
    body: JSON.stringify({ ...asked, ...fields }),
  });

test('call: a stream is passed on as the service sends it, with its correlation ID', async () => {
  const { status, headers: got, body } = await call({});
  assert.equal(status, 200);
  assert.equal(got['content-type'], 'text/event-stream');
  assert(body.includes('event: message_stop'));
  const id = String(got['x-correlation-id']);
  await stack.expectRequests(id, 1);
});

test('call: a whole answer is passed on', async () => {
  const { body } = await call({ stream: false });
  assert.match(body, /You said: Hello <b>/);
});

test('call: what the service refuses is passed on with its status', async () => {
  await stack.withFaults([{ kind: 'error_code:organization_on_hold' }], async () => {
    const { status, body } = await call({ stream: false });
    assert(status >= 400, String(status));
    assert.match(body, /on hold/);
  });
});

test('call: a reader who goes away takes the call with them', async () => {
  await stack.withFaults([{ kind: 'stream_hang' }], async () => {
    const outgoing = request(`${url}/api/call`, { method: 'POST', headers });
    outgoing.on('error', () => undefined);
    const id = await new Promise<string>((resolve) => {
      outgoing.on('response', (response) => {
        response.on('error', () => undefined);
        resolve(String(response.headers['x-correlation-id']));
      });
      outgoing.end(JSON.stringify(asked));
    });
    outgoing.destroy();
    assert.equal(await stack.outcomeOf(id), 'client_cancelled');
  });
});

for (const [name, fields] of [
  ['no model', { model: '' }],
  ['a field that is not asked for', { system: 'x' }],
  ['too many tokens', { maxTokens: 1e9 }],
  ['a token that would be another header', { token: 'a\r\nx-admin: 1' }],
] as const) {
  test(`call: ${name} is refused before the service is asked`, async () => {
    const { status, headers: got } = await call(fields);
    assert.equal(status, 400);
    assert.equal(got['x-correlation-id'], undefined);
  });
}

test('upstream: the simulator is known by its header, also under a fault', async () => {
  const verdict = async () => JSON.parse((await send(url, '/api/upstream')).body) as object;
  assert.deepEqual(await verdict(), { isSimulator: true });
  await stack.withFaults([{ kind: 'error_code:organization_on_hold' }], async () =>
    assert.deepEqual(await verdict(), { isSimulator: true }),
  );
});

for (const [status, isSimulator, words] of [
  [200, false, /real upstream, where calls cost money/],
  [401, false, /this page’s own calls have no token/],
  [503, null, /Nothing tells whether .+ It answered with status 503\.$/],
] as const) {
  test(`upstream: an answer with ${status} and without the header is ${isSimulator === null ? 'no proof' : 'reason to make no calls'}`, async () => {
    const other = await startPart((_, response) => response.writeHead(status).end('{"data":[]}'));
    const { url: there } = await startTestConsole({ service: partAt(other) });
    const verdict = JSON.parse((await send(there, '/api/upstream')).body);
    assert.equal(verdict.isSimulator, isSimulator);
    assert.match(verdict.why, words);
  });
}

test('models: the names that the upstream lists', async () => {
  const { body } = await send(url, '/api/models');
  assert((JSON.parse(body) as string[]).includes('claude-haiku-5-5'));
});
