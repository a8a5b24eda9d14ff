import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KeyRead } from '../telemetry/vocabulary.ts';
import { ITS_LIMITS } from '../testing/fakes.ts';
import type { Clock } from '../time/clock.ts';
import { KeyPool } from './key-pool.ts';
import { Refresher } from './refresher.ts';
import { createSecret } from './secret.ts';
import { type KeySet, type KeySource, SourceError } from './sources/source.ts';

/** A clock whose sleeps end when the test says so. */
function handClock() {
  const sleeping: { ms: number; wake: () => void }[] = [];
  const clock: Clock = {
    now: () => 0,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        signal.throwIfAborted();
        signal.addEventListener('abort', () => reject(signal.reason));
        sleeping.push({ ms, wake: resolve });
      }),
  };
  return { clock, sleeping };
}

const one = (key: string): KeySet => ({ current: [{ alias: 'k', secret: createSecret(key) }] });

function setUp(read: KeySource['read'], part: Partial<KeySource> = {}) {
  const { clock, sleeping } = handClock();
  const pool = new KeyPool(
    { gracePeriodMs: 0 },
    { now: () => 0, wallClock: () => 0, random: () => 0 },
  );
  const reads: KeyRead[] = [];
  const waiting: (() => void)[] = [];
  const options = { pollMs: 60_000, timeoutMs: 20 };
  const refresher = new Refresher({ name: 'test', read, ...part }, pool, options, {
    clock,
    random: () => 0.5,
    onRead(read) {
      reads.push(read);
      waiting.shift()?.();
    },
  });
  const firstRead = refresher.start();
  const nextRead = () => new Promise<void>((resolve) => waiting.push(resolve));
  /** Waits until the refresher sleeps. @returns for how long, milliseconds */
  const asleep = async () => {
    while (sleeping.length === 0) await new Promise(setImmediate);
    return sleeping.at(-1)?.ms;
  };
  const wake = async () => {
    await asleep();
    const read = nextRead();
    sleeping.pop()?.wake();
    await read;
  };
  return { asleep, firstRead, nextRead, pool, reads, refresher, wake };
}

test('refresher: a source is read at the start and at intervals, and a change is reported', async () => {
  const keys = ['key-one', 'key-one', 'key-two'];
  const { asleep, firstRead, pool, reads, refresher, wake } = setUp(async () =>
    one(keys.shift() ?? ''),
  );
  await firstRead;
  assert.equal(await asleep(), 60_000);
  await wake();
  await wake();
  assert.deepEqual(
    reads.map((read) => read.ok && read.changed),
    [true, false, true],
  );
  assert.equal(pool.pick(ITS_LIMITS).secret.reveal(), 'key-two');
  refresher.stop();
});

test('refresher: a failing source leaves the last good keys, and is retried after a time that doubles', async () => {
  let broken = false;
  const { asleep, firstRead, pool, reads, refresher, wake } = setUp(async () => {
    if (broken) throw new SourceError('denied', 'test: no');
    return one('key-one');
  });
  await firstRead;
  broken = true;
  await wake();
  assert.deepEqual([await asleep(), reads.at(-1)?.ok], [1_000, false]);
  await wake();
  assert.equal(await asleep(), 2_000);
  for (let i = 0; i < 8; i++) await wake();
  assert.equal(await asleep(), 60_000);
  assert.equal(pool.pick(ITS_LIMITS).secret.reveal(), 'key-one');
  broken = false;
  await wake();
  assert.equal(await asleep(), 60_000);
  assert.deepEqual(reads.at(-1), { source: 'test', ok: true, changed: false });
  refresher.stop();
});

test('refresher: a source that ignores its signal is reported as a timeout', async () => {
  const { firstRead, reads, refresher } = setUp(() => new Promise(() => {}));
  await firstRead;
  const read = reads[0];
  assert(read && !read.ok);
  assert.equal(read.failure, 'timeout');
  assert.match(read.error.message, /within 20 ms/);
  refresher.stop();
});

test('refresher: the text of an unknown error is not reported, because it may hold a key', async () => {
  const { firstRead, reads, refresher } = setUp(async () => {
    throw new Error('got sk-secret-key');
  });
  await firstRead;
  const read = reads[0];
  assert(read && !read.ok);
  assert.equal(read.failure, 'unreachable');
  assert(!read.error.message.includes('sk-secret'));
  refresher.stop();
});

test('refresher: a change is read at once, also one that comes during a read', async () => {
  let n = 0;
  let notify = () => {};
  const watch: NonNullable<KeySource['watch']> = (changed) => {
    notify = changed;
    return () => {};
  };
  const { asleep, firstRead, nextRead, reads, refresher } = setUp(
    async () => {
      n += 1;
      if (n === 2) notify();
      return one(`key-${n}`);
    },
    { watch },
  );
  await firstRead;
  await asleep();
  const second = nextRead();
  const third = second.then(nextRead);
  notify();
  await third;
  assert.equal(reads.length, 3);
  refresher.stop();
});

test('refresher: a fixed source is read once', async () => {
  const { firstRead, reads, refresher } = setUp(async () => one('key-one'), { fixed: true });
  await firstRead;
  await new Promise(setImmediate);
  assert.equal(reads.length, 1);
  refresher.stop();
});
