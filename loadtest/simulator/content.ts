/** Decides what the simulator answers: thinking, text, structured output or the use of a tool. */
import type { JsonFormat, MessageRequest, Tool } from './requests.ts';
import { sampleOf } from './schema-values.ts';
import { type CacheUse, inputTokens, type Tokens, termsOf, tokensOf } from './usage.ts';

/** A block of the answer, its text or JSON in the chunks of a stream. */
export type Block = { readonly chunks: readonly string[] } & (
  | { readonly type: 'thinking' | 'text' }
  | { readonly type: 'tool_use'; readonly id: string; readonly name: string }
);

/** An answer before it is written as a body or as a stream. */
export interface Message {
  readonly id: string;
  readonly model: string;
  readonly blocks: readonly Block[];
  readonly stopReason: string;
  /** What a refusal was about; null for any other reason. */
  readonly stopDetails: object | null;
  /** Why the prompt cache missed; null unless it did. */
  readonly diagnostics: object | null;
  /** The sequence that ended the answer. */
  readonly stopSequence: string | null;
  readonly tokens: Tokens;
}

/** Sent with a thinking block, and expected back unchanged. */
export const SIGNATURE = 'c2ltdWxhdGVkLXNpZ25hdHVyZQ==';

const PROMPT_CHARS_ECHOED = 200;
const CHARS_A_CHUNK = 16;

/** @param n makes the answer's IDs unique */
export function createMessage(request: MessageRequest, n: number, cache: CacheUse): Message {
  const number = n.toString(36).padStart(8, '0');
  const thinking = thinkingOf(request);
  const tool = chosenTool(request);
  const end = tool
    ? { text: JSON.stringify(sampleOf(tool.input_schema)), stopSequence: null }
    : cutAtStop(textOf(request), request.stop_sequences ?? []);
  const all = chunksOf(end.text);
  // A tool's input is never cut: half of it would not be JSON.
  const kept = tool ? all : all.slice(0, Math.ceil((request.max_tokens ?? Infinity) / 4));
  const isCut = kept.length < all.length;
  const last: Block = tool
    ? { type: 'tool_use', id: `toolu_sim_${number}`, name: tool.name, chunks: kept }
    : { type: 'text', chunks: kept };
  const blocks = [...(thinking ? [thinking] : []), ...(kept.length > 0 ? [last] : [])];
  return {
    id: `msg_sim_${number}`,
    model: request.model,
    blocks: request.max_tokens === 0 ? [] : blocks,
    stopReason: isCut
      ? 'max_tokens'
      : tool
        ? 'tool_use'
        : end.stopSequence === null
          ? 'end_turn'
          : 'stop_sequence',
    stopDetails: null,
    diagnostics: null,
    stopSequence: isCut ? null : end.stopSequence,
    tokens: tokensOfAnswer(request, cache, thinking, kept),
  };
}

function tokensOfAnswer(
  request: MessageRequest,
  cache: CacheUse,
  thinking: Block | undefined,
  kept: readonly string[],
): Tokens {
  const thought = thinking ? tokensOf(thinking.chunks.join('')) : 0;
  const said = kept.length > 0 ? tokensOf(kept.join('')) : 0;
  const output = request.max_tokens === 0 ? 0 : thought + said;
  return {
    input: inputTokens(request),
    cache,
    output,
    thinking: thought,
    terms: termsOf(request),
  };
}

function chunksOf(text: string): readonly string[] {
  return text.match(new RegExp(`.{1,${CHARS_A_CHUNK}}`, 'gsu')) ?? [];
}

function thinkingOf({ thinking }: MessageRequest): Block | undefined {
  if (!thinking || thinking.type === 'disabled') return undefined;
  return { type: 'thinking', chunks: chunksOf('The prompt is short, so I repeat it.') };
}

function textOf(request: MessageRequest): string {
  const format: JsonFormat | null | undefined =
    request.output_config?.format ?? request.output_format;
  if (format?.schema !== undefined) return JSON.stringify(sampleOf(format.schema));
  const said = lastText(request).slice(0, PROMPT_CHARS_ECHOED);
  return `You said: ${said}. This answer is simulated.`;
}

interface ContentBlock {
  readonly type?: string;
  readonly text?: unknown;
  readonly content?: unknown;
}

function blocksOf(content: unknown): readonly ContentBlock[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }];
  return Array.isArray(content) ? content : [];
}

/** The text of the last message, and what tools have answered in it. */
function lastText({ messages }: MessageRequest): string {
  const texts = (content: unknown): readonly string[] =>
    blocksOf(content).flatMap((block) => {
      if (block?.type === 'tool_result') return texts(block.content);
      return typeof block?.text === 'string' ? [block.text] : [];
    });
  return texts(messages.at(-1)?.content).join(' ');
}

/** @returns the text up to the first stop sequence in it, and that sequence */
function cutAtStop(text: string, sequences: readonly string[]) {
  const found = sequences
    .map((sequence) => ({ sequence, at: text.indexOf(sequence) }))
    .filter(({ sequence, at }) => sequence !== '' && at >= 0)
    .sort((a, b) => a.at - b.at)[0];
  if (!found) return { text, stopSequence: null };
  return { text: text.slice(0, found.at), stopSequence: found.sequence };
}

/**
 * A forced tool is used always; one that may be used is, until it has answered. Of several tools the one
 * whose name the prompt holds is taken, or else the first.
 */
function chosenTool(request: MessageRequest): Tool | undefined {
  const { tools = [], tool_choice, messages } = request;
  const usable = tools.filter(({ input_schema }) => input_schema !== undefined);
  if (tool_choice?.type === 'none') return undefined;
  if (tool_choice?.type === 'tool') return usable.find(({ name }) => name === tool_choice.name);
  const answered = blocksOf(messages.at(-1)?.content).some(({ type }) => type === 'tool_result');
  if (answered && tool_choice?.type !== 'any') return undefined;
  const prompt = lastText(request).toLowerCase();
  return usable.find(({ name }) => prompt.includes(name.toLowerCase())) ?? usable[0];
}
