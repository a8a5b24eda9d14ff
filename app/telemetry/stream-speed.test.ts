/** The figures of speed, as metrics and on the call's span. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NO_USAGE } from '../anthropic/usage.ts';
import type { Outcome } from '../outcome.ts';
import { recordedCalls, TOTALS } from '../testing/recorded-calls.ts';

const usageOf = (outputTokens: number) => ({ ...NO_USAGE, inputTokens: 1, outputTokens });

test('StreamSpeed: first event, first token and first text are apart, in seconds and on the span', async (t) => {
  const { startCall, pass, span, values } = recordedCalls(t);
  const call = startCall({ stream: true });
  call.recordFirstEvent(1_100);
  pass(300);
  call.recordChunk(1, 0);
  pass(1_700);
  call.recordChunk(1, 0);
  call.recordFirstText();
  call.end('success', { ...TOTALS, longestGapMs: 1_650 });
  const only = async (name: string, labels = {}) => (await values(name, labels))[0];
  const model = { model: 'known' };
  const figures = {
    claude_api_time_to_first_event_seconds: [0.1, {}],
    claude_api_time_to_first_token_seconds: [0.3, model],
    claude_api_time_to_first_text_seconds: [2, model],
    claude_api_stream_longest_gap_seconds: [1.65, {}],
  } as const;
  for (const [name, [sum, labels]] of Object.entries(figures)) {
    assert.partialDeepStrictEqual(await only(name, labels), { count: 1, sum }, name);
  }
  assert.partialDeepStrictEqual(span('chat known')?.attributes, {
    'claude.time_to_first_event_ms': 100,
    'claude.time_to_first_token_ms': 300,
    'claude.time_to_first_text_ms': 2_000,
    'claude.longest_gap_ms': 1_650,
  });
});

test('StreamSpeed: the first event is that of the attempt whose stream is passed on', async (t) => {
  const { startCall, values } = recordedCalls(t);
  const call = startCall({ stream: true });
  call.recordFirstEvent(1_100);
  call.recordFirstEvent(1_900);
  call.recordChunk(1, 0);
  call.end('success', TOTALS);
  const [first] = await values('claude_api_time_to_first_event_seconds');
  assert.partialDeepStrictEqual(first, { count: 1, sum: 0.9 });
});

test('StreamSpeed: the first event of a failed attempt is not that of the next', async (t) => {
  const { startCall, values } = recordedCalls(t);
  const call = startCall({ stream: true });
  call.startAttempt('one').end('truncated', 200);
  call.recordFirstEvent(1_100);
  call.startAttempt('one').end('success', 200);
  call.recordChunk(1, 0);
  call.end('success', TOTALS);
  assert.deepEqual(await values('claude_api_time_to_first_event_seconds'), []);
});

test('StreamSpeed: a stream without content has a first event, and no other figure', async (t) => {
  const { startCall, span, values } = recordedCalls(t);
  const call = startCall({ stream: true });
  call.recordFirstEvent(1_100);
  call.end('success', { ...TOTALS, usage: usageOf(500), writtenTokens: 500 });
  const speeds = Object.keys(span('chat known')?.attributes ?? {}).filter((name) =>
    /time_to|longest|per_second/.test(name),
  );
  assert.deepEqual(speeds, ['claude.time_to_first_event_ms']);
  assert.equal((await values('claude_api_time_to_first_event_seconds')).length, 1);
  assert.deepEqual(await values('claude_api_output_tokens_per_second'), []);
});

const RATED: readonly [name: string, outcome: Outcome, rate: number | undefined][] = [
  ['a whole stream has one', 'success', 60],
  ['a stream that was cut has none', 'truncated', undefined],
  ['a stream that its caller left has none', 'client_cancelled', undefined],
];
for (const [name, outcome, rate] of RATED) {
  test(`StreamSpeed: of output rates, ${name}, whatever else the call has used`, async (t) => {
    const { startCall, pass, span, values } = recordedCalls(t);
    const call = startCall({ stream: true });
    pass(10_000);
    call.recordChunk(300, 0);
    pass(2_000);
    call.recordChunk(300, 0);
    pass(60_000);
    call.end(outcome, { ...TOTALS, writtenTokens: 240, usage: usageOf(9_000) });
    const found = await values('claude_api_output_tokens_per_second', { model: 'known' });
    assert.deepEqual(
      found.map((value) => (value as { sum: number }).sum),
      rate === undefined ? [] : [rate],
    );
    assert.equal(span('chat known')?.attributes['claude.output_tokens_per_second'], rate);
  });
}

test('StreamSpeed: a complete answer has none of these figures', async (t) => {
  const { startCall, pass, values } = recordedCalls(t);
  const call = startCall({ stream: false });
  pass(2_000);
  call.end('success', { ...TOTALS, usage: usageOf(500), writtenTokens: 500 });
  for (const name of ['time_to_first_event_seconds', 'output_tokens_per_second']) {
    assert.deepEqual(await values(`claude_api_${name}`), [], name);
  }
});
