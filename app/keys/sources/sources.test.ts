/** Tests the format of keys and the sources that need no server: environment and file. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import type { SourceFailure } from '../../telemetry/vocabulary.ts';
import { envSource } from './env.ts';
import { fileSource } from './file.ts';
import { keysFromText } from './source.ts';

const signal = new AbortController().signal;

const TEXTS: readonly [name: string, text: string, is: Record<string, string> | SourceFailure][] = [
  ['one key', 'sk-ant-one', { default: 'sk-ant-one' }],
  ['one key with a line break', 'sk-ant-one\n', { default: 'sk-ant-one' }],
  [
    'a JSON object of keys',
    '{"blue":"sk-blue-1","green":"sk-green"}',
    { blue: 'sk-blue-1', green: 'sk-green' },
  ],
  ['an empty text', '', 'empty'],
  ['white space', ' \n', 'empty'],
  ['an empty JSON object', '{}', 'empty'],
  ['truncated JSON', '{"blue":"sk-bl', 'malformed'],
  ['a key that is a number', '{"blue":12345678}', 'malformed'],
  ['a short key', 'sk', 'malformed'],
  ['a text of two lines', 'sk-ant-one\nsk-ant-two', 'malformed'],
  ['a key with a line break inside', '{"blue":"sk-ant\\r\\nx-evil: 1"}', 'malformed'],
  ['an alias with a space', '{"Blue Key":"sk-ant-one"}', 'malformed'],
  ['an alias __proto__', '{"__proto__":"sk-ant-one"}', 'malformed'],
  ['a JSON array', '["sk-ant-one"]', 'malformed'],
  [
    'an object of seventeen keys',
    JSON.stringify(
      Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`k${i}`, 'sk-ant-one'])),
    ),
    'malformed',
  ],
];
for (const [name, text, is] of TEXTS) {
  test(`key text: ${name} ${typeof is === 'string' ? `is ${is}` : `gives ${Object.keys(is).join(', ')}`}`, () => {
    if (typeof is === 'string') {
      assert.throws(
        () => keysFromText(text, 'test'),
        (error: Error) => {
          assert.equal((error as { failure?: string }).failure, is);
          assert(!error.message.includes('sk-ant'), 'the message quotes the key');
          return true;
        },
      );
      return;
    }
    const keys = keysFromText(text, 'test').map(({ alias, secret }) => [alias, secret.reveal()]);
    assert.deepEqual(Object.fromEntries(keys), is);
  });
}

test('env source: it reads the variable, and an unset one is empty', async () => {
  const source = envSource('CLAUDE_API_KEY', 'sk-ant-one');
  assert.equal(source.name, 'env:CLAUDE_API_KEY');
  assert.equal((await source.read(signal)).current[0]?.secret.reveal(), 'sk-ant-one');
  await assert.rejects(envSource('X', undefined).read(signal), { failure: 'empty' });
});

function folder(t: TestContext): string {
  const path = mkdtempSync(join(tmpdir(), 'keys-'));
  t.after(() => rmSync(path, { recursive: true }));
  return path;
}

const read = async (path: string) =>
  (await fileSource(path).read(signal)).current[0]?.secret.reveal();

test('file source: every read opens the file anew, and each failure has its name', async (t) => {
  const path = join(folder(t), 'key');
  await assert.rejects(read(path), { failure: 'not_found' });
  writeFileSync(path, 'sk-ant-one\n');
  assert.equal(await read(path), 'sk-ant-one');
  writeFileSync(path, 'sk-ant-two\n');
  assert.equal(await read(path), 'sk-ant-two');
  writeFileSync(path, 'x'.repeat(70_000));
  await assert.rejects(read(path), { failure: 'malformed' });
  mkdirSync(`${path}-folder`);
  await assert.rejects(read(`${path}-folder`), { failure: 'malformed' });
  // Root can read every file.
  if (process.getuid?.() !== 0) {
    chmodSync(path, 0);
    await assert.rejects(read(path), { failure: 'denied' });
  }
});

/** Watches the file, runs `change`, and waits until the source reports it. */
async function changeReported(path: string, change: () => void): Promise<void> {
  const reported = new EventTarget();
  const event = once(reported, 'change');
  const unwatch = fileSource(path).watch?.(() => reported.dispatchEvent(new Event('change')));
  change();
  await event;
  unwatch?.();
}

test('file source: it reports a change, also of a symbolic link that is replaced, as Kubernetes does', async (t) => {
  const home = folder(t);
  const path = join(home, 'key');
  writeFileSync(path, 'sk-ant-one');
  await changeReported(path, () => writeFileSync(path, 'sk-ant-two'));

  for (const [version, key] of [
    ['v1', 'sk-ant-one'],
    ['v2', 'sk-ant-two'],
  ] as const) {
    mkdirSync(join(home, version));
    writeFileSync(join(home, version, 'mounted'), key);
  }
  symlinkSync('v1', join(home, 'data'));
  const mounted = join(home, 'mounted');
  symlinkSync('data/mounted', mounted);
  assert.equal(await read(mounted), 'sk-ant-one');
  await changeReported(mounted, () => {
    symlinkSync('v2', join(home, 'data-new'));
    renameSync(join(home, 'data-new'), join(home, 'data'));
  });
  assert.equal(await read(mounted), 'sk-ant-two');
});

test('file source: watching a missing folder is no error', () => {
  assert.doesNotThrow(() => fileSource('/not/there/key').watch?.(() => {})());
});

for (const [name, make] of [
  ['a FIFO', (path: string) => execFileSync('mkfifo', [path])],
  ['a folder', (path: string) => mkdirSync(path)],
  ['a link to a device', (path: string) => symlinkSync('/dev/zero', path)],
] as const) {
  test(`file source: ${name} is malformed, at once, and the next good file is read`, async (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'keys-'));
    t.after(() => rmSync(folder, { recursive: true }));
    const path = join(folder, 'key');
    make(path);
    const source = fileSource(path);
    // More reads than Node has threads: none of them may hang.
    for (let i = 0; i < 8; i++) {
      await assert.rejects(source.read(signal), { failure: 'malformed' });
    }
    rmSync(path, { recursive: true });
    writeFileSync(path, 'sk-ant-one');
    const { current } = await source.read(signal);
    assert.equal(current[0]?.secret.reveal(), 'sk-ant-one');
  });
}

test('file source: reads at the same time are one read', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'keys-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const path = join(folder, 'key');
  writeFileSync(path, 'sk-ant-one');
  const source = fileSource(path);
  const first = source.read(signal);
  assert.equal(source.read(signal), first);
  await first;
  const second = source.read(signal);
  assert.notEqual(second, first);
  // A read that outlives the test fails on the folder that is gone.
  await second;
});
