/** For tests: the events of a streamed message, as texts. */

import { NO_USAGE } from '../anthropic/usage.ts';

/** One event as it goes over the wire; its data is its own name unless given. */
export const event = (name: string, data: object = { type: name }) =>
  `event: ${name}\ndata: ${JSON.stringify(data)}\n\n`;
/** The parts of a message, in their order. */
export const START = event('message_start', {
  message: { id: 'm', usage: { input_tokens: 7, output_tokens: 1, cache_read_input_tokens: 2 } },
});
export const PING = event('ping');
export const BLOCK = event('content_block_start');
export const DELTA = event('content_block_delta');
export const END = event('message_delta', {
  delta: { stop_reason: 'end_turn' },
  usage: { output_tokens: 9 },
});
export const STOP = event('message_stop');
/** An `error` event of this type. */
export const error = (type: string) =>
  event('error', { type: 'error', error: { type, message: 'm' } });
/** What a stream of `START`, …, `END` has used. */
export const USAGE = { ...NO_USAGE, inputTokens: 7, outputTokens: 9, cacheReadTokens: 2 };
