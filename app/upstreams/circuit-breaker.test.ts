import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { CircuitState } from '../telemetry/vocabulary.ts';
import { BREAKER } from '../testing/fakes.ts';
import { type AttemptEnd, CircuitBreaker } from './circuit-breaker.ts';

function setUp() {
  let nowMs = 0;
  const changes: CircuitState[] = [];
  const breaker = new CircuitBreaker(BREAKER, {
    now: () => nowMs,
    onStateChange: (state) => changes.push(state),
  });
  const many = (n: number, how: AttemptEnd) => {
    for (let i = 0; i < n; i++) breaker.begin().end(how);
  };
  const pass = (ms: number) => {
    nowMs += ms;
  };
  return { breaker, changes, many, pass };
}

test('circuit breaker: it stays closed below the minimum of attempts', () => {
  const { breaker, many } = setUp();
  many(9, 'failure');
  assert.equal(breaker.state(), 'closed');
  many(1, 'failure');
  assert.equal(breaker.state(), 'open');
  assert.equal(breaker.admits(), false);
  assert.equal(breaker.halfOpensInMs(), 1_000);
});

test('circuit breaker: it opens at the failure ratio, and unknown ends do not count', () => {
  const { breaker, many } = setUp();
  many(10, 'success');
  many(100, 'unknown');
  many(9, 'failure');
  assert.equal(breaker.state(), 'closed');
  many(1, 'failure');
  assert.equal(breaker.state(), 'open');
});

test('circuit breaker: failures older than the window do not count', () => {
  const { breaker, many, pass } = setUp();
  many(9, 'failure');
  pass(1_001);
  many(9, 'failure');
  assert.equal(breaker.state(), 'closed');
});

test('circuit breaker: it closes when all probes succeed, with a share that grows slowly', () => {
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
  assert.equal(breaker.slowStartShare(), 0.1);
  pass(5_000);
  assert.equal(breaker.slowStartShare(), 0.55);
  pass(60_000);
  assert.equal(breaker.slowStartShare(), 1);
});

test('circuit breaker: a failed probe opens it again, and an unknown end frees its slot', () => {
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

test('circuit breaker: an attempt that began before it opened changes nothing when it ends', () => {
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

test('circuit breaker: a probe of an earlier half-open period neither counts nor takes a slot', () => {
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

test('circuit breaker: a stream that has begun is a successful probe, and its later failure counts', () => {
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

test('circuit breaker: consecutive failures open it at once, even after long success', () => {
  const { breaker, many } = setUp();
  many(1_000, 'success');
  many(9, 'failure');
  many(1, 'success');
  many(9, 'failure');
  assert.equal(breaker.state(), 'closed', 'not in a row');
  many(1, 'failure');
  assert.equal(breaker.state(), 'open');
});

test('circuit breaker: each change of state is reported once', () => {
  const { breaker, changes, many, pass } = setUp();
  many(10, 'failure');
  pass(1_000);
  assert.deepEqual(changes, ['open'], 'half-open comes when the breaker is asked');
  breaker.state();
  breaker.state();
  many(1, 'failure');
  pass(1_000);
  many(2, 'success');
  assert.deepEqual(changes, ['open', 'half_open', 'open', 'half_open', 'closed']);
});
