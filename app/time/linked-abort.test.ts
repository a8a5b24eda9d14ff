import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { LinkedAbort } from './linked-abort.ts';

const LIMIT_MS = 20;

/** As after a suspension, or without CPU: nothing runs, and time passes. */
function standStill(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms);
}

async function socketPair(t: TestContext): Promise<readonly [Socket, Socket]> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const near = connect((server.address() as { port: number }).port, '127.0.0.1');
  const [far] = (await once(server, 'connection')) as [Socket];
  t.after(() => {
    near.destroy();
    far.destroy();
    server.close();
  });
  return [near, far];
}

const aLimit = () =>
  new LinkedAbort(new AbortController().signal, {
    timeoutMs: LIMIT_MS,
    onTimeout: () => new Error('the time is up'),
  });

test('LinkedAbort: after a standstill, what had arrived is read before the limit is judged', async (t) => {
  const [near, far] = await socketPair(t);
  const limit = aLimit();
  const read = once(near, 'data').then(() => limit[Symbol.dispose]());
  far.write('an answer');
  standStill(3 * LIMIT_MS);
  await read;
  await nextTurn();
  await nextTurn();
  assert.equal(limit.signal.aborted, false);
});

test('LinkedAbort: after a standstill in which nothing came, the time is up', async () => {
  const limit = aLimit();
  standStill(3 * LIMIT_MS);
  await once(limit.signal, 'abort');
  assert.match(String(limit.signal.reason), /the time is up/);
});

test('LinkedAbort: a limit that was lifted between its time and the verdict aborts nothing', async () => {
  for (const lift of [
    (limit: LinkedAbort) => limit.clearTimer(),
    (limit: LinkedAbort) => limit[Symbol.dispose](),
  ]) {
    const limit = aLimit();
    // Set after it and for a shorter time, this one fires in the same turn, and before its verdict.
    setTimeout(lift, LIMIT_MS - 1, limit);
    standStill(3 * LIMIT_MS);
    await new Promise((resolve) => setTimeout(resolve, 1));
    await nextTurn();
    await nextTurn();
    assert.equal(limit.signal.aborted, false);
  }
});

test('LinkedAbort: more time that was granted counts from the verdict, and is limited as well', async () => {
  let asked = 0;
  const limit = new LinkedAbort(new AbortController().signal, {
    timeoutMs: 1,
    onTimeout: () => {
      asked += 1;
      return asked < 3 ? 1 : new Error('enough');
    },
  });
  await once(limit.signal, 'abort');
  assert.equal(asked, 3);
});
