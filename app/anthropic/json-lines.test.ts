import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseLines } from './json-lines.ts';
import { EventTooLargeError } from './sse.ts';

const MIB = 1024 * 1024;

async function* chunksOf(text: string, size: number): AsyncGenerator<Uint8Array> {
  const bytes = Buffer.from(text);
  for (let from = 0; from < bytes.length; from += size) yield bytes.subarray(from, from + size);
}

/** @returns the text of each block */
async function blocksOf(chunks: AsyncIterable<Uint8Array>): Promise<string[]> {
  const blocks: string[] = [];
  for await (const events of parseLines(chunks)) {
    for (const { raw } of events) blocks.push(Buffer.from(raw).toString());
  }
  return blocks;
}

const LISTS: Readonly<Record<string, string>> = {
  'of two lines': '{"a":1}\n{"b":2}\n',
  'without a line end at its end': '{"a":"ü"}\n{"b":2}',
  'with empty lines everywhere': '\n\r\n{"a":1}\n\n \n{"b":2}\n\n\n',
  'of empty lines alone': '\n\n\n',
  'of nothing': '',
};
for (const [what, list] of Object.entries(LISTS)) {
  test(`parseLines: a list ${what} comes out as it went in, a result in each block, however it is cut`, async () => {
    for (let size = 1; size <= list.length + 1; size++) {
      const blocks = await blocksOf(chunksOf(list, size));
      assert.equal(blocks.join(''), list, `chunks of ${size}`);
      for (const block of blocks.slice(0, -1)) assert.match(block, /[^\s]\s*\n$/);
    }
  });
}

test('parseLines: a result of 8 MiB with its line end passes in chunks of any size, and a byte more does not', async () => {
  const whole = `${'x'.repeat(8 * MIB - 1)}\n`;
  for (const size of [9 * MIB, 65_536, 100]) {
    assert.equal((await blocksOf(chunksOf(whole, size)))[0], whole);
    const longer = blocksOf(chunksOf(`x${whole}`, size));
    await assert.rejects(longer, EventTooLargeError, `chunks of ${size}`);
  }
});

test('parseLines: many results of one chunk are no long one, whatever waits before them', async () => {
  const waiting = 'x'.repeat(8 * MIB - 10);
  const list = `${waiting}\n${'{}\n'.repeat(10_000)}`;
  assert.equal((await blocksOf(chunksOf(list, 4 * MIB))).join('').length, list.length);
});

const ENDLESS: Readonly<Record<string, string>> = {
  'a line that never ends': 'x',
  'empty lines': '\n',
  'empty lines of Windows': '\r\n',
  'lines of spaces': '  \n',
};
for (const [what, piece] of Object.entries(ENDLESS)) {
  test(`parseLines: ${what} in place of the next result are given up after 8 MiB`, async () => {
    let sent = 0;
    async function* endless(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('{"a":1}\n');
      const chunk = Buffer.from(piece.repeat(20_000));
      for (;;) {
        sent += chunk.length;
        yield chunk;
      }
    }
    const blocks: string[] = [];
    const read = async () => {
      for await (const [block] of parseLines(endless())) blocks.push(String(block?.raw.length));
    };
    await assert.rejects(read(), {
      name: 'EventTooLargeError',
      message: 'the upstream sent 8 MiB of results without the end of one',
    });
    assert.deepEqual(blocks, ['8']);
    assert(sent > 8 * MIB && sent < 9 * MIB, `${sent} bytes`);
  });
}
