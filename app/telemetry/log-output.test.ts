import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, mkdtempSync, openSync, readSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { eventually } from '../testing/poll.ts';
import { gathered, type LogOutput, outputToFile, outputToReader } from './log-output.ts';
import type { LogDrop } from './vocabulary.ts';

function open(t: TestContext, path: string, flags: number): number {
  const fd = openSync(path, flags);
  t.after(() => closeSync(fd));
  return fd;
}

/** A pipe that takes 64 KiB and then no more: like a disk, it takes a part of a line. */
function smallStore(t: TestContext): number {
  const folder = mkdtempSync(join(tmpdir(), 'log-output-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'fifo');
  execFileSync('mkfifo', [path]);
  return open(t, path, constants.O_RDWR | constants.O_NONBLOCK);
}

test('a file on a full disk: every line is dropped and counted, and nothing is thrown', async (t) => {
  const drops: LogDrop[] = [];
  const output = outputToFile(open(t, '/dev/full', constants.O_WRONLY), (r) => drops.push(r));
  for (let i = 0; i < 3; i += 1) output.write('a line\n');
  await output.flush();
  assert.deepEqual(drops, ['write_failed', 'write_failed', 'write_failed']);
});

test('a file whose disk has room again: the next line stands on its own', (t) => {
  const fd = smallStore(t);
  const drops: LogDrop[] = [];
  const output = outputToFile(fd, (reason) => drops.push(reason));
  output.write(`${'a'.repeat(59_999)}\n`);
  output.write(`${'b'.repeat(10_000)}\n`);
  output.write('c\n');
  assert.deepEqual(drops, ['write_failed', 'write_failed']);
  const store = Buffer.alloc(70_000);
  const before = readSync(fd, store);
  assert(before > 60_000 && before < 70_001, `a part of the second line: ${before}`);
  output.write('d\n');
  output.write('e\n');
  assert.equal(store.toString('utf8', 0, readSync(fd, store)), '\nd\ne\n');
  assert.equal(drops.length, 2);
});

test('a disk that takes a part of several lines: those it did not take whole are counted, the next stands on its own', (t) => {
  const fd = smallStore(t);
  const drops: LogDrop[] = [];
  const output = outputToFile(fd, (reason) => drops.push(reason));
  const whole = `${'a'.repeat(29_999)}\n${'b'.repeat(29_999)}\n`;
  output.write(`${whole}${'c'.repeat(9_999)}\nd\n`);
  assert.deepEqual(drops, ['write_failed', 'write_failed']);
  const store = Buffer.alloc(70_000);
  const text = store.toString('utf8', 0, readSync(fd, store));
  assert(text.startsWith(whole) && text.endsWith('c'));
  output.write('e\nf\n');
  assert.equal(store.toString('utf8', 0, readSync(fd, store)), '\ne\nf\n');
  assert.equal(drops.length, 2);
});

test('a disk that is full between two lines: the next line does not begin with an empty one', (t) => {
  const fd = smallStore(t);
  const output = outputToFile(fd, () => {});
  output.write(`${'a'.repeat(65_535)}\nb\n`);
  const store = Buffer.alloc(70_000);
  assert.equal(readSync(fd, store), 65_536);
  output.write('c\n');
  assert.equal(store.toString('utf8', 0, readSync(fd, store)), 'c\n');
});

test('several lines in one text that cannot be written: each of them is counted', async (t) => {
  const drops: LogDrop[] = [];
  const onDrop = (reason: LogDrop) => drops.push(reason);
  outputToFile(open(t, '/dev/full', constants.O_WRONLY), onDrop).write('a\nb\nc\n');
  assert.deepEqual(drops.splice(0), ['write_failed', 'write_failed', 'write_failed']);
  const reader = spawn('sleep', ['600'], { stdio: ['pipe', 'ignore', 'ignore'] });
  const output = outputToReader(reader.stdin, onDrop);
  output.write(`${'x'.repeat(4 * 1024 * 1024)}\nb\n`);
  assert.deepEqual(drops.splice(0), ['queue_full', 'queue_full']);
  reader.kill('SIGKILL');
  await once(reader, 'close');
  output.write('a\nb\nc\n');
  await eventually(() => drops.length === 3);
  assert(drops.every((reason) => reason === 'write_failed'));
});

/** An output that keeps each text it is given. */
function textsOf() {
  const texts: string[] = [];
  const output: LogOutput = { write: (text) => void texts.push(text), flush: async () => {} };
  return { texts, output: gathered(output) };
}
const endOfTurn = () => new Promise(setImmediate);

test('lines that are gathered: those of one turn are one text, in their order, at its end', async () => {
  const { texts, output } = textsOf();
  output.write('a\n');
  await Promise.resolve().then(() => output.write('b\n'));
  process.nextTick(() => output.write('c\n'));
  assert.deepEqual(texts, []);
  await endOfTurn();
  assert.deepEqual(texts, ['a\nb\nc\n']);
  output.write('d\n');
  await endOfTurn();
  await endOfTurn();
  assert.deepEqual(texts, ['a\nb\nc\n', 'd\n']);
});

test('lines that are gathered: 64 KiB of them do not wait for the end of the turn', async () => {
  const { texts, output } = textsOf();
  const line = `${'x'.repeat(16 * 1024 - 1)}\n`;
  for (let i = 0; i < 5; i += 1) output.write(line);
  assert.deepEqual(texts, [line.repeat(4)]);
  await endOfTurn();
  assert.deepEqual(texts, [line.repeat(4), line]);
});

test('lines that are gathered: `flushSync` and `flush` pass them on at once', async () => {
  const { texts, output } = textsOf();
  output.write('a\n');
  output.flushSync();
  output.flushSync();
  assert.deepEqual(texts, ['a\n']);
  output.write('b\n');
  const flushed = output.flush();
  assert.deepEqual(texts, ['a\n', 'b\n']);
  await flushed;
});

test('lines that are gathered for a reader that does not read: what waits is bounded, every line is counted', async (t) => {
  const reader = spawn('sleep', ['600'], { stdio: ['pipe', 'ignore', 'ignore'] });
  t.after(() => reader.kill('SIGKILL'));
  const drops: LogDrop[] = [];
  const output = gathered(outputToReader(reader.stdin, (reason) => drops.push(reason)));
  const line = `${'x'.repeat(999)}\n`;
  for (let i = 0; i < 10_000; i += 1) output.write(line);
  output.flushSync();
  assert(reader.stdin.writableLength <= 4 * 1024 * 1024);
  assert(drops.every((reason) => reason === 'queue_full'));
  reader.kill('SIGKILL');
  await once(reader, 'close');
  // What the socket took is lost with its reader, and nobody can tell.
  await eventually(() => drops.length > 9_000);
  assert(drops.length <= 10_000);
});

test('a reader that does not read: what waits is bounded, and lines beyond it are dropped and counted', async (t) => {
  const reader = spawn('sleep', ['600'], { stdio: ['pipe', 'ignore', 'ignore'] });
  t.after(() => reader.kill('SIGKILL'));
  const drops: LogDrop[] = [];
  const output = outputToReader(reader.stdin, (reason) => drops.push(reason));
  const line = `${'x'.repeat(99_999)}\n`;
  for (let i = 0; i < 100; i += 1) output.write(line);
  assert(reader.stdin.writableLength <= 4 * 1024 * 1024);
  assert(drops.length >= 50 && drops.every((reason) => reason === 'queue_full'), `${drops.length}`);
});

test('a reader that goes away: lines that wait and later ones are dropped and counted', async () => {
  const reader = spawn('sleep', ['600'], { stdio: ['pipe', 'ignore', 'ignore'] });
  const drops: LogDrop[] = [];
  const output = outputToReader(reader.stdin, (reason) => drops.push(reason));
  for (let i = 0; i < 10; i += 1) output.write(`${'x'.repeat(99_999)}\n`);
  reader.kill('SIGKILL');
  await once(reader, 'close');
  output.write('later\n');
  await eventually(() => drops.length >= 10);
  assert(drops.every((reason) => reason === 'write_failed'));
  await output.flush();
});

test('a reader that reads: `flush` waits until everything has been written', async () => {
  const reader = spawn('wc', ['-c'], { stdio: ['pipe', 'pipe', 'ignore'] });
  let counted = '';
  reader.stdout.on('data', (chunk) => {
    counted += chunk;
  });
  const output = outputToReader(reader.stdin, () => assert.fail('nothing is lost'));
  for (let i = 0; i < 20; i += 1) output.write(`${'x'.repeat(99_999)}\n`);
  await output.flush();
  reader.stdin.end();
  await once(reader, 'close');
  assert.equal(counted.trim(), '2000000');
});
