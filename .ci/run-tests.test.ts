/** The runner counts the tests that passed, failed and were skipped, and overlooks no way to fail. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { promisify } from 'node:util';
import type { Counts } from './run-tests.ts';

const directory = mkdtempSync(join(tmpdir(), 'observatory-runner-'));
after(() => rmSync(directory, { recursive: true }));

const FIXTURES = {
  good: `test('a', () => {}); test('b', () => {}); test('c', { skip: 'why' }, () => {});`,
  bad: `test('a', () => {}); test('b', () => { throw new Error('no'); });`,
  throwsAtImport: `throw new Error('no');`,
  hookFails: `describe('s', () => { after(() => { throw new Error('no'); }); test('a', () => {}); });`,
  exits: `test('a', () => {}); test('b', () => process.exit(3));`,
};

/** Runs in a separate process, as Node's runner refuses to run inside itself. */
async function count(...names: (keyof typeof FIXTURES)[]): Promise<Counts> {
  const files = names.map((name) => {
    const file = join(directory, `${name}.test.mjs`);
    writeFileSync(file, `import { after, describe, test } from 'node:test';\n${FIXTURES[name]}`);
    return file;
  });
  const runner = new URL('./run-tests.ts', import.meta.url).href;
  // The script is a file, as one given by `-e` would be handed down to the test processes.
  const script = join(directory, `${names.join('-')}.mjs`);
  writeFileSync(
    script,
    `import { nodeTests } from ${JSON.stringify(runner)};
    console.log('\\n' + JSON.stringify(await nodeTests(${JSON.stringify(files)})));`,
  );
  const env = { ...process.env, NODE_TEST_CONTEXT: undefined };
  const { stdout } = await promisify(execFile)(process.execPath, [script], { env });
  return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '');
}

const table: readonly [names: (keyof typeof FIXTURES)[], counts: Counts][] = [
  [['good'], { passed: 2, failed: 0, skipped: 1 }],
  [['bad'], { passed: 1, failed: 1, skipped: 0 }],
  [['throwsAtImport'], { passed: 0, failed: 1, skipped: 0 }],
  [['hookFails'], { passed: 1, failed: 1, skipped: 0 }],
  [['good', 'bad', 'throwsAtImport'], { passed: 3, failed: 2, skipped: 1 }],
];
for (const [names, counts] of table) {
  test(`run-tests: counts the tests of ${names.join(', ')}`, async () =>
    assert.deepEqual(await count(...names), counts));
}

test('run-tests: a test that ends its process fails', async () => {
  assert.notEqual((await count('exits')).failed, 0);
});
