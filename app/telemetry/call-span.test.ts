import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { SpanStatusCode } from '@opentelemetry/api';
import { readMessage } from '../anthropic/messages.ts';
import { NO_USAGE } from '../anthropic/usage.ts';
import { aCharge, aReport } from '../testing/charges.ts';
import { recordedCalls, TOTALS } from '../testing/recorded-calls.ts';

const USED = { inputTokens: 10, outputTokens: 20, cacheReadTokens: 5 };
const USAGE = { ...NO_USAGE, ...USED };

test('CallSpan: retries and refused retries are counted under the label `reason`', async (t) => {
  const { startCall, values, messages } = recordedCalls(t);
  const call = startCall();
  call.startAttempt('one').end('overloaded', 529);
  call.retry('overloaded');
  call.startAttempt('one').end('overloaded', 529);
  call.failedOver('two', 'overloaded');
  call.startAttempt('two').end('overloaded', 529);
  call.retryRefused('budget');
  assert.deepEqual(await values('claude_api_retries_total', { reason: 'overloaded' }), [1]);
  assert.deepEqual(await values('claude_api_retries_refused_total', { reason: 'budget' }), [1]);
  assert.deepEqual(await values('claude_api_failovers_total', { upstream: 'two' }), [1]);
  assert.deepEqual(messages(), [
    'attempt failed',
    'retrying',
    'attempt failed',
    'failing over',
    'attempt failed',
  ]);
});

test('CallSpan.retry: a retry that comes to no attempt, as no upstream is left, is not counted', async (t) => {
  const { startCall, values } = recordedCalls(t);
  const call = startCall();
  call.startAttempt('one').end('overloaded', 529);
  call.retry('overloaded');
  call.end('upstream_error', TOTALS);
  assert.deepEqual(await values('claude_api_retries_total'), []);
});

/** A call whose first attempt has said everything of its message and failed, and whose second one has begun. */
function retriedCall(t: TestContext) {
  const recorded = recordedCalls(t, { captureContent: true });
  const call = recorded.startCall({ stream: true, body: '{}' });
  const first = call.startAttempt('one');
  first.setHeaders({ 'request-id': 'req_1' });
  first.setErrorCode('ramp_limit_exceeded');
  call.setResponse({ id: 'm1', model: 'second-20261001', cacheMissReason: 'tools_changed' });
  call.setResponse({ stopReason: 'refusal', refusalCategory: 'bio' });
  call.recordOutput('Said before');
  call.recordUsage(aReport(aCharge('second-20261001', USED)));
  first.end('truncated', 200);
  call.retry('truncated');
  return { ...recorded, call, last: call.startAttempt('one') };
}

test('CallSpan: what a failed attempt has said of its message is nowhere once another has begun, but what it used is', async (t) => {
  const { call, last, span, lines, values } = retriedCall(t);
  last.end('overloaded', 529);
  call.end('overloaded', { usage: USAGE, overheadMs: 0 });
  const attributes = span('chat known')?.attributes ?? {};
  const said = Object.keys(attributes).filter((name) =>
    /response|refusal|request\.id|output\.messages/.test(name),
  );
  assert.deepEqual(said, ['gen_ai.response.finish_reasons']);
  assert.deepEqual(attributes['gen_ai.response.finish_reasons'], ['error']);
  const line = lines().at(-1) ?? {};
  for (const field of ['request_id', 'error_code', 'response_model', 'stop_reason']) {
    assert.equal(line[field], undefined, field);
  }
  assert.deepEqual(await values('claude_api_requests_total', { model: 'known' }), [1]);
  for (const reasons of ['stop_reasons', 'refusals', 'cache_misses']) {
    assert.deepEqual(await values(`claude_api_${reasons}_total`), [], reasons);
  }
  const used = { model: 'second', type: 'output' };
  assert.deepEqual(await values('claude_api_tokens_total', used), [USED.outputTokens]);
  assert.equal(attributes['gen_ai.usage.output_tokens'], USED.outputTokens);
});

test('CallSpan: of two attempts the span, the line and the reasons are those of the last, and the tokens of both', async (t) => {
  const { call, last, span, lines, values } = retriedCall(t);
  call.setResponse({ id: 'm2', model: 'known-20261001', stopReason: 'end_turn' });
  call.recordOutput('Said now');
  call.recordUsage(aReport(aCharge('known-20261001', USED)));
  last.end('success', 200);
  call.end('success', TOTALS);
  const attributes = span('chat known')?.attributes ?? {};
  assert.equal(attributes['gen_ai.response.id'], 'm2');
  assert.equal(attributes['gen_ai.response.model'], 'known-20261001');
  assert.deepEqual(attributes['gen_ai.response.finish_reasons'], ['end_turn']);
  assert.equal(attributes['claude.refusal_category'], undefined);
  assert.doesNotMatch(String(attributes['gen_ai.output.messages']), /before/);
  assert.equal(lines().at(-1)?.['response_model'], 'known-20261001');
  const reasons = await values('claude_api_stop_reasons_total');
  assert.deepEqual(reasons, [1]);
  assert.deepEqual(
    await values('claude_api_stop_reasons_total', { model: 'known', stop_reason: 'end_turn' }),
    [1],
  );
  assert.deepEqual(await values('claude_api_refusals_total'), []);
  assert.deepEqual(await values('claude_api_cache_misses_total'), []);
  for (const model of ['second', 'known']) {
    const used = { model, type: 'output' };
    assert.deepEqual(await values('claude_api_tokens_total', used), [USED.outputTokens], model);
  }
});

test('CallSpan.end: only the first call of it counts', async (t) => {
  const { startCall, spans, values, messages } = recordedCalls(t);
  const call = startCall();
  assert.deepEqual(await values('claude_api_calls_in_flight'), [1]);
  call.end('success', TOTALS);
  call.end('timeout', TOTALS);
  assert.deepEqual(
    spans().map(({ attributes }) => attributes['claude.outcome']),
    ['success'],
  );
  assert.deepEqual(await values('claude_api_requests_total'), [1]);
  assert.deepEqual(await values('claude_api_calls_in_flight'), [0]);
  assert.deepEqual(messages(), ['call']);
});

test('CallSpan.end: duration, overhead and attempts are in metrics, span and log line', async (t) => {
  const { startCall, pass, span, values, lines } = recordedCalls(t);
  const call = startCall({ stream: true });
  call.startAttempt('one').end('overloaded', 529);
  call.startAttempt('one').end('success', 200);
  pass(500);
  call.end('success', TOTALS);
  const labels = { operation: 'chat', model: 'known', stream: 'true', outcome: 'success' };
  const [duration] = await values('claude_api_request_duration_seconds', labels);
  assert.partialDeepStrictEqual(duration, { count: 1, sum: 0.5 });
  const [overhead] = await values('claude_api_overhead_seconds', { stream: 'true' });
  assert.partialDeepStrictEqual(overhead, { count: 1, sum: 0.002 });
  const [attempts] = await values('claude_api_attempts_per_call', { operation: 'chat' });
  assert.partialDeepStrictEqual(attempts, { count: 1, sum: 2 });
  assert.equal(span('chat known')?.attributes['claude.overhead_ms'], 2);
  assert.partialDeepStrictEqual(lines().at(-1), {
    msg: 'call',
    caller: 'search',
    attempts: 2,
    duration_ms: 500,
    overhead_ms: 2,
  });
});

test('CallSpan.end: cached tokens count as input for the conventions, apart for our own metrics', async (t) => {
  const { startCall, span, values } = recordedCalls(t);
  const call = startCall();
  call.recordUsage(aReport(aCharge('known', USED)));
  call.end('success', { usage: USAGE, overheadMs: 0 });
  const count = (type: string) => values('claude_api_tokens_total', { model: 'known', type });
  assert.deepEqual(await count('input'), [10]);
  assert.deepEqual(await count('cache_read'), [5]);
  assert.deepEqual(await count('cache_write_5m'), []);
  const byCaller = { caller: 'search', type: 'output' };
  assert.deepEqual(await values('claude_api_caller_tokens_total', byCaller), [20]);
  assert.equal(span('chat known')?.attributes['gen_ai.usage.input_tokens'], 15);
});

test('CallSpan: a model without a label of its own counts as `other`, span and log line have its name', async (t) => {
  const { startCall, span, values, lines } = recordedCalls(t);
  startCall({ model: 'x'.repeat(200) }).end('success', TOTALS);
  assert.deepEqual(await values('claude_api_requests_total', { model: 'other' }), [1]);
  const name = 'x'.repeat(128);
  assert.equal(span(`chat ${name}`)?.attributes['gen_ai.request.model'], name);
  assert.equal(lines()[0]?.['model'], name);
});

test('CallSpan: a line end or half a character in a name of a model, asked for or answered, is in no span and no line', (t) => {
  const { startCall, spans, lines } = recordedCalls(t);
  const call = startCall({ model: `${'x'.repeat(126)}\n😀` });
  call.setResponse(readMessage({ id: 'm\u2028', model: 'a\r\ud800' }));
  call.end('success', TOTALS);
  const asked = `${'x'.repeat(126)}\ufffd\ufffd`;
  const [span] = spans();
  assert.equal(span?.name, `chat ${asked}`);
  assert.partialDeepStrictEqual(span?.attributes, {
    'gen_ai.request.model': asked,
    'gen_ai.response.model': 'a\ufffd\ufffd',
    'gen_ai.response.id': 'm\ufffd',
  });
  assert.partialDeepStrictEqual(lines()[0], { model: asked, response_model: 'a\ufffd\ufffd' });
});

const MODELS: readonly [asked: string, answered: string | undefined, label: string][] = [
  ['known', undefined, 'known'],
  ['known', 'known-20261001', 'known'],
  ['known', 'second', 'second'],
  ['known', 'second-20261001', 'second'],
  ['known', 'nobody-knows', 'known'],
  ['known-20261001', undefined, 'known'],
  ['nobody-knows', 'second', 'second'],
  ['nobody-knows', 'nor-this', 'other'],
  ['', undefined, 'unknown'],
];
for (const [asked, answered, label] of MODELS) {
  test(`CallSpan: asked for ${asked || 'no model yet'}, answered by ${answered ?? 'none'}, it counts as ${label} in every metric`, async (t) => {
    const { startCall, spans, values, lines } = recordedCalls(t);
    const call = startCall({ model: asked, stream: true });
    if (answered) call.setResponse({ model: answered });
    call.recordChunk(1, 0);
    call.recordUsage(aReport(aCharge(answered ?? asked, USED)));
    call.end('success', { usage: USAGE, overheadMs: 0 });
    const seen = { model: label };
    assert.equal((await values('claude_api_requests_total', seen)).length, 1);
    assert.equal((await values('claude_api_request_duration_seconds', seen)).length, 1);
    assert.equal((await values('claude_api_time_to_first_token_seconds', seen)).length, 1);
    assert.deepEqual(await values('claude_api_tokens_total', { ...seen, type: 'input' }), [10]);
    const [span] = spans();
    assert.equal(span?.attributes['gen_ai.request.model'], asked || undefined);
    assert.equal(span?.attributes['gen_ai.response.model'], answered);
    assert.equal(lines()[0]?.['model'], asked || 'unknown');
    assert.equal(lines()[0]?.['response_model'], answered);
  });
}

test('CallSpan.setResponse: what a route about models answers is no message, so it has no ID or model of one', (t) => {
  const { startCall, spans } = recordedCalls(t);
  const call = startCall({ operation: 'models', model: 'known' });
  call.setResponse({ id: 'known', model: 'second' });
  call.end('success', TOTALS);
  assert.equal(spans()[0]?.attributes['gen_ai.response.id'], undefined);
  assert.equal(spans()[0]?.attributes['gen_ai.response.model'], undefined);
});

test('CallSpan: a list of models asks for none, and counts as `other`', async (t) => {
  const { startCall, values } = recordedCalls(t);
  startCall({ operation: 'models', model: '' }).end('success', TOTALS);
  assert.deepEqual(await values('claude_api_requests_total', { model: 'other' }), [1]);
});

test('CallSpan.recordChunk: the first chunk sets the time to first token, later ones their distance', async (t) => {
  const { startCall, pass, span, values } = recordedCalls(t);
  const call = startCall({ stream: true });
  pass(300);
  call.recordChunk(1, 0);
  pass(50);
  call.recordChunk(1, 0);
  call.end('success', TOTALS);
  const [first] = await values('claude_api_time_to_first_token_seconds', { model: 'known' });
  assert.partialDeepStrictEqual(first, { count: 1, sum: 0.3 });
  const [between] = await values('gen_ai.client.inference.time_per_output_chunk');
  assert.partialDeepStrictEqual(between, { count: 1, sum: 0.05 });
  assert.deepEqual(
    span('chat known')?.events.map(({ name }) => name),
    ['first token'],
  );
});

test('CallSpan: the text of a stream is captured when that is switched on, and not otherwise', (t) => {
  for (const captureContent of [true, false]) {
    const { startCall, span } = recordedCalls(t, { captureContent });
    const call = startCall({ body: '{"messages":[{"role":"user","content":"Hello"}]}' });
    assert.equal(call.capturesContent, captureContent);
    call.recordOutput('Hi ');
    call.recordOutput('there');
    call.end('success', TOTALS);
    const { attributes } = span('chat known') ?? {};
    const captured = [
      attributes?.['gen_ai.input.messages'],
      attributes?.['gen_ai.output.messages'],
    ];
    assert.deepEqual(
      captured,
      captureContent
        ? [
            '[{"role":"user","parts":[{"type":"text","content":"Hello"}]}]',
            '[{"role":"assistant","parts":[{"type":"text","content":"Hi there"}]}]',
          ]
        : [undefined, undefined],
    );
  }
});

test('CallSpan: content that cannot be captured is logged and does not break the call', async (t) => {
  const { startCall, span, values, messages } = recordedCalls(t, { captureContent: true });
  const call = startCall({ body: 'not JSON' });
  const hostile = {
    get type(): string {
      throw new Error('hostile');
    },
  };
  call.recordOutput([hostile]);
  call.end('success', TOTALS);
  const problem = 'content could not be captured';
  assert.deepEqual(messages(), [problem, problem, 'call']);
  assert.equal(span('chat known')?.attributes['claude.outcome'], 'success');
  assert.deepEqual(await values('claude_api_requests_total', { outcome: 'success' }), [1]);
});

test('recordRejection: a refused request is a call with an outcome and no attempt', async (t) => {
  const { recorder, pass, span, values } = recordedCalls(t);
  pass(40);
  const info = { operation: 'chat', model: '', stream: false, caller: 'search' } as const;
  recorder.recordRejection({ ...info, receivedAtMs: 1_000 }, 'shed');
  assert.deepEqual(await values('claude_api_requests_total', { outcome: 'shed' }), [1]);
  assert.deepEqual(await values('claude_api_attempts_per_call'), []);
  const [overhead] = await values('claude_api_overhead_seconds');
  assert.partialDeepStrictEqual(overhead, { count: 1, sum: 0.04 });
  assert.equal(span('chat')?.status.code, SpanStatusCode.ERROR);
});

test('CallSpan.setResponse: stop reason and refusal category are on the span, the reason on the line too', async (t) => {
  const { startCall, span, lines, values } = recordedCalls(t);
  const call = startCall({ stream: true });
  call.setResponse({ id: 'm', model: 'second', cacheMissReason: 'tools_changed' });
  call.setResponse({ stopReason: 'refusal', refusalCategory: 'bio' });
  call.end('success', TOTALS);
  const attributes = span('chat known')?.attributes;
  assert.deepEqual(attributes?.['gen_ai.response.finish_reasons'], ['refusal']);
  assert.equal(attributes?.['claude.refusal_category'], 'bio');
  assert.equal(lines()[0]?.['stop_reason'], 'refusal');
  const labels = { model: 'second', stop_reason: 'refusal' };
  assert.deepEqual(await values('claude_api_stop_reasons_total', labels), [1]);
  assert.deepEqual(await values('claude_api_refusals_total', { category: 'bio' }), [1]);
  assert.deepEqual(await values('claude_api_cache_misses_total', { reason: 'tools_changed' }), [1]);
});

test('CallSpan.setResponse: a reason of tomorrow is shown by its name and counted as other, what is no word as other', async (t) => {
  const { startCall, spans, lines, values } = recordedCalls(t);
  for (const stopReason of ['compaction', 'Not a\u2028word', '']) {
    const call = startCall();
    call.setResponse({ stopReason });
    call.end('success', TOTALS);
  }
  const shown = ['compaction', 'other', 'other'];
  const reasons = spans().flatMap(({ attributes }) => attributes['gen_ai.response.finish_reasons']);
  assert.deepEqual(reasons, shown);
  assert.deepEqual(
    lines().map((line) => line['stop_reason']),
    shown,
  );
  assert.deepEqual(await values('claude_api_stop_reasons_total', { stop_reason: 'other' }), [3]);
});

test('CallSpan.setResponse: other operations than chat end for no reason', async (t) => {
  const { startCall, values } = recordedCalls(t);
  const call = startCall({ operation: 'batches' });
  call.setResponse({ stopReason: 'end_turn', cacheMissReason: 'unavailable' });
  call.end('success', TOTALS);
  assert.deepEqual(await values('claude_api_stop_reasons_total'), []);
  assert.deepEqual(await values('claude_api_cache_misses_total'), []);
});
