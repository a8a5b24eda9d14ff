/** Builds the simulator's deterministic answers in the shapes of Anthropic's Messages API. */

export interface Tool {
  readonly name: string;
  readonly input_schema?: { readonly properties?: object; readonly required?: readonly string[] };
}

/** The fields of a request that the simulator reads; `problemWith` has checked them. */
export interface MessageRequest {
  readonly model: string;
  readonly messages: readonly { readonly role: string; readonly content: unknown }[];
  readonly max_tokens?: number;
  readonly stream?: boolean;
  readonly system?: unknown;
  readonly tools?: readonly Tool[];
  readonly tool_choice?: { readonly type?: string; readonly name?: string };
}

/** An answer before it is written as a body or as a stream. */
export interface Message {
  readonly id: string;
  readonly model: string;
  /** The text, or the input of the tool as JSON, in the chunks of a stream. */
  readonly chunks: readonly string[];
  readonly tool: { readonly id: string; readonly name: string } | undefined;
  readonly stopReason: 'end_turn' | 'tool_use' | 'max_tokens';
  readonly inputTokens: number;
  readonly outputTokens: number;
}

export const MODELS = ['claude-opus-5-5', 'claude-sonnet-5-5', 'claude-haiku-5-5'].map((id) => ({
  type: 'model',
  id,
  display_name: id,
  created_at: '2026-01-01T00:00:00Z',
}));

const CHARS_A_TOKEN = 4;
const PROMPT_CHARS_ECHOED = 200;

function tokensOf(text: string): number {
  return Math.max(1, Math.ceil(text.length / CHARS_A_TOKEN));
}

/**
 * @returns the tokens of the whole request, as both `/v1/messages` and `count_tokens` report them
 */
export function inputTokens({ messages, system, tools }: MessageRequest): number {
  return tokensOf(JSON.stringify([messages, system ?? '', tools ?? []]));
}

function lastText({ messages }: MessageRequest): string {
  const content = messages.at(-1)?.content;
  if (typeof content === 'string') return content;
  const blocks = Array.isArray(content) ? content : [];
  return blocks.map((b) => (typeof b?.text === 'string' ? b.text : '')).join(' ');
}

/** @returns the tool that the request forces by `tool_choice` */
function forcedTool({ tools, tool_choice }: MessageRequest): Tool | undefined {
  if (tool_choice?.type === 'tool') return tools?.find(({ name }) => name === tool_choice.name);
  return tool_choice?.type === 'any' ? tools?.[0] : undefined;
}

const SAMPLE: Readonly<Record<string, unknown>> = {
  number: 1,
  integer: 1,
  boolean: true,
  array: [],
  object: {},
};

/** @returns the simplest input with all properties that the schema requires, as JSON */
function toolInput({ input_schema }: Tool): string {
  const properties = (input_schema?.properties ?? {}) as Record<string, { type?: string }>;
  const input = (input_schema?.required ?? []).map((name) => [
    name,
    SAMPLE[properties[name]?.type ?? ''] ?? 'simulated',
  ]);
  return JSON.stringify(Object.fromEntries(input));
}

/** Splits a text into chunks of four tokens, and cuts it off after about `tokens`. */
function chunksOf(text: string, tokens: number): string[] {
  const chunks = text.match(/.{1,16}/gsu) ?? [];
  return chunks.slice(0, Math.max(1, Math.ceil(tokens / 4)));
}

/** @param n makes the answer's IDs unique */
export function createMessage(request: MessageRequest, n: number): Message {
  const tool = forcedTool(request);
  const full = tool
    ? toolInput(tool)
    : `You said: ${lastText(request).slice(0, PROMPT_CHARS_ECHOED)}. This answer is simulated.`;
  const limit = tool ? full.length : (request.max_tokens ?? full.length);
  const chunks = chunksOf(full, limit);
  const cut = chunks.join('').length < full.length;
  return {
    id: `msg_sim_${n.toString(36).padStart(8, '0')}`,
    model: request.model,
    chunks,
    tool: tool && { id: `toolu_sim_${n.toString(36).padStart(8, '0')}`, name: tool.name },
    stopReason: tool ? 'tool_use' : cut ? 'max_tokens' : 'end_turn',
    inputTokens: inputTokens(request),
    outputTokens: tokensOf(chunks.join('')),
  };
}

function usage(input: number, output: number) {
  return {
    input_tokens: input,
    output_tokens: output,
    cache_creation_input_tokens: 0,
    cache_read_input_tokens: 0,
  };
}

/** @returns the body of a complete answer */
export function messageBody(message: Message): string {
  const { id, model, chunks, tool, stopReason } = message;
  const text = chunks.join('');
  const block = tool
    ? { type: 'tool_use', id: tool.id, name: tool.name, input: JSON.parse(text) }
    : { type: 'text', text };
  return JSON.stringify({
    id,
    type: 'message',
    role: 'assistant',
    model,
    content: [block],
    stop_reason: stopReason,
    stop_sequence: null,
    usage: usage(message.inputTokens, message.outputTokens),
  });
}

/** @returns one server-sent event */
export function sse(type: string, data: object = {}): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`;
}

/**
 * @returns the events before the content, one event for each chunk of content, and the events after
 * it
 */
export function streamEvents(message: Message): { start: string; chunks: string[]; end: string } {
  const { id, model, tool, stopReason, inputTokens: input, outputTokens: output } = message;
  const empty = {
    id,
    type: 'message',
    role: 'assistant',
    model,
    content: [],
    stop_reason: null,
    stop_sequence: null,
    usage: usage(input, 1),
  };
  const block = tool
    ? { type: 'tool_use', id: tool.id, name: tool.name, input: {} }
    : { type: 'text', text: '' };
  const delta = (chunk: string) =>
    tool ? { type: 'input_json_delta', partial_json: chunk } : { type: 'text_delta', text: chunk };
  return {
    start:
      sse('message_start', { message: empty }) +
      sse('content_block_start', { index: 0, content_block: block }) +
      sse('ping'),
    chunks: message.chunks.map((c) => sse('content_block_delta', { index: 0, delta: delta(c) })),
    end:
      sse('content_block_stop', { index: 0 }) +
      sse('message_delta', {
        delta: { stop_reason: stopReason, stop_sequence: null },
        usage: { output_tokens: output },
      }) +
      sse('message_stop'),
  };
}

/** @returns what is wrong with a body, in Anthropic's words; undefined if nothing is */
export function problemWith(body: unknown, counting: boolean): string | undefined {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    return 'Input should be a valid dictionary';
  }
  const { model, messages, max_tokens } = body as Record<string, unknown>;
  if (typeof model !== 'string' || model === '') return 'model: Field required';
  if (!Array.isArray(messages) || messages.length === 0) return 'messages: Field required';
  if (messages.some((m) => typeof m?.role !== 'string')) return 'messages.0.role: Field required';
  if (!counting && !(Number.isInteger(max_tokens) && (max_tokens as number) >= 0)) {
    return 'max_tokens: Field required';
  }
  return undefined;
}
