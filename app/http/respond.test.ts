import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { ConcurrencyLimiter } from '../callers/concurrency.ts';
import { Quotas } from '../callers/quotas.ts';
import { disabledTelemetry } from '../telemetry/sdk.ts';
import { serveApp } from '../testing/app.ts';
import { postJson } from '../testing/http.ts';
import { ASK, BODY, MODEL } from '../testing/messages.ts';
import { eventually } from '../testing/poll.ts';
import { acquireSlot } from './slot.ts';

disabledTelemetry({ trusts: () => false });

const limiterOf = (limit: number) =>
  new ConcurrencyLimiter({ limit, queue: 0, waitMs: 60_000, paused: 10 });

test('respond: a call that finds no slot is recorded under its model, and as a stream if it is one', async (t) => {
  const { url, rejections } = await serveApp(t, undefined, { limiter: limiterOf(0) });
  const { status } = await postJson(`${url}/v1/messages`, { ...ASK, stream: true });
  assert.equal(status, 503);
  const [[info, outcome] = []] = rejections;
  assert.equal(outcome, 'shed');
  assert.equal(info?.model, MODEL);
  assert.equal(info?.stream, true);
});

test('respond: a caller who leaves while the call waits for a slot is recorded as client_cancelled', async (t) => {
  const limiter = new ConcurrencyLimiter({ limit: 1, queue: 1, waitMs: 60_000, paused: 10 });
  const release = await limiter.acquire(new AbortController().signal);
  const { port, rejections } = await serveApp(t, undefined, { limiter });
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.write(
    `POST /v1/messages HTTP/1.1\r\nhost: localhost\r\ncontent-length: ${BODY.length}\r\n\r\n${BODY}`,
  );
  await eventually(() => limiter.counts().queued === 1);
  socket.destroy();
  await eventually(() => rejections.length > 0);
  assert.deepEqual(
    rejections.map(([{ model }, outcome]) => [model, outcome]),
    [[MODEL, 'client_cancelled']],
  );
  release.release();
});

test('respond: a fault of ours before a call has begun is recorded as internal_error', async (t) => {
  const { url, rejections } = await serveApp(t, undefined, {
    verify: () => {
      throw new TypeError('a mistake of ours');
    },
  });
  assert.equal((await postJson(`${url}/v1/messages`, ASK)).status, 500);
  assert.deepEqual(
    rejections.map(([{ operation }, outcome]) => [operation, outcome]),
    [['chat', 'internal_error']],
  );
});

test('respond: a path that cannot be decoded is recorded as invalid_request', async (t) => {
  const { url, rejections } = await serveApp(t);
  assert.equal((await fetch(`${url}/v1/models/%ff`)).status, 400);
  assert.deepEqual(
    rejections.map(([{ operation }, outcome]) => [operation, outcome]),
    [['models', 'invalid_request']],
  );
});

test('batch: an item that finds no slot is recorded under its model', async (t) => {
  const { url, rejections } = await serveApp(t, undefined, { limiter: limiterOf(0) });
  await postJson(`${url}/v1/batch`, { requests: [{ params: ASK }] });
  assert.deepEqual(
    rejections.map(([{ model }, outcome]) => [model, outcome]),
    [[MODEL, 'shed']],
  );
});

test('respond: a body that cannot be read is refused as such, though no slot is free', async (t) => {
  const { url } = await serveApp(t, undefined, { limiter: limiterOf(0) });
  assert.equal((await postJson(`${url}/v1/messages`, '{')).status, 400);
});

test('respond: the slot of a caller who left is free again', async (t) => {
  const limiter = limiterOf(1);
  const started = Promise.withResolvers<void>();
  const answer = ({ signal }: { signal: AbortSignal }) =>
    new Promise<never>((_resolve, reject) => {
      signal.addEventListener('abort', () => reject(signal.reason));
      started.resolve();
    });
  const { port } = await serveApp(t, answer, { limiter });
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.write(
    `POST /v1/messages HTTP/1.1\r\nhost: localhost\r\ncontent-length: ${BODY.length}\r\n\r\n${BODY}`,
  );
  await started.promise;
  assert.equal(limiter.counts().active, 1);
  socket.destroy();
  assert.ok(await eventually(() => limiter.counts().active === 0));
});

test('acquireSlot: a call that finds no slot gives its part of the quota back', async () => {
  const quotas = new Quotas({ redis: undefined, onExceeded() {} });
  const caller = { name: 'one', limits: { concurrent: 1 } };
  const { signal } = new AbortController();
  for (let i = 0; i < 2; i++) {
    const refused = acquireSlot({ quotas, limiter: limiterOf(0) }, { caller, signal });
    await assert.rejects(refused, { code: 'shed' });
  }
});
