/** Chunks are found however they are cut, and those that are missing are counted. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { listen } from '../../app/testing/http.ts';
import { STREAM, STREAM_CHUNKS, STREAM_END, STREAM_START } from './answers.ts';
import { readStreams, StreamReading, streamFigures } from './stream-reader.ts';
import { createUpstream } from './upstream.ts';

const texts = [STREAM_START, ...STREAM_CHUNKS, STREAM_END].map(String);

function readingOf(parts: readonly string[], everyMs = 20): StreamReading {
  const reading = new StreamReading(0);
  for (const [i, part] of parts.entries()) reading.read(part, i * everyMs);
  return reading;
}

test('StreamReading: chunk by chunk, the first one and the gaps', () => {
  const reading = readingOf(texts);
  assert.equal(reading.lost, 0);
  assert.equal(reading.isWhole, true);
  assert.equal(reading.firstMs, 20);
  assert.deepEqual(new Set(reading.gapsMs), new Set([20]));
  assert.equal(reading.gapsMs.length, STREAM.chunks - 1);
});

test('StreamReading: cut anywhere, byte by byte, it is the same', () => {
  const reading = readingOf([...texts.join('')], 0);
  assert.equal(reading.lost, 0);
  assert.equal(reading.isWhole, true);
});

test('StreamReading: chunks that are missing, doubled or out of turn are lost', () => {
  const without = texts.filter((text) => !text.includes('chunk-63;'));
  assert.equal(readingOf(without).lost, 1);
  const [start = '', first = '', second = '', ...rest] = texts;
  assert.equal(readingOf([start, second, first, ...rest]).lost, 2);
  assert(readingOf([start, first, first, second, ...rest]).lost > 0);
  assert.equal(readingOf([start]).lost, STREAM.chunks);
});

test('streamFigures: a stream that breaks off counts as broken', () => {
  const broken = readingOf(texts.slice(0, 10));
  const figures = streamFigures([[readingOf(texts), broken]], 0);
  assert.equal(figures.broken, 1);
  assert.equal(figures.framesLost, STREAM.chunks - 9);
});

test('streamFigures: the first streams of each place are not timed, and what they lose is lost', () => {
  const slow = () => readingOf(texts, 500);
  const cut = readingOf(texts.slice(0, 10), 500);
  const places = [
    [slow(), slow(), readingOf(texts)],
    [slow(), cut, readingOf(texts)],
  ];
  const figures = streamFigures(places, 2);
  assert.deepEqual([figures.streams, figures.firstP99Ms, figures.gapP99Ms], [2, 20, 20]);
  assert.deepEqual([figures.broken, figures.framesLost], [1, STREAM.chunks - 9]);
});

test('readStreams: the streams of the upstream come whole, at their pace', async (t) => {
  const url = `http://127.0.0.1:${await listen(t, createUpstream().server)}`;
  const figures = await readStreams({ url, held: 3, each: 1, untimed: 1, headers: {} });
  assert.deepEqual([figures.streams, figures.framesLost, figures.broken], [3, 0, 0]);
  // A late timer delays no later chunk, so that the middle of the gaps is the pace on any machine.
  assert(figures.gapP50Ms > 5 && figures.gapP50Ms < 60, `${figures.gapP50Ms} ms`);
});

test('readStreams: what answers with no stream has lost everything, and does not hang', async (t) => {
  const server = createServer((_, response) => response.writeHead(500).end());
  const url = `http://127.0.0.1:${await listen(t, server)}`;
  const figures = await readStreams({ url, held: 1, each: 1, untimed: 1, headers: {} });
  assert.deepEqual([figures.framesLost, figures.broken], [2 * STREAM.chunks, 2]);
});
