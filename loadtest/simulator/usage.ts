/** The tokens of a request and of its answer, with the prompt cache, as the API reports them. */
import { createHash } from 'node:crypto';
import type { MessageRequest } from './requests.ts';

const CHARS_A_TOKEN = 4;
/** Prefixes that the cache remembers; the oldest is forgotten first. */
const MAX_PREFIXES = 1_000;

export function tokensOf(text: string): number {
  return Math.max(1, Math.ceil(text.length / CHARS_A_TOKEN));
}

/** @returns the tokens of the whole request, as both `/v1/messages` and `count_tokens` report them */
export function inputTokens({ messages, system, tools }: MessageRequest): number {
  return tokensOf(JSON.stringify([messages, system ?? '', tools ?? []]));
}

/** What the prompt cache did with a request, tokens. */
export interface CacheUse {
  readonly read: number;
  readonly written5m: number;
  readonly written1h: number;
}

export const UNCACHED: CacheUse = { read: 0, written5m: 0, written1h: 0 };

/** Remembers the prompts up to their last `cache_control`. */
export class PromptCache {
  readonly #prefixes = new Set<string>();

  /** @returns what was read or written for this request, which is remembered */
  use(request: MessageRequest): CacheUse {
    const { tools = [], system = '', messages } = request;
    const text = JSON.stringify([tools, system, messages]);
    const mark = text.lastIndexOf('"cache_control"');
    if (mark < 0) return UNCACHED;
    const prefix = text.slice(0, mark);
    const tokens = tokensOf(prefix);
    const id = createHash('sha256').update(`${request.model} ${prefix}`).digest('base64');
    if (this.#prefixes.has(id)) return { ...UNCACHED, read: tokens };
    const [oldest] = this.#prefixes;
    if (oldest !== undefined && this.#prefixes.size >= MAX_PREFIXES) this.#prefixes.delete(oldest);
    this.#prefixes.add(id);
    const isHour = /^"cache_control":\{[^}]*"ttl":"1h"/.test(text.slice(mark));
    return isHour ? { ...UNCACHED, written1h: tokens } : { ...UNCACHED, written5m: tokens };
  }
}

export interface Tokens {
  /** Of the whole request. */
  readonly input: number;
  readonly cache: CacheUse;
  readonly output: number;
  /** A part of `output`. */
  readonly thinking: number;
}

/** `usage` of `message_delta`, in which it is cumulative. */
export function deltaUsage({ input, cache, output, thinking }: Tokens) {
  const written = cache.written5m + cache.written1h;
  return {
    input_tokens: Math.max(0, input - cache.read - written),
    output_tokens: output,
    cache_creation_input_tokens: written,
    cache_read_input_tokens: cache.read,
    output_tokens_details: { thinking_tokens: thinking },
    server_tool_use: null,
  };
}

/** `usage` of a complete message, and of `message_start`. */
export function fullUsage(tokens: Tokens) {
  return {
    ...deltaUsage(tokens),
    cache_creation: {
      ephemeral_5m_input_tokens: tokens.cache.written5m,
      ephemeral_1h_input_tokens: tokens.cache.written1h,
    },
    service_tier: 'standard',
    speed: 'standard',
    inference_geo: 'global',
  };
}
