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
  assert.equal(span('attempt')?.attributes['anthropic.request.id'], 'req_011Ca');
  assert.equal(span('chat known')?.attributes['anthropic.request.id'], 'req_011Ca');
  assert.deepEqual(
    lines().map(({ msg, request_id }) => [msg, request_id]),
    [
      ['attempt failed', 'req_011Ca'],
      ['call', 'req_011Ca'],
    ],
  );
});

test('AttemptSpan.setHeaders: organization and workspace are on the attempt’s span', (t) => {
  const { startCall, span } = recordedCalls(t);
  const attempt = startCall().startAttempt('one');
  attempt.setHeaders({ 'anthropic-organization-id': 'org-1', 'anthropic-workspace-id': 'a b' });
  attempt.end('success', 200);
  const { attributes } = span('attempt') ?? assert.fail('no span');
  assert.equal(attributes['anthropic.organization.id'], 'org-1');
  assert.equal(attributes['anthropic.workspace.id'], undefined);
});

for (const id of ['', 'a b', 'é', 'x'.repeat(129), 'a\nb', '"}']) {
  test(`AttemptSpan.setHeaders: ${JSON.stringify(id.slice(0, 20))} is no request ID and is left out`, (t) => {
    const { startCall, span, lines } = recordedCalls(t);
    const call = startCall();
    const attempt = call.startAttempt('one');
    attempt.setHeaders({ 'request-id': id });
    attempt.end('overloaded', 529);
    call.end('overloaded', TOTALS);
    assert.equal(span('attempt')?.attributes['anthropic.request.id'], undefined);
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

const CODES: readonly (readonly [
  code: string,
  shown: string | undefined,
  label: string | undefined,
])[] = [
  ['ramp_limit_exceeded', 'ramp_limit_exceeded', 'ramp_limit_exceeded'],
  ['a_code_of_tomorrow', 'a_code_of_tomorrow', 'other'],
  ['Not a code: sk-ant-…', 'other', 'other'],
  ['x'.repeat(65), 'other', 'other'],
  ['', undefined, undefined],
];
for (const [code, shown, label] of CODES) {
  test(`AttemptSpan.setErrorCode: ${code.slice(0, 24) || 'no code'} is ${shown} on span and line, and counted as ${label}`, async (t) => {
    const { startCall, span, values, lines } = recordedCalls(t);
    const call = startCall();
    const attempt = call.startAttempt('one');
    attempt.setErrorCode(code);
    attempt.end('rate_limited', 429);
    call.end('rate_limited', TOTALS);
    assert.equal(span('attempt')?.attributes['claude.error_code'], shown);
    assert.deepEqual(
      lines().map((line) => line['error_code']),
      [shown, shown],
    );
    const counted = await values(
      'claude_api_error_codes_total',
      label ? { error_code: label } : {},
    );
    assert.deepEqual(counted, label ? [1] : []);
  });
}

test('AttemptSpan.setErrorCode: every attempt counts its own code, and the call’s line has the last one’s', async (t) => {
  const { startCall, values, lines } = recordedCalls(t);
  const call = startCall();
  const first = call.startAttempt('one');
  first.setErrorCode('ramp_limit_exceeded');
  first.end('rate_limited', 429);
  call.startAttempt('two').end('success', 200);
  call.end('success', TOTALS);
  assert.deepEqual(await values('claude_api_error_codes_total', { upstream: 'one' }), [1]);
  assert.deepEqual(await values('claude_api_error_codes_total', { upstream: 'two' }), []);
  assert.equal(lines().at(-1)?.['error_code'], undefined);
});
