/** What a stream has used, wherever it ends. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unrecordedCall } from '../telemetry/recorder.ts';
import { MessageStream } from './message-stream.ts';
import type { SseEvent } from './sse.ts';
import { NO_USAGE, usageOf } from './usage.ts';

const anEvent = (type: string, data: object): SseEvent => ({
  type,
  data: JSON.stringify({ type, ...data }),
  raw: new Uint8Array(),
});
const START = anEvent('message_start', {
  message: {
    model: 'claude-opus-5-5-20261001',
    usage: {
      input_tokens: 7,
      output_tokens: 1,
      cache_creation: { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 30 },
      speed: 'fast',
    },
  },
});
/** 25 characters, which are about 10 tokens. */
const DELTA = anEvent('content_block_delta', {
  index: 0,
  delta: { type: 'text_delta', text: 'x'.repeat(25) },
});
const thinking = (text: string, estimated_tokens: unknown) =>
  anEvent('content_block_delta', {
    index: 0,
    delta: { type: 'thinking_delta', thinking: text, estimated_tokens },
  });
const end = (usage: object, stop_reason = 'end_turn') =>
  anEvent('message_delta', { delta: { stop_reason }, usage });
const STOP = anEvent('message_stop', {});

function streamOf(...events: readonly SseEvent[]): MessageStream {
  const stream = new MessageStream(unrecordedCall);
  for (const event of events) stream.read(event);
  return stream;
}
const reported = { ...NO_USAGE, inputTokens: 7, cacheWrite1hTokens: 30 };
const estimate = (outputTokens: number, estimatedOutputTokens: number) => ({
  ...reported,
  outputTokens,
  estimatedOutputTokens,
});

const CASES: readonly [name: string, events: readonly SseEvent[], expected: object | undefined][] =
  [
    ['nothing was sent: nothing', [], undefined],
    ['only its start: what that says', [START], estimate(1, 0)],
    [
      'cut after content: the start’s token is a part of it',
      [START, DELTA, DELTA],
      estimate(1, 19),
    ],
    [
      'a short piece that the start has counted already',
      [START, { ...DELTA, data: '' }],
      estimate(1, 0),
    ],
    [
      'whole: no estimate',
      [START, DELTA, DELTA, end({ output_tokens: 18 }), STOP],
      estimate(18, 0),
    ],
    [
      'cut after its last report: no estimate',
      [START, DELTA, end({ output_tokens: 9 })],
      estimate(9, 0),
    ],
    [
      'cut between two reports: an estimate of what came since',
      [START, DELTA, end({ output_tokens: 9 }), DELTA],
      estimate(9, 10),
    ],
    [
      'cut while thinking that is not sent: what the API says of it',
      [START, thinking('', 150), thinking('', null), thinking('', 50), DELTA],
      estimate(1, 209),
    ],
    [
      'cut while thinking that is sent: its text counts, and no estimate beside it',
      [START, thinking('x'.repeat(25), 999), thinking('x'.repeat(25), null)],
      estimate(1, 19),
    ],
    [
      'whole, with thinking that was not sent: no estimate',
      [START, thinking('', 150), end({ output_tokens: 180 }), STOP],
      estimate(180, 0),
    ],
    [
      'absurd estimates of the API: no more than an answer can have',
      [START, ...Array.from({ length: 9 }, () => thinking('', 9_000_000))],
      estimate(1, 10_000_000),
    ],
    [
      'whole, but with 0 tokens for what it wrote: an estimate',
      [START, DELTA, end({ output_tokens: 0 }), STOP],
      estimate(1, 9),
    ],
    [
      'whole, with a prompt of 0 at its end: what its start said',
      [START, DELTA, end({ input_tokens: 0, output_tokens: 9 }), STOP],
      estimate(9, 0),
    ],
    [
      'whole without a start: what its end says',
      [DELTA, end({ output_tokens: 9, input_tokens: 7 })],
      { ...NO_USAGE, inputTokens: 7, outputTokens: 9 },
    ],
    [
      'a start without usage, then a cut: an estimate alone',
      [anEvent('message_start', { message: {} }), DELTA],
      { ...NO_USAGE, estimatedOutputTokens: 10 },
    ],
  ];
for (const [name, events, expected] of CASES) {
  test(`MessageStream.usageReport: ${name}`, () => {
    assert.deepEqual(usageOf(streamOf(...events).usageReport('asked')), expected);
  });
}

test('MessageStream.usageReport: a report that cannot be read counts nothing, so the estimate stands', () => {
  const report = streamOf(START, DELTA, end({ output_tokens: -4 })).usageReport('asked');
  assert.deepEqual(usageOf(report), estimate(1, 9));
  assert.equal(report.malformed, 1);
});

test('MessageStream.usageReport: it is of the model that answers, at its speed; else of the one asked for', () => {
  const [charge] = streamOf(START).usageReport('asked').charges;
  assert.partialDeepStrictEqual(charge, { model: 'claude-opus-5-5-20261001', fast: true });
  const [unnamed] = streamOf(DELTA).usageReport('asked').charges;
  assert.equal(unnamed?.model, 'asked');
});

test('MessageStream.usageReport: a refusal before any output is free, one in the middle is not', () => {
  const start = anEvent('message_start', {
    message: { usage: { input_tokens: 7, output_tokens: 0 } },
  });
  const early = streamOf(start, end({ output_tokens: 0 }, 'refusal'), STOP);
  assert.equal(early.usageReport('m').charges[0]?.isFree, true);
  const late = streamOf(start, DELTA, end({ output_tokens: 9 }, 'refusal'), STOP);
  assert.equal(late.usageReport('m').charges[0]?.isFree, false);
});
