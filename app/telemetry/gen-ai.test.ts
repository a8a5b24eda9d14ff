import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NO_USAGE } from '../anthropic/usage.ts';
import { recordedCalls, TOTALS } from '../testing/recorded-calls.ts';

const USAGE = {
  ...NO_USAGE,
  inputTokens: 10,
  outputTokens: 20,
  thinkingTokens: 7,
  cacheReadTokens: 5,
  cacheWrite5mTokens: 1,
  cacheWrite1hTokens: 2,
};
const CALL = {
  'gen_ai.operation.name': 'chat',
  'gen_ai.provider.name': 'anthropic',
  'gen_ai.request.model': 'known',
};
const USED = { ...CALL, 'gen_ai.token.modality': 'unknown' };
const INPUT = 'gen_ai.client.inference.operation.input_tokens';
const OUTPUT = 'gen_ai.client.inference.operation.output_tokens';

test('GenAI conventions: cached tokens are counted as input, and once more by what the cache did', async (t) => {
  const { startCall, span, values } = recordedCalls(t);
  const call = startCall();
  call.startAttempt('one').end('success', 200);
  call.end('success', { usage: USAGE, overheadMs: 0 });
  const used = (name: string) => values(`gen_ai.client.inference.usage.${name}_tokens`, USED);
  assert.deepEqual(await used('input'), [18]);
  assert.deepEqual(await used('output'), [20]);
  assert.deepEqual(await used('reasoning.output'), [7]);
  assert.deepEqual(await used('cache_read.input'), [5]);
  assert.deepEqual(await used('cache_write.input'), [3]);
  assert.partialDeepStrictEqual(await values(INPUT, CALL), [{ count: 1, sum: 18 }]);
  assert.partialDeepStrictEqual(await values(OUTPUT, CALL), [{ count: 1, sum: 20 }]);
  assert.partialDeepStrictEqual(span('chat known')?.attributes, {
    'gen_ai.usage.input_tokens': 18,
    'gen_ai.usage.output_tokens': 20,
    'gen_ai.usage.reasoning.output_tokens': 7,
    'gen_ai.usage.cache_read.input_tokens': 5,
    'gen_ai.usage.cache_write.input_tokens': 3,
    'anthropic.usage.cache_creation.ephemeral_5m_input_tokens': 1,
    'anthropic.usage.cache_creation.ephemeral_1h_input_tokens': 2,
  });
});

test('GenAI conventions: a failed call has an error type and 0 tokens where none were reported', async (t) => {
  const { startCall, values } = recordedCalls(t);
  const call = startCall();
  call.startAttempt('one').end('overloaded', 529);
  call.end('overloaded', TOTALS);
  // A budget of series (docs/adr/0028): which models fail is told by another metric.
  const { 'gen_ai.request.model': model, ...rest } = CALL;
  const failed = { ...rest, 'error.type': '_OTHER' };
  for (const name of [INPUT, OUTPUT]) {
    assert.partialDeepStrictEqual(await values(name, failed), [{ count: 1, sum: 0 }]);
    assert.equal((await values(name)).length, 1);
    assert.deepEqual(await values(name, { 'gen_ai.request.model': model }), []);
  }
  const [duration] = await values('gen_ai.client.inference.duration', failed);
  assert.partialDeepStrictEqual(duration, { count: 1 });
});

test('GenAI conventions: a call that was refused unsent has a duration and no tokens', async (t) => {
  const { recorder, values } = recordedCalls(t);
  const info = { operation: 'chat', model: '', stream: false, caller: 'search' } as const;
  recorder.recordRejection({ ...info, receivedAtMs: 1_000 }, 'shed');
  assert.equal((await values('gen_ai.client.inference.duration')).length, 1);
  assert.deepEqual(await values(INPUT), []);
});

test('GenAI conventions: duration and first chunk run from the start of the span, after the upload', async (t) => {
  const { startCall, pass, span, values } = recordedCalls(t);
  const call = startCall({ stream: true, receivedAtMs: 400, uploadMs: 600 });
  pass(300);
  call.recordChunk(1, 0);
  pass(200);
  call.end('success', TOTALS);
  const [first] = await values('gen_ai.client.inference.time_to_first_chunk');
  assert.partialDeepStrictEqual(first, { count: 1, sum: 0.3 });
  const [duration] = await values('gen_ai.client.inference.duration', CALL);
  assert.partialDeepStrictEqual(duration, { count: 1, sum: 0.5 });
  assert.partialDeepStrictEqual(span('chat known')?.attributes, {
    'gen_ai.request.stream': true,
    'gen_ai.response.time_to_first_chunk': 0.3,
  });
});

for (const [what, outcome, stopReason, reasons] of [
  ['came to its end', 'success', 'end_turn', ['end_turn']],
  ['was cut', 'truncated', undefined, ['error']],
  ['was left', 'client_cancelled', undefined, ['error']],
] as const) {
  test(`GenAI conventions: the finish reason of a message that ${what}`, (t) => {
    const { startCall, span } = recordedCalls(t);
    const call = startCall();
    call.startAttempt('one');
    if (stopReason) call.setResponse({ stopReason });
    call.end(outcome, TOTALS);
    const { attributes } = span('chat known') ?? assert.fail('no span');
    assert.deepEqual(attributes['gen_ai.response.finish_reasons'], reasons);
  });
}

test('GenAI conventions: a call that is no stream has neither a first chunk nor the attribute of a stream', (t) => {
  const { startCall, span } = recordedCalls(t);
  startCall().end('success', TOTALS);
  const names = Object.keys(span('chat known')?.attributes ?? {});
  assert(!names.some((name) => /stream|chunk/.test(name)), names.join());
});
