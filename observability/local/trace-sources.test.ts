/** Lines of an ID are found in the end of the service's log, however large it is. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileAndSpanStore, MAX_LINES } from './trace-sources.ts';

const folder = mkdtempSync(join(tmpdir(), 'observatory-lines-'));
after(() => rmSync(folder, { recursive: true }));
const MIB = 1024 * 1024;

async function linesOf(id: string, text: string): Promise<string[]> {
  const logFile = join(folder, `${id}.log`);
  writeFileSync(logFile, text);
  return fileAndSpanStore({ logFile, spanStore: 'http://127.0.0.1:1' }).logLines(id, undefined);
}

test('make find: lines of the ID are found in a log file', async () => {
  const line = '{"correlation_id":"a"}';
  assert.deepEqual(await linesOf('a', `${line}\n{"correlation_id":"ab"}\n`), [line]);
});

test('make find: a word that other fields have is no ID of theirs', async () => {
  const line = '{"level":"info","correlation_id":"c"}';
  assert.deepEqual(await linesOf('info', `${line}\n`), []);
});

test('make find: of an ID with many lines the first are found, so that they can be shown', async () => {
  const lines = await linesOf('d', '{"correlation_id":"d"}\n'.repeat(MAX_LINES + 1));
  assert.equal(lines.length, MAX_LINES);
});

test('make find: of a large log only the end is read, and no half of a line is shown', async () => {
  const line = '{"correlation_id":"b"}';
  const filler = `${'x'.repeat(1023)}\n`.repeat(65 * 1024);
  assert(filler.length > 64 * MIB);
  assert.deepEqual(await linesOf('b', `${line}\n${filler}${line}\n`), [line]);
});

test('make find: a log that is not there is an error', async () => {
  const source = fileAndSpanStore({ logFile: join(folder, 'none'), spanStore: '' });
  await assert.rejects(source.logLines('a', undefined), { code: 'ENOENT' });
});
