/** The output rate of whole calls: their streams pass the stages, on a clock of the test, and are recorded. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { SseParser } from '../anthropic/sse.ts';
import { aRequest, aResponse } from '../testing/fakes.ts';
import { event } from '../testing/message-stream.ts';
import { recordedCalls } from '../testing/recorded-calls.ts';
import { CallState } from './call-state.ts';
import { observeCall } from './observe-call.ts';
import { readResponse } from './read-response.ts';
import type { PipelineResponse } from './stage.ts';

/** Events, and how long the upstream takes for what comes next, milliseconds. */
type Script = readonly (string | number)[];

const startOf = (output_tokens: number) =>
  event('message_start', {
    message: { id: 'm', model: 'known', usage: { input_tokens: 7, output_tokens } },
  });
const START = startOf(1);
const STOP = event('message_stop');
const block = (type: string) => event('content_block_start', { content_block: { type } });
const delta = (part: object) => event('content_block_delta', { index: 0, delta: part });
const thinking = (text: string) => delta({ type: 'thinking_delta', thinking: text });
const SIGNATURE = delta({ type: 'signature_delta', signature: 'c2ln' });
/** 100 characters, which are 40 tokens here. */
const TEXT = delta({ type: 'text_delta', text: 'x'.repeat(100) });
const INPUT = delta({ type: 'input_json_delta', partial_json: 'x'.repeat(100) });
const end = (output_tokens: number, thinking_tokens?: number, more: object = {}) =>
  event('message_delta', {
    delta: { stop_reason: 'end_turn' },
    usage: {
      output_tokens,
      ...(thinking_tokens !== undefined && { output_tokens_details: { thinking_tokens } }),
      ...more,
    },
  });
/** Forty tokens a second for two seconds. */
const WRITTEN: Script = [block('text'), TEXT, 1_000, TEXT, 1_000, TEXT];

/** @returns what was recorded of a call whose attempts bring these streams */
async function ratesOf(t: TestContext, ...attempts: readonly Script[]): Promise<number[]> {
  const calls = recordedCalls(t);
  let nowMs = 1_000;
  const pass = (ms: number) => {
    nowMs += ms;
    calls.pass(ms);
  };
  async function* streamOf(script: Script) {
    const parser = new SseParser();
    for (const step of script) {
      if (typeof step === 'number') pass(step);
      else yield parser.push(Buffer.from(step));
    }
  }
  const call = calls.startCall({ stream: true });
  const request = aRequest({ stream: true, call, state: new CallState(() => nowMs) });
  const stage = readResponse({ firstEventTimeoutMs: 60_000, silenceMs: 60_000 });
  let attempt = 0;
  const { data, outcome } = await observeCall()(
    request,
    async function once(asked): Promise<PipelineResponse> {
      const script = attempts[attempt] ?? [];
      attempt += 1;
      const response = await stage(asked, async () => aResponse(200, { data: streamOf(script) }));
      return attempt < attempts.length ? once(asked) : response;
    },
  );
  if (typeof data !== 'string') for await (const _ of data);
  await outcome;
  const found = await calls.values('claude_api_output_tokens_per_second', { model: 'known' });
  return found.map((value) => (value as { sum: number }).sum);
}

const FAILED = event('error', { error: { type: 'overloaded_error', message: 'm' } });
const CASES: readonly [name: string, rate: number | undefined, ...attempts: Script[]][] = [
  ['text alone', 40, [START, ...WRITTEN, end(120), STOP]],
  ...['tool_use', 'server_tool_use', 'mcp_tool_use'].map((type): (typeof CASES)[number] => [
    `the input of a ${type}`,
    40,
    [START, block(type), INPUT, 1_000, INPUT, 1_000, INPUT, end(120), STOP],
  ]),
  [
    'what comes after the last text takes no time',
    40,
    [START, ...WRITTEN, 9_000, end(120), 9_000, STOP],
  ],
  [
    'thinking that is not sent',
    40,
    [START, block('thinking'), 9_000, SIGNATURE, ...WRITTEN, end(5_120, 5_000), STOP],
  ],
  [
    'thinking that is summarised',
    40,
    [
      START,
      block('thinking'),
      thinking('Hm'),
      9_000,
      thinking('Yes'),
      ...WRITTEN,
      end(5_120, 5_000),
      STOP,
    ],
  ],
  [
    'thinking between two texts',
    40,
    [START, ...WRITTEN, block('redacted_thinking'), 9_000, ...WRITTEN, end(5_240, 5_000), STOP],
  ],
  [
    'a tool that the API runs',
    40,
    [
      START,
      ...[block('server_tool_use'), INPUT, 1_000, INPUT, block('web_search_tool_result')],
      ...[9_000, ...WRITTEN, end(200), STOP],
    ],
  ],
  [
    'texts that follow each other',
    40,
    [
      START,
      block('text'),
      TEXT,
      1_000,
      block('text'),
      TEXT,
      1_000,
      block('text'),
      TEXT,
      end(120),
      STOP,
    ],
  ],
  [
    'compactions and advisors, which are in no sum',
    40,
    [
      START,
      block('compaction'),
      9_000,
      ...WRITTEN,
      end(120, 0, {
        iterations: [
          { type: 'compaction', input_tokens: 1, output_tokens: 4_000 },
          { type: 'advisor_message', model: 'second', input_tokens: 1, output_tokens: 3_000 },
          { type: 'message', input_tokens: 7, output_tokens: 120 },
        ],
      }),
      STOP,
    ],
  ],
  [
    'attempts that failed before',
    40,
    [startOf(9_000) + block('text') + FAILED + TEXT],
    [START, 9_000, ...WRITTEN, end(120), STOP],
  ],
  [
    'redacted thinking of which no count is reported',
    undefined,
    [START, block('redacted_thinking'), ...WRITTEN, end(500), STOP],
  ],
  [
    'thinking of which no count is reported',
    undefined,
    [START, block('thinking'), SIGNATURE, ...WRITTEN, end(500), STOP],
  ],
  ['tokens of which most were not streamed', undefined, [START, ...WRITTEN, end(5_120), STOP]],
  ['no tokens that were reported', undefined, [START, ...WRITTEN, STOP]],
  [
    'a report that is older than the last text',
    undefined,
    [START, ...WRITTEN, end(120), TEXT, STOP],
  ],
];
for (const [name, rate, ...attempts] of CASES) {
  test(`output rate: ${name}: ${rate ?? 'none'}`, async (t) => {
    assert.deepEqual(await ratesOf(t, ...attempts), rate === undefined ? [] : [rate]);
  });
}
