/** README.zh-CN.md teaches the commands of README.md, in the same order; only what is said of them is Chinese. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { ROOT } from './local/paths.ts';

const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');

/** @returns the lines of the blocks of a language, in order, without comments at their ends */
function codeOf(page: string, language: string): string[] {
  const blocks = page.matchAll(new RegExp(`^\`\`\`${language}\n(.*?)^\`\`\``, 'gms'));
  return [...blocks].flatMap(([, block = '']) =>
    block.split('\n').map((line) => line.replace(/\s+#.*$/, '').trimEnd()),
  );
}

for (const language of ['sh', 'ts']) {
  test(`README.zh-CN.md: its ${language} blocks are those of README.md`, () => {
    const code = codeOf(read('README.md'), language);
    assert(code.length > 5);
    assert.deepEqual(codeOf(read('README.zh-CN.md'), language), code);
  });
}

test('README.zh-CN.md: it and README.md lead to each other, and name the same settings and memory', () => {
  const [english, chinese] = [read('README.md'), read('README.zh-CN.md')];
  assert(english.includes('](README.zh-CN.md)'));
  assert(chinese.includes('](README.md)'));
  const named = (page: string) =>
    new Set(page.match(/\b[A-Z][A-Z0-9]*_[A-Z0-9_]+\b|[\d.]+ GB|Compose [\d.]+/g));
  assert.deepEqual([...named(chinese)].sort(), [...named(english)].sort());
});

test('README.zh-CN.md: a command that differs is found', () => {
  const page = (command: string) => `\`\`\`sh\n${command}\n\`\`\`\n`;
  assert.deepEqual(codeOf(page('make up   # 启动'), 'sh'), codeOf(page('make up # start'), 'sh'));
  assert.notDeepEqual(codeOf(page('make up'), 'sh'), codeOf(page('make down'), 'sh'));
});
