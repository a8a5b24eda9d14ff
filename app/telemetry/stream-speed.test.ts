/** The figures of speed, as metrics and on the call's span. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Outcome } from '../outcome.ts';
import { aCharge, aReport } from '../testing/charges.ts';
import { recordedCalls, TOTALS } from '../testing/recorded-calls.ts';

test('StreamSpeed: first event, first token and first text are apart, in seconds and on the span', async (t) => {
  const { startCall, pass, span, values } = recordedCalls(t);
  const call = startCall({ stream: true });
  call.recordFirstEvent(1_100);
  pass(300);
  call.recordChunk();
  pass(1_700);
  call.recordChunk();
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
  call.recordChunk();
  call.end('success', TOTALS);
  const [first] = await values('claude_api_time_to_first_event_seconds');
  assert.partialDeepStrictEqual(first, { count: 1, sum: 0.9 });
});

test('StreamSpeed: of a failed attempt neither its first event nor its tokens are in the figures of the next', async (t) => {
  const { startCall, pass, span, values } = recordedCalls(t);
  const call = startCall({ stream: true });
  call.startAttempt('one').end('truncated', 200);
  call.recordFirstEvent(1_100);
  call.recordUsage(aReport(aCharge('known', { outputTokens: 5_000 })));
  call.startAttempt('one').end('success', 200);
  call.recordChunk();
  pass(2_000);
  call.recordUsage(aReport(aCharge('known', { outputTokens: 100 })));
  call.end('success', TOTALS);
  assert.deepEqual(await values('claude_api_time_to_first_event_seconds'), []);
  assert.equal(span('chat known')?.attributes['claude.output_tokens_per_second'], 50);
});

test('StreamSpeed: a stream without content has a first event, and no other figure', async (t) => {
  const { startCall, span, values } = recordedCalls(t);
  const call = startCall({ stream: true });
  call.recordFirstEvent(1_100);
  call.recordUsage(aReport(aCharge('known', { outputTokens: 500 })));
  call.end('success', TOTALS);
  const speeds = Object.keys(span('chat known')?.attributes ?? {}).filter((name) =>
    /time_to|longest|per_second/.test(name),
  );
  assert.deepEqual(speeds, ['claude.time_to_first_event_ms']);
  assert.equal((await values('claude_api_time_to_first_event_seconds')).length, 1);
  assert.deepEqual(await values('claude_api_output_tokens_per_second'), []);
});

const RATES: readonly [
  name: string,
  outcome: Outcome,
  tokens: number,
  ms: number,
  rate: number | undefined,
][] = [
  ['a whole stream has one', 'success', 120, 2_000, 60],
  ['the least that is rated', 'success', 10, 100, 100],
  ['too few tokens have none', 'success', 9, 2_000, undefined],
  ['what came at once has none', 'success', 5_000, 99, undefined],
  ['a stream that was cut has none', 'truncated', 120, 2_000, undefined],
  ['a stream that its caller left has none', 'client_cancelled', 120, 2_000, undefined],
];
for (const [name, outcome, tokens, ms, rate] of RATES) {
  test(`StreamSpeed: of output rates, ${name}`, async (t) => {
    const { startCall, pass, span, values } = recordedCalls(t);
    const call = startCall({ stream: true });
    pass(10_000);
    call.recordChunk();
    pass(ms);
    call.recordUsage(aReport(aCharge('known', { outputTokens: tokens })));
    call.end(outcome, TOTALS);
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
  call.recordUsage(aReport(aCharge('known', { outputTokens: 500 })));
  call.end('success', TOTALS);
  for (const name of ['time_to_first_event_seconds', 'output_tokens_per_second']) {
    assert.deepEqual(await values(`claude_api_${name}`), [], name);
  }
});
