/** A result counts for as long as nothing has changed that it depends on. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createStamps } from './stamps.ts';

const DAYS = 'loadtest/gamedays/days';

/** @returns a file of two days, and of what both use */
function daysOf(shared: string, rejected: string, expired: string): string {
  const day = (name: string, fault: string) =>
    `  {\n    name: '${name}',\n    fault: ${fault},\n    expected: [\n      {},\n    ],\n  },\n`;
  return `const SHARED = '${shared}';\n\nexport const KEY_DAYS: readonly GameDay[] = [\n${day('key_expired', expired)}${day('key_rejected', rejected)}];\n`;
}

const TREE: Readonly<Record<string, string>> = {
  'package-lock.json': '{}',
  'app/outcome.ts': 'export const OUTCOMES = [];',
  'app/outcome.test.ts': 'a test',
  'observability/prometheus/rules/causes.yml': 'for: 2m',
  'observability/runbooks/A.md': 'words',
  'loadtest/gamedays/judge.ts': 'the judge',
  'loadtest/gamedays/results/mine.json': '{}',
  'loadtest/simulator/faults.ts': 'faults',
  [`${DAYS}/injected.ts`]: 'export const injected = 1;',
  [`${DAYS}/keys.ts`]: daysOf('shared', "'probability 0.1'", "'none'"),
  [`${DAYS}/answers.ts`]: "  {\n    name: 'refusals',\n    fault: 'probability 0.2',\n  },",
};

/** @returns the stamp of `key_rejected` in a tree with these files in place of those */
function stampWith(t: TestContext, changed: Readonly<Record<string, string>> = {}): string {
  const root = mkdtempSync(join(tmpdir(), 'stamps-'));
  t.after(() => rmSync(root, { recursive: true, force: true }));
  for (const [path, text] of Object.entries({ ...TREE, ...changed })) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  }
  return createStamps(root)('key_rejected');
}

for (const [path, text] of [
  ['package-lock.json', '{"a":1}'],
  ['app/outcome.ts', 'another service'],
  ['app/new.ts', 'a new file'],
  ['observability/prometheus/rules/causes.yml', 'for: 40m'],
  ['loadtest/gamedays/judge.ts', 'another judge'],
  ['loadtest/simulator/faults.ts', 'other faults'],
  [`${DAYS}/injected.ts`, 'export const injected = 2;'],
  [`${DAYS}/keys.ts`, daysOf('shared', "'probability 0.9'", "'none'")],
  [`${DAYS}/keys.ts`, daysOf('another', "'probability 0.1'", "'none'")],
] as const) {
  test(`a game day that was won is played again after a change to ${path}: ${text.slice(0, 20)}`, (t) => {
    assert.notEqual(stampWith(t, { [path]: text }), stampWith(t));
  });
}

for (const [path, text] of [
  ['app/outcome.test.ts', 'another test'],
  ['observability/runbooks/A.md', 'other words'],
  ['loadtest/gamedays/results/mine.json', '{"won":true}'],
  [`${DAYS}/answers.ts`, "  {\n    name: 'refusals',\n    fault: 'probability 0.9',\n  },"],
  [`${DAYS}/keys.ts`, daysOf('shared', "'probability 0.1'", "'another day'")],
] as const) {
  test(`a game day that was won stays won after a change to ${path}`, (t) => {
    assert.equal(stampWith(t, { [path]: text }), stampWith(t));
  });
}
