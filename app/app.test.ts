/** The order of the middleware, over the app alone. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { Callers } from './callers/callers.ts';
import { AppError } from './errors.ts';
import { Lifecycle } from './http/lifecycle.ts';
import { disabledTelemetry } from './telemetry/sdk.ts';
import { serveApp } from './testing/app.ts';
import { jsonOf, postJson } from './testing/http.ts';
import { ASK } from './testing/messages.ts';

disabledTelemetry({ trusts: () => false });

const TOKEN = 'token-of-search-0123456789abcdef';
const tokenDigests = [createHash('sha256').update(TOKEN).digest('hex')];
const limits = { requestsPerMinute: undefined, tokensPerMinute: undefined, concurrent: undefined };
const callers = new Callers([{ name: 'search', tokenDigests, limits }]);

test('app: nothing of a path is answered before its caller is known', async (t) => {
  const { url, rejections } = await serveApp(t, undefined, { callers });
  for (const path of ['/v1/models/%zz', '/v1/models/a', '/v1/messages', '/v1/none', '/%zz']) {
    assert.equal((await fetch(url + path)).status, 401, path);
  }
  // Those that are paths of ours are recorded under their operation.
  assert.deepEqual(
    rejections.map(([{ operation }]) => operation),
    ['models', 'models', 'chat'],
  );
  const headers = { 'x-api-key': TOKEN };
  assert.equal((await fetch(`${url}/v1/models/%zz`, { headers })).status, 400);
});

test('app: an instance whose calls were cut refuses every path but health', async (t) => {
  const lifecycle = new Lifecycle();
  lifecycle.cut();
  const { url } = await serveApp(t, undefined, { lifecycle });
  assert.equal((await fetch(`${url}/healthz`)).status, 200);
  for (const path of ['/v1/models/%zz', '/v1/messages', '/v1/none']) {
    assert.equal((await fetch(url + path)).status, 503, path);
  }
});

test('app: a call that the pipeline refuses is recorded by its stages alone', async (t) => {
  const refuse = () => {
    throw new AppError('invalid_request', 'the request body is nested too deeply');
  };
  const { url, rejections } = await serveApp(t, refuse);
  const reply = await postJson(`${url}/v1/messages`, ASK);
  assert.equal(reply.status, 400);
  assert.match(jsonOf<{ error: { message: string } }>(reply).error.message, /nested/);
  assert.deepEqual(rejections, []);
});
