/** Writes the simulator's answers in the shapes of Anthropic's Messages API, complete and as a stream. */
import { type Block, type Message, SIGNATURE } from './content.ts';
import { deltaUsage, fullUsage } from './usage.ts';

/** @returns the body of a complete answer */
export function messageBody(message: Message): string {
  return JSON.stringify({
    ...envelope(message),
    content: message.blocks.map(completeBlock),
    stop_reason: message.stopReason,
    stop_sequence: message.stopSequence,
    stop_details: message.stopDetails,
    usage: fullUsage(message.tokens),
  });
}

function envelope({ id, model, diagnostics }: Message) {
  return {
    id,
    type: 'message',
    role: 'assistant',
    model,
    container: null,
    diagnostics,
    stop_details: null,
  };
}

function completeBlock(block: Block): object {
  const text = block.chunks.join('');
  switch (block.type) {
    case 'tool_use':
      return { type: 'tool_use', id: block.id, name: block.name, input: JSON.parse(text) };
    case 'thinking':
      return { type: 'thinking', thinking: text, signature: SIGNATURE };
    default:
      return { type: 'text', text, citations: null };
  }
}

/** @returns one server-sent event */
export function sse(type: string, data: object = {}): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`;
}

/**
 * @returns the events before the content, the events that come with each chunk of content, and the events
 *   after it
 */
export function streamEvents(message: Message): { start: string; chunks: string[]; end: string } {
  const { blocks, stopReason, stopSequence, stopDetails, tokens } = message;
  const empty = {
    ...envelope(message),
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage: { ...fullUsage(tokens), output_tokens: Math.min(1, tokens.output) },
  };
  const delta = {
    stop_reason: stopReason,
    stop_sequence: stopSequence,
    stop_details: stopDetails,
  };
  return {
    start: sse('message_start', { message: empty }) + sse('ping'),
    chunks: blocks.flatMap(blockEvents),
    end: sse('message_delta', { delta, usage: deltaUsage(tokens) }) + sse('message_stop'),
  };
}

/** The events of one block; its beginning comes with its first chunk, its end with its last. */
function blockEvents(block: Block, index: number): string[] {
  const events = block.chunks.map((chunk) => {
    return sse('content_block_delta', { index, delta: deltaOf(block, chunk) });
  });
  const signature = { type: 'signature_delta', signature: SIGNATURE };
  const last =
    (block.type === 'thinking' ? sse('content_block_delta', { index, delta: signature }) : '') +
    sse('content_block_stop', { index });
  const [first = '', ...rest] = events;
  const opened = [
    sse('content_block_start', { index, content_block: emptyBlock(block) }) + first,
    ...rest,
  ];
  return [...opened.slice(0, -1), `${opened.at(-1)}${last}`];
}

function emptyBlock(block: Block): object {
  switch (block.type) {
    case 'tool_use':
      return { type: 'tool_use', id: block.id, name: block.name, input: {} };
    case 'thinking':
      return { type: 'thinking', thinking: '', signature: '' };
    default:
      return { type: 'text', text: '', citations: null };
  }
}

function deltaOf({ type }: Block, chunk: string): object {
  if (type === 'tool_use') return { type: 'input_json_delta', partial_json: chunk };
  if (type === 'thinking') return { type: 'thinking_delta', thinking: chunk };
  return { type: 'text_delta', text: chunk };
}
