/** `make find` prints the spans of a trace as a tree. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tree } from './find.ts';
import { isPartial } from './one-id.ts';
import type { StoredSpan } from './trace-sources.ts';

const span = (
  spanId: string,
  parentSpanId: string,
  startNs: string,
  attributes = {},
): StoredSpan => ({
  traceId: 't',
  spanId,
  parentSpanId,
  name: spanId,
  startNs,
  attributes,
  endNs: String(BigInt(startNs) + 1_500_000n),
});

test('make find: child spans stand below their parent in order of time, with duration and outcome', () => {
  const spans = [
    span('attempt 2', 'chat', '1700000000000000300'),
    span('attempt 1', 'chat', '1700000000000000200'),
    span('chat', 'POST', '1700000000000000100', { 'claude.outcome': 'success' }),
    span('POST', '', '1700000000000000000', { 'http.response.status_code': 200 }),
  ];
  assert.deepEqual(tree(spans), [
    'POST  1.5 ms  http.response.status_code=200',
    '  chat  1.5 ms  claude.outcome=success',
    '    attempt 1  1.5 ms',
    '    attempt 2  1.5 ms',
  ]);
});

test('make find: Claude’s own span stands beside our request to it, and the difference is the network', () => {
  const spans = [
    span('attempt', '', '1700000000000000000'),
    span('POST', 'attempt', '1700000000000000100'),
    span('anthropic.messages.create', 'attempt', '1700000000000000200'),
  ];
  assert.deepEqual(tree(spans), [
    'attempt  1.5 ms',
    '  POST  1.5 ms',
    '  anthropic.messages.create  1.5 ms',
  ]);
});

test('make find: a span whose parent is unknown, as a caller’s is, is shown as a root', () => {
  assert.deepEqual(tree([span('POST', 'of-the-caller', '0')]), ['POST  1.5 ms']);
});

test('make find: Claude’s own span may come first, so it waits for the span of the caller’s request', () => {
  const claude = span('anthropic.messages.create', 'attempt', '2', {
    'http.route': '/v1/messages',
    'gen_ai.operation.name': 'chat',
  });
  const request = span('POST /v1/messages', '', '1', { 'http.route': '/v1/messages' });
  assert.equal(isPartial([]), true);
  assert.equal(isPartial([claude]), true);
  assert.equal(isPartial([claude, request]), false);
});
