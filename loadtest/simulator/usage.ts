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

/** Remembers the prompts up to each of their `cache_control`. */
export class PromptCache {
  readonly #prefixes = new Set<string>();

  /**
   * Reads the longest prefix that is known, and writes what follows it up to the last `cache_control`, each part
   * for as long as its own says.
   * @returns what was read or written for this request, which is remembered
   */
  use(request: MessageRequest): CacheUse {
    const { tools = [], system = '', messages } = request;
    const text = JSON.stringify([tools, system, messages]);
    let use = UNCACHED;
    let counted = 0;
    for (const { index, 0: mark } of text.matchAll(/"cache_control":\{[^}]*\}/g)) {
      const prefix = text.slice(0, index);
      const tokens = tokensOf(prefix);
      const part = tokens - counted;
      counted = tokens;
      if (this.#knows(`${request.model} ${prefix}`)) use = { ...UNCACHED, read: tokens };
      else if (mark.includes('"ttl":"1h"')) use = { ...use, written1h: use.written1h + part };
      else use = { ...use, written5m: use.written5m + part };
    }
    return use;
  }

  /** Remembers a prefix. @returns whether it was known before */
  #knows(prefix: string): boolean {
    const id = createHash('sha256').update(prefix).digest('base64');
    if (this.#prefixes.has(id)) return true;
    const [oldest] = this.#prefixes;
    if (oldest !== undefined && this.#prefixes.size >= MAX_PREFIXES) this.#prefixes.delete(oldest);
    this.#prefixes.add(id);
    return false;
  }
}

/** What an answer's price depends on besides its tokens. */
export interface Terms {
  readonly speed: 'standard' | 'fast';
  readonly serviceTier: 'standard' | 'batch';
  readonly inferenceGeo: string;
  readonly webSearches: number;
  /** The counts of input and output are sent as strings, as some gateways do. */
  readonly isMalformed: boolean;
}

/** @returns what the request asks for: one search where it offers the API's own tool for it */
export function termsOf({ speed, inference_geo, tools = [], tool_choice }: MessageRequest): Terms {
  const canSearch = tools.some(({ type }) => type?.startsWith('web_search'));
  return {
    speed: speed === 'fast' ? 'fast' : 'standard',
    serviceTier: 'standard',
    inferenceGeo: inference_geo ?? 'global',
    webSearches: canSearch && tool_choice?.type !== 'none' ? 1 : 0,
    isMalformed: false,
  };
}

export interface Tokens {
  /** Of the whole request. */
  readonly input: number;
  readonly cache: CacheUse;
  readonly output: number;
  /** A part of `output`. */
  readonly thinking: number;
  readonly terms: Terms;
}

/** `usage` of `message_delta`, in which it is cumulative. */
export function deltaUsage({ input, cache, output, thinking, terms }: Tokens) {
  const written = cache.written5m + cache.written1h;
  const count = terms.isMalformed ? String : (n: number) => n;
  return {
    input_tokens: count(Math.max(0, input - cache.read - written)),
    output_tokens: count(output),
    cache_creation_input_tokens: written,
    cache_read_input_tokens: cache.read,
    output_tokens_details: { thinking_tokens: thinking },
    server_tool_use:
      terms.webSearches > 0
        ? { web_search_requests: terms.webSearches, web_fetch_requests: 0 }
        : null,
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
    service_tier: tokens.terms.serviceTier,
    speed: tokens.terms.speed,
    inference_geo: tokens.terms.inferenceGeo,
  };
}
