/**
 * Prompts and answers as span attributes, where that is switched on: what was asked and said, in the form
 * of the GenAI conventions. https://opentelemetry.io/docs/specs/semconv/gen-ai/gen-ai-spans/
 */
import type { Attributes } from '@opentelemetry/api';
import {
  ATTR_GEN_AI_INPUT_MESSAGES,
  ATTR_GEN_AI_OUTPUT_MESSAGES,
  ATTR_GEN_AI_SYSTEM_INSTRUCTIONS,
} from './attributes.ts';

/** Characters of one text; what is longer is cut, so that a span stays one that collectors take. */
const MAX_TEXT_CHARS = 4_096;
/** Messages of a conversation: the last ones tell what the answer is to. */
const MAX_MESSAGES = 32;

interface Part {
  readonly type: string;
  readonly content?: string;
}

function cut(text: string): string {
  return text.length <= MAX_TEXT_CHARS ? text : `${text.slice(0, MAX_TEXT_CHARS)}…`;
}

/** A text, or Anthropic's blocks; of what is no text only its type is told. */
function partsOf(content: unknown): readonly Part[] {
  if (typeof content === 'string') return [{ type: 'text', content: cut(content) }];
  if (!Array.isArray(content)) return [];
  return content.map((block: { type?: unknown; text?: unknown } | null) => ({
    type: String(block?.type),
    ...(typeof block?.text === 'string' && { content: cut(block.text) }),
  }));
}

/** @param body the caller's, JSON text that was checked before */
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

/** @param content a whole answer's blocks, or the text of a stream's deltas */
export function outputAttributes(content: unknown): Attributes {
  const output = [{ role: 'assistant', parts: partsOf(content) }];
  return { [ATTR_GEN_AI_OUTPUT_MESSAGES]: JSON.stringify(output) };
}
