import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Clock } from '../time/clock.ts';
import { createKeyRing } from './key-pool.ts';
import { type Read, refresh } from './refresher.ts';
import { createSecret } from './secret.ts';
import { type KeySet, type KeySource, SourceError } from './sources/source.ts';

/** Time that passes when the test says so. */
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
  const ring = createKeyRing({ overlapMs: 0 }, { now: () => 0, random: () => 0 });
  const reads: Read[] = [];
  const waiting: (() => void)[] = [];
  const options = { pollMs: 60_000, timeoutMs: 20 };
  const refresher = refresh({ name: 'test', read, ...part }, ring, options, {
    clock,
    random: () => 0.5,
    onRead(read) {
      reads.push(read);
      waiting.shift()?.();
    },
  });
  const nextRead = () => new Promise<void>((resolve) => waiting.push(resolve));
  /** Until it sleeps; @returns how long it means to */
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
  return { asleep, nextRead, reads, refresher, ring, wake };
}

test('it is read at the start and now and then; a change is told', async () => {
  const keys = ['key-one', 'key-one', 'key-two'];
  const { asleep, reads, refresher, ring, wake } = setUp(async () => one(keys.shift() ?? ''));
  await refresher.ready;
  assert.equal(await asleep(), 60_000);
  await wake();
  await wake();
  assert.deepEqual(
    reads.map((read) => read.ok && read.changed),
    [true, false, true],
  );
  assert.equal(ring.pick().secret.reveal(), 'key-two');
  refresher.stop();
});

test('a source that fails leaves the last good keys, and is asked again sooner, ever later', async () => {
  let broken = false;
  const { asleep, reads, refresher, ring, wake } = setUp(async () => {
    if (broken) throw new SourceError('denied', 'test: no');
    return one('key-one');
  });
  await refresher.ready;
  broken = true;
  await wake();
  assert.deepEqual([await asleep(), reads.at(-1)?.ok], [1_000, false]);
  await wake();
  assert.equal(await asleep(), 2_000);
  for (let i = 0; i < 8; i++) await wake();
  assert.equal(await asleep(), 60_000);
  assert.equal(ring.pick().secret.reveal(), 'key-one');
  broken = false;
  await wake();
  assert.equal(await asleep(), 60_000);
  assert.deepEqual(reads.at(-1), { source: 'test', ok: true, changed: false });
  refresher.stop();
});

test('one that never answers is a timeout, whether it heeds the signal or not', async () => {
  const { reads, refresher } = setUp(() => new Promise(() => {}));
  await refresher.ready;
  const read = reads[0];
  assert(read && !read.ok);
  assert.equal(read.failure, 'timeout');
  assert.match(read.error.message, /within 20 ms/);
  refresher.stop();
});

test('what is no SourceError is said without its text, which may hold a key', async () => {
  const { reads, refresher } = setUp(async () => {
    throw new Error('got sk-secret-key');
  });
  await refresher.ready;
  const read = reads[0];
  assert(read && !read.ok);
  assert.equal(read.failure, 'unreachable');
  assert(!read.error.message.includes('sk-secret'));
  refresher.stop();
});

test('a change that the source tells of is read at once, also one that comes while it is read', async () => {
  let n = 0;
  let tell = () => {};
  const watch: NonNullable<KeySource['watch']> = (changed) => {
    tell = changed;
    return () => {};
  };
  const { asleep, nextRead, reads, refresher } = setUp(
    async () => {
      n += 1;
      if (n === 2) tell();
      return one(`key-${n}`);
    },
    { watch },
  );
  await refresher.ready;
  await asleep();
  const second = nextRead();
  const third = second.then(nextRead);
  tell();
  await third;
  assert.equal(reads.length, 3);
  refresher.stop();
});

test('a fixed source is read once', async () => {
  const { reads, refresher } = setUp(async () => one('key-one'), { fixed: true });
  await refresher.ready;
  await new Promise(setImmediate);
  assert.equal(reads.length, 1);
  refresher.stop();
});
