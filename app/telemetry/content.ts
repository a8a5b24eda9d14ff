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

/** Longer texts are cut, characters. */
const MAX_TEXT_CHARS = 4_096;
/** Names of blocks and roles are far shorter. */
const MAX_NAME_CHARS = 64;
/** Only the last messages of a conversation are kept, because the response answers those. */
const MAX_MESSAGES = 32;
/** Collectors reject spans that are too large: what goes beyond this is left out of an attribute. */
export const MAX_ATTRIBUTE_BYTES = 64 * 1024;
/** The brackets around a list of messages and around the parts of one, its role included. */
const FRAME_BYTES = 256;

interface Part {
  readonly type: string;
  readonly content?: string;
}

/** The bytes that an attribute has left. */
class Room {
  #bytes = MAX_ATTRIBUTE_BYTES - FRAME_BYTES;

  /** Takes the room of a value, as JSON. @returns whether there was enough; once there was not, never again */
  take(value: unknown): boolean {
    if (this.#bytes >= 0) this.#bytes -= Buffer.byteLength(JSON.stringify(value)) + 1;
    return this.#bytes >= 0;
  }
}

/** @returns a text cut to a length, in characters */
function cut(text: string, length = MAX_TEXT_CHARS): string {
  return text.length <= length ? text : `${text.slice(0, length)}…`;
}

/**
 * @param content a text, or Anthropic's blocks; of a block that is not text only the type is kept
 * @returns the first parts, as many as there is room for
 */
function partsOf(content: unknown, room: Room): readonly Part[] {
  const blocks = typeof content === 'string' ? [{ type: 'text', text: content }] : content;
  const parts: Part[] = [];
  if (!Array.isArray(blocks)) return parts;
  for (const block of blocks as ({ type?: unknown; text?: unknown } | null)[]) {
    const part = {
      type: cut(String(block?.type), MAX_NAME_CHARS),
      ...(typeof block?.text === 'string' && { content: cut(block.text) }),
    };
    if (!room.take(part)) break;
    parts.push(part);
  }
  return parts;
}

/** @returns the last messages, as many as there is room for */
function messagesOf(messages: unknown): readonly object[] {
  const room = new Room();
  const list: readonly unknown[] = Array.isArray(messages) ? messages.slice(-MAX_MESSAGES) : [];
  const kept: object[] = [];
  for (const message of list.toReversed()) {
    const { role, content } = (message ?? {}) as { role?: unknown; content?: unknown };
    const head = { role: cut(String(role), MAX_NAME_CHARS), parts: [] };
    if (!room.take(head)) break;
    kept.push({ ...head, parts: partsOf(content, room) });
  }
  return kept.reverse();
}

/**
 * @param body the caller's request, JSON text
 * @throws {SyntaxError} when it is not JSON
 */
export function inputAttributes(body: string): Attributes {
  const { system, messages } = JSON.parse(body) as { system?: unknown; messages?: unknown };
  return {
    [ATTR_GEN_AI_INPUT_MESSAGES]: JSON.stringify(messagesOf(messages)),
    ...(system !== undefined && {
      [ATTR_GEN_AI_SYSTEM_INSTRUCTIONS]: JSON.stringify(partsOf(system, new Room())),
    }),
  };
}

/** @param content the blocks of a complete response, or the joined text of a stream's deltas */
export function outputAttributes(content: unknown): Attributes {
  const output = [{ role: 'assistant', parts: partsOf(content, new Room()) }];
  return { [ATTR_GEN_AI_OUTPUT_MESSAGES]: JSON.stringify(output) };
}

/** @returns a stream's text with its next piece, of which no more is kept than an attribute will show */
export function joined(text: unknown, piece: string): string {
  const before = typeof text === 'string' ? text : '';
  return before.length > MAX_TEXT_CHARS ? before : before + piece.slice(0, MAX_TEXT_CHARS + 1);
}
