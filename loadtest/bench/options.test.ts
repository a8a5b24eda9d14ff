/** `make bench` takes its options, and says what is wrong with any other. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readOptions } from './options.ts';

const KNOWN = ['express', 'off'];

function problemsOf(env: Record<string, string>): readonly string[] {
  const read = readOptions(env, KNOWN);
  return read.ok ? [] : read.problems;
}

test('bench options: without any, all subjects in three rounds', () => {
  const read = readOptions({ SUBJECTS: '', ROUNDS: '' }, KNOWN);
  assert(read.ok);
  assert.deepEqual(read.options, {
    subjects: undefined,
    rounds: 3,
    seconds: 3,
    warmUp: { calls: 100_000, seconds: 20, streams: 2 },
    pairsOnly: false,
    quick: false,
  });
});

test('bench options: subjects are separated by commas or spaces and taken once', () => {
  const read = readOptions({ SUBJECTS: 'off, express off', ROUNDS: '5', SECONDS: '1' }, KNOWN);
  assert(read.ok);
  assert.deepEqual(read.options.subjects, ['off', 'express']);
  assert.equal(read.options.rounds, 5);
  assert.equal(read.options.seconds, 1);
});

test('bench options: QUICK is one round of a second, unless told otherwise', () => {
  const read = readOptions({ QUICK: '1', SECONDS: '2' }, KNOWN);
  assert(read.ok);
  assert.deepEqual([read.options.quick, read.options.rounds, read.options.seconds], [true, 1, 2]);
});

test('bench options: PART=pairs leaves the rest of the page as it is', () => {
  const read = readOptions({ PART: 'pairs' }, KNOWN);
  assert(read.ok && read.options.pairsOnly);
});

test('bench options: an unknown subject is named, with those that there are', () => {
  const [problem = ''] = problemsOf({ SUBJECTS: 'express,ofd' });
  assert.match(problem, /ofd/);
  assert.match(problem, /there are express, off/);
});

for (const [name, text] of [
  ['ROUNDS', '0'],
  ['ROUNDS', '21'],
  ['ROUNDS', '-1'],
  ['SECONDS', '1.5'],
  ['SECONDS', 'ten'],
  ['SECONDS', '1e1'],
  ['SECONDS', '61'],
  ['QUICK', 'yes'],
  ['PART', 'rounds'],
] as const) {
  test(`bench options: ${name}=${text} is refused`, () => {
    const [problem = ''] = problemsOf({ [name]: text });
    assert(problem.startsWith(`${name}=${text}: `), problem);
  });
}

test('bench options: every problem is told at once', () => {
  assert.equal(problemsOf({ SUBJECTS: 'none', ROUNDS: 'x', SECONDS: 'y', QUICK: 'z' }).length, 4);
});
