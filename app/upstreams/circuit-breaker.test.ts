import assert from 'node:assert/strict';
import { test } from 'node:test';
import { BREAKER } from '../testing/fakes.ts';
import { createBreaker } from './circuit-breaker.ts';

function setUp() {
  let nowMs = 0;
  const breaker = createBreaker(BREAKER, { now: () => nowMs });
  const many = (n: number, result: 'success' | 'failure' | 'unknown') => {
    for (let i = 0; i < n; i++) breaker.begin().end(result);
  };
  const pass = (ms: number) => {
    nowMs += ms;
  };
  return { breaker, many, pass };
}

test('too few attempts conclude nothing', () => {
  const { breaker, many } = setUp();
  many(9, 'failure');
  assert.equal(breaker.state(), 'closed');
  many(1, 'failure');
  assert.equal(breaker.state(), 'open');
  assert.equal(breaker.admits(), false);
  assert.equal(breaker.opensInMs(), 1_000);
});

test('it opens at the share, not before; what says nothing is not counted', () => {
  const { breaker, many } = setUp();
  many(10, 'success');
  many(100, 'unknown');
  many(9, 'failure');
  assert.equal(breaker.state(), 'closed');
  many(1, 'failure');
  assert.equal(breaker.state(), 'open');
});

test('what is older than the window is forgotten', () => {
  const { breaker, many, pass } = setUp();
  many(9, 'failure');
  pass(1_001);
  many(9, 'failure');
  assert.equal(breaker.state(), 'closed');
});

test('half-open: a few probe it, all succeed, and it closes with a small share that grows', () => {
  const { breaker, many, pass } = setUp();
  many(10, 'failure');
  pass(1_000);
  assert.equal(breaker.state(), 'half_open');
  const first = breaker.begin();
  const second = breaker.begin();
  assert.equal(breaker.admits(), false, 'two probes at once');
  first.end('success');
  assert.equal(breaker.state(), 'half_open');
  second.end('success');
  assert.equal(breaker.state(), 'closed');
  assert.equal(breaker.share(), 0.1);
  pass(5_000);
  assert.equal(breaker.share(), 0.55);
  pass(60_000);
  assert.equal(breaker.share(), 1);
});

test('half-open: one failure opens it again, one that says nothing makes room for another', () => {
  const { breaker, many, pass } = setUp();
  many(10, 'failure');
  pass(1_000);
  const [one, two] = [breaker.begin(), breaker.begin()];
  one.end('unknown');
  assert.equal(breaker.admits(), true);
  two.end('failure');
  assert.equal(breaker.state(), 'open');
  pass(1_000);
  assert.equal(breaker.admits(), true);
});

test('an attempt that began before it opened changes nothing when it ends', () => {
  const { breaker, many, pass } = setUp();
  const late = Array.from({ length: 30 }, () => breaker.begin());
  many(10, 'failure');
  pass(1_000);
  for (const attempt of late.splice(0, 10)) attempt.end('success');
  assert.equal(breaker.state(), 'half_open');
  many(2, 'success');
  assert.equal(breaker.state(), 'closed');
  for (const attempt of late) attempt.end('failure');
  assert.equal(breaker.state(), 'closed');
});

test('a probe of an earlier try counts no more, and keeps nobody’s place', () => {
  const { breaker, many, pass } = setUp();
  many(10, 'failure');
  pass(1_000);
  const [one, other] = [breaker.begin(), breaker.begin()];
  one.end('failure');
  other.began();
  pass(1_000);
  const again = [breaker.begin(), breaker.begin()];
  other.end('failure');
  for (const attempt of again) attempt.end('success');
  assert.equal(breaker.state(), 'closed');
});

test('a stream that has begun is a probe’s success; that it broke is counted after', () => {
  const { breaker, many, pass } = setUp();
  many(10, 'failure');
  pass(1_000);
  const streams = [breaker.begin(), breaker.begin()];
  for (const stream of streams) stream.began();
  assert.equal(breaker.state(), 'closed');
  for (const stream of streams) stream.end('failure');
  many(7, 'failure');
  assert.equal(breaker.state(), 'closed');
  many(1, 'failure');
  assert.equal(breaker.state(), 'open');
});

test('a sudden death after much success is seen at once', () => {
  const { breaker, many } = setUp();
  many(1_000, 'success');
  many(9, 'failure');
  many(1, 'success');
  many(9, 'failure');
  assert.equal(breaker.state(), 'closed', 'not in a row');
  many(1, 'failure');
  assert.equal(breaker.state(), 'open');
});
