/** Vault's answers that are too large, or never come to an end. A real Vault is in vault.live.test.ts. */
import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import { type TestContext, test } from 'node:test';
import { listen } from '../../testing/http.ts';
import type { SourceError } from './source.ts';
import { VaultClient } from './vault-client.ts';

const MIB = 1024 * 1024;

/** A client of a Vault that accepts its token and answers everything else as the test says. */
async function clientOf(t: TestContext, answer: RequestListener) {
  const server = createServer((request, response) => {
    if (request.url !== '/v1/auth/token/lookup-self') return answer(request, response);
    response.end(JSON.stringify({ data: { renewable: false, ttl: 0 } }));
  });
  const address = `http://127.0.0.1:${await listen(t, server)}`;
  const auth = { token: async () => 'a-token' };
  return new VaultClient('vault:a', { address, auth }, { now: () => 0 });
}

/** A JSON object of so many bytes. */
const objectOf = (bytes: number) => `{"a":"${'x'.repeat(bytes - 8)}"}`;

test('VaultClient: an answer of 1 MiB is read, and one of a byte more is malformed and not quoted', async (t) => {
  let size = MIB;
  const client = await clientOf(t, (_request, response) => void response.end(objectOf(size)));
  const { signal } = new AbortController();
  assert.equal(JSON.stringify(await client.get('secret', signal)).length, MIB);
  size += 1;
  await assert.rejects(client.get('secret', signal), (error: SourceError) => {
    assert.equal(error.failure, 'malformed');
    assert.equal(error.message, "vault:a: Vault's answer exceeds 1 MiB");
    return true;
  });
  size = 100;
  assert.equal(JSON.stringify(await client.get('secret', signal)).length, 100);
});

test('VaultClient: an answer that never ends is given up, whatever its status', async (t) => {
  for (const status of [200, 500]) {
    const client = await clientOf(t, (_request, response) => {
      response.statusCode = status;
      const chunk = Buffer.alloc(64 * 1024, ' ');
      const more = () => {
        while (!response.destroyed && response.write(chunk));
      };
      response.on('drain', more);
      more();
    });
    const { signal } = new AbortController();
    await assert.rejects(client.get('secret', signal), /exceeds 1 MiB/);
  }
});

test('VaultClient: an answer that drips ends with the signal, as its reason says', async (t) => {
  const client = await clientOf(t, (_request, response) => {
    const timer = setInterval(() => response.write(' '), 5);
    response.once('close', () => clearInterval(timer));
  });
  const reason = new Error('too late');
  const controller = new AbortController();
  const reading = client.get('secret', controller.signal);
  setTimeout(() => controller.abort(reason), 50);
  await assert.rejects(reading, reason);
});
