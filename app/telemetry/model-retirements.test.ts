import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ModelRetirements } from './model-retirements.ts';

const of = (id: string, retiresAtMs: number | null) => ({ id, retiresAtMs });

test('ModelRetirements: configured models have their day, by family, and others have none', () => {
  const retirements = new ModelRetirements(['a', 'b']);
  retirements.learn([of('a-20260101', 5), of('b', null), of('c', 7), of('a-x', 8)]);
  assert.deepEqual(retirements.first(), [['a', 5]]);
});

test('ModelRetirements: the first day of a family’s IDs counts', () => {
  const retirements = new ModelRetirements(['a']);
  retirements.learn([of('a-20260101', 9), of('a-20260202', 5), of('a', 7)]);
  assert.deepEqual(retirements.first(), [['a', 5]]);
});

test('ModelRetirements: a day that is moved or taken back is followed', () => {
  const retirements = new ModelRetirements(['a', 'b']);
  retirements.learn([of('a', 5), of('b', 6)]);
  retirements.learn([of('a', 9)]);
  assert.deepEqual(retirements.first(), [
    ['a', 9],
    ['b', 6],
  ]);
  retirements.learn([of('a', null)]);
  assert.deepEqual(retirements.first(), [['b', 6]]);
});

test('ModelRetirements.learnAll: an ID that has left the list is forgotten while its family is in it, else it keeps its day', () => {
  const retirements = new ModelRetirements(['a', 'b']);
  retirements.learnAll([of('a-20260101', 5), of('b', 6)]);
  retirements.learnAll([of('a-20260202', null)]);
  assert.deepEqual(retirements.first(), [['b', 6]]);
});

test('ModelRetirements: an upstream that invents a million IDs of a family fills no memory', () => {
  const retirements = new ModelRetirements(['a']);
  retirements.learn([of('a', 1_000_000)]);
  const invented = Array.from({ length: 100_000 }, (_, i) => of(`a-20${100_000 + i}`, i));
  retirements.learn(invented);
  assert.equal(retirements.first().length, 1);
  retirements.learn([of('a', 1)]);
  assert.equal(retirements.first()[0]?.[1], 0, 'those that are kept can still change');
});
