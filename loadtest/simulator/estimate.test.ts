/** How good the estimate of a stream that was cut is, measured on the simulator's streams of every kind of content. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { MessageStream } from '../../app/anthropic/message-stream.ts';
import { SseParser } from '../../app/anthropic/sse.ts';
import { type Usage, usageOf } from '../../app/anthropic/usage.ts';
import { unrecordedCall } from '../../app/telemetry/recorder.ts';
import { MODEL } from '../../app/testing/messages.ts';
import { createMessage } from './content.ts';
import type { MessageRequest } from './requests.ts';
import { streamEvents } from './responses.ts';
import { UNCACHED } from './usage.ts';

/** Characters a token: the simulator's, and those of the estimate. */
const RATIO = 4 / 2.5;
const PROMPTS = {
  prose: 'The quick brown fox jumps over the lazy dog. ',
  code: 'if (a === "b") {\n\treturn `c\\n`;\n}\n',
  'other scripts': 'naïve 日本語 Привет 😀 ',
};
const FORMS: Readonly<Record<string, Partial<MessageRequest>>> = {
  text: {},
  thinking: { thinking: { type: 'adaptive' } },
  'a tool': {
    tools: [
      {
        name: 'search',
        input_schema: {
          properties: { query: { type: 'string', minLength: 300 } },
          required: ['query'],
        },
      },
    ],
  },
};

/** What a stream has used that was read up to this event. */
function usageOfStream(text: string): Usage | undefined {
  const stream = new MessageStream(unrecordedCall);
  for (const event of new SseParser().push(Buffer.from(text))) stream.read(event);
  return usageOf(stream.usageReport(MODEL));
}

for (const [form, part] of Object.entries(FORMS)) {
  for (const [kind, prompt] of Object.entries(PROMPTS)) {
    test(`estimate: ${form} about ${kind} that is cut before its end: 1.6 times the simulator’s count, to a token a block`, () => {
      const messages = [{ role: 'user', content: prompt.repeat(9) }];
      const request = { model: MODEL, messages, ...part };
      const { start, chunks, end } = streamEvents(createMessage(request, 1, UNCACHED));
      const whole = usageOfStream(start + chunks.join('') + end);
      const cut = usageOfStream(start + chunks.join(''));
      assert(whole && cut && whole.outputTokens > 50);
      assert.equal(whole.estimatedOutputTokens, 0);
      const estimated = cut.outputTokens + cut.estimatedOutputTokens;
      const wanted = whole.outputTokens * RATIO;
      // The simulator rounds each block up to a whole token.
      assert(Math.abs(estimated - wanted) <= 2 * RATIO, `${estimated} for ${wanted}`);
    });
  }
}
