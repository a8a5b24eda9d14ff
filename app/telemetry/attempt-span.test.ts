import assert from 'node:assert/strict';
import { test } from 'node:test';
import { context, SpanStatusCode, trace } from '@opentelemetry/api';
import type { Outcome } from '../outcome.ts';
import { recordedCalls, TOTALS } from '../testing/recorded-calls.ts';

test('AttemptSpan.setKey: the key is on the span of its attempt, whatever span is active', (t) => {
  const { startCall, tracer, span } = recordedCalls(t);
  const other = tracer.startSpan('other');
  const call = startCall();
  const attempt = call.startAttempt('one');
  context.with(trace.setSpan(context.active(), other), () => attempt.setKey('k1'));
  attempt.end('success', 200);
  call.end('success', TOTALS);
  other.end();
  assert.equal(span('attempt')?.attributes['claude.key'], 'k1');
  assert.equal(span('chat known')?.attributes['claude.key'], undefined);
  assert.equal(span('other')?.attributes['claude.key'], undefined);
});

test('AttemptSpan: two attempts in progress keep their own keys', (t) => {
  const { startCall, spans } = recordedCalls(t);
  const call = startCall();
  const first = call.startAttempt('one');
  const second = call.startAttempt('two');
  second.run(() => first.setKey('k1'));
  first.run(() => second.setKey('k2'));
  first.end('overloaded', 529);
  second.end('success', 200);
  assert.deepEqual(
    spans().map(({ attributes }) => [attributes['claude.upstream'], attributes['claude.key']]),
    [
      ['one', 'k1'],
      ['two', 'k2'],
    ],
  );
});

test('AttemptSpan: it is a child of the call, and its headers carry its own span to the upstream', (t) => {
  const { startCall, span } = recordedCalls(t);
  const call = startCall();
  const attempt = call.startAttempt('one');
  const active = attempt.run(() => trace.getActiveSpan()?.spanContext().spanId);
  attempt.end('success', 200);
  call.end('success', TOTALS);
  const child = span('attempt');
  const parent = span('chat known');
  assert.equal(active, child?.spanContext().spanId);
  assert.equal(child?.parentSpanContext?.spanId, parent?.spanContext().spanId);
  const { traceId, spanId } = child?.spanContext() ?? {};
  assert.equal(attempt.headers['traceparent'], `00-${traceId}-${spanId}-01`);
});

const ATTEMPT_ENDS: readonly [Outcome, number, { isError: boolean; counted: boolean }][] = [
  ['success', 200, { isError: false, counted: false }],
  ['overloaded', 529, { isError: true, counted: true }],
  ['network_error', 0, { isError: true, counted: true }],
  ['invalid_request', 400, { isError: true, counted: false }],
  ['client_cancelled', 0, { isError: false, counted: false }],
];
for (const [outcome, status, { isError, counted }] of ATTEMPT_ENDS) {
  const how = `${isError ? 'marks' : 'does not mark'} the span, ${counted ? 'counts' : 'counts no'} error`;
  test(`AttemptSpan.end: ${outcome} ${how}`, async (t) => {
    const { startCall, span, values, messages } = recordedCalls(t);
    startCall().startAttempt('one').end(outcome, status);
    const attempt = span('attempt');
    assert.equal(attempt?.attributes['claude.outcome'], outcome);
    assert.equal(attempt.attributes['http.response.status_code'], status || undefined);
    assert.equal(attempt.status.code === SpanStatusCode.ERROR, isError);
    assert.equal(attempt.attributes['error.type'], isError ? outcome : undefined);
    assert.deepEqual(await values('claude_api_attempts_total', { upstream: 'one', outcome }), [1]);
    const errors = { upstream: 'one', error_type: outcome };
    assert.deepEqual(await values('claude_api_errors_total', errors), counted ? [1] : []);
    assert.deepEqual(messages(), counted ? ['attempt failed'] : []);
  });
}

test('AttemptSpan.setHeaders: the upstream’s request ID is on the spans and log lines of attempt and call', (t) => {
  const { startCall, span, lines } = recordedCalls(t);
  const call = startCall();
  const attempt = call.startAttempt('one');
  attempt.setHeaders({ 'request-id': 'req_011Ca' });
  attempt.end('overloaded', 529);
  call.end('overloaded', TOTALS);
  assert.equal(span('attempt')?.attributes['anthropic.request_id'], 'req_011Ca');
  assert.equal(span('chat known')?.attributes['anthropic.request_id'], 'req_011Ca');
  assert.deepEqual(
    lines().map(({ msg, request_id }) => [msg, request_id]),
    [
      ['attempt failed', 'req_011Ca'],
      ['call', 'req_011Ca'],
    ],
  );
});

for (const id of ['', 'a b', 'é', 'x'.repeat(129), 'a\nb', '"}']) {
  test(`AttemptSpan.setHeaders: ${JSON.stringify(id.slice(0, 20))} is no request ID and is left out`, (t) => {
    const { startCall, span, lines } = recordedCalls(t);
    const call = startCall();
    const attempt = call.startAttempt('one');
    attempt.setHeaders({ 'request-id': id });
    attempt.end('overloaded', 529);
    call.end('overloaded', TOTALS);
    assert.equal(span('attempt')?.attributes['anthropic.request_id'], undefined);
    assert(lines().every((line) => !('request_id' in line)));
  });
}

test('AttemptSpan.setNetworkCause: the cause is on the span, in the log line and in a metric', async (t) => {
  const { startCall, span, lines, values } = recordedCalls(t);
  const attempt = startCall().startAttempt('one');
  attempt.setNetworkCause('refused');
  attempt.end('network_error', 0);
  assert.equal(span('attempt')?.attributes['claude.network.cause'], 'refused');
  assert.equal(lines()[0]?.['cause'], 'refused');
  const labels = { upstream: 'one', cause: 'refused' };
  assert.deepEqual(await values('claude_api_network_errors_total', labels), [1]);
});
