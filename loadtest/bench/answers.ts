/** Makes the answers of the benchmark's upstream, in the form of the Messages API: all bytes are made once. */

export const MODEL = 'claude-haiku-5-5';

/** The stream that every figure of streams is of. */
export const STREAM = { chunks: 64, everyMs: 20 } as const;

const HEAD = { id: 'msg_bench', type: 'message', role: 'assistant', model: MODEL } as const;
const USAGE = { input_tokens: 12, output_tokens: 64 } as const;

/** @returns a complete answer of about so many bytes */
export function completeAnswer(bytes: number): Buffer {
  const message = (text: string) =>
    Buffer.from(
      JSON.stringify({
        ...HEAD,
        content: [{ type: 'text', text }],
        stop_reason: 'end_turn',
        stop_sequence: null,
        usage: USAGE,
      }),
    );
  return message('x'.repeat(Math.max(1, bytes - message('').length)));
}

/** @returns a request of about so many bytes; Claude's field `stream` comes early, as the upstream looks for it */
export function askOf(bytes: number, stream: boolean): string {
  const ask = (content: string) =>
    JSON.stringify({
      model: MODEL,
      max_tokens: 64,
      stream,
      messages: [{ role: 'user', content }],
    });
  return ask('x'.repeat(Math.max(1, bytes - ask('').length)));
}

const event = (type: string, data: object): Buffer =>
  Buffer.from(`event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`);

/** What comes before the first chunk, with it in one write. */
export const STREAM_START = Buffer.concat([
  event('message_start', {
    message: {
      ...HEAD,
      content: [],
      stop_reason: null,
      stop_sequence: null,
      usage: { ...USAGE, output_tokens: 1 },
    },
  }),
  event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }),
]);

/** Each chunk is numbered in its text, so that a reader knows which are missing. */
export const STREAM_CHUNKS: readonly Buffer[] = Array.from({ length: STREAM.chunks }, (_, i) =>
  event('content_block_delta', { index: 0, delta: { type: 'text_delta', text: `chunk-${i};` } }),
);

export const STREAM_END = Buffer.concat([
  event('content_block_stop', { index: 0 }),
  event('message_delta', {
    delta: { stop_reason: 'end_turn', stop_sequence: null },
    usage: { output_tokens: USAGE.output_tokens },
  }),
  event('message_stop', {}),
]);
