/**
 * Prompts and responses as span attributes in the form of the GenAI conventions, for those who switch
 * content capture on. https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/
 */
import type { Attributes } from '@opentelemetry/api';
import {
  ATTR_GEN_AI_INPUT_MESSAGES,
  ATTR_GEN_AI_OUTPUT_MESSAGES,
  ATTR_GEN_AI_SYSTEM_INSTRUCTIONS,
} from './attributes.ts';

/** Longer texts are cut, characters: collectors reject spans that are too large. */
const MAX_TEXT_CHARS = 4_096;
/** Only the last messages of a conversation are kept, because the response answers those. */
const MAX_MESSAGES = 32;

interface Part {
  readonly type: string;
  readonly content?: string;
}

function cut(text: string): string {
  return text.length <= MAX_TEXT_CHARS ? text : `${text.slice(0, MAX_TEXT_CHARS)}…`;
}

/** @param content a text, or Anthropic's blocks; of a block that is not text only the type is kept */
function partsOf(content: unknown): readonly Part[] {
  if (typeof content === 'string') return [{ type: 'text', content: cut(content) }];
  if (!Array.isArray(content)) return [];
  return content.map((block: { type?: unknown; text?: unknown } | null) => ({
    type: String(block?.type),
    ...(typeof block?.text === 'string' && { content: cut(block.text) }),
  }));
}

/**
 * @param body the caller's request, JSON text
 * @throws {SyntaxError} when it is not JSON
 */
export function inputAttributes(body: string): Attributes {
  const { system, messages } = JSON.parse(body) as { system?: unknown; messages?: unknown };
  const list = Array.isArray(messages) ? messages.slice(-MAX_MESSAGES) : [];
  const input = list.map(({ role, content }) => ({ role, parts: partsOf(content) }));
  return {
    [ATTR_GEN_AI_INPUT_MESSAGES]: JSON.stringify(input),
    ...(system !== undefined && {
      [ATTR_GEN_AI_SYSTEM_INSTRUCTIONS]: JSON.stringify(partsOf(system)),
    }),
  };
}

/** @param content the blocks of a complete response, or the joined text of a stream's deltas */
export function outputAttributes(content: unknown): Attributes {
  const output = [{ role: 'assistant', parts: partsOf(content) }];
  return { [ATTR_GEN_AI_OUTPUT_MESSAGES]: JSON.stringify(output) };
}
