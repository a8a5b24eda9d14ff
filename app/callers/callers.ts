/** Who calls: tokens, kept as digests only, and what each caller may do. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { OwnKeys } from '../pipeline/stage.ts';

/** How much a caller may ask; what is absent is not limited. */
export interface CallerLimits {
  readonly requestsPerMinute?: number | undefined;
  /** Input, output and cache tokens together. */
  readonly tokensPerMinute?: number | undefined;
  readonly concurrent?: number | undefined;
}

export interface Caller {
  /** A configured alias, fit for a label. */
  readonly name: string;
  /** Absent where nothing is limited. */
  readonly limits?: CallerLimits;
  /** In place of the upstreams'. */
  readonly ownKeys?: OwnKeys;
}

/** Everybody, where no callers are configured. */
export const ANYBODY: Caller = { name: 'anybody' };

/** A caller with the SHA-256 of each token that he may use: two while he changes from one to the other. */
export interface KnownCaller {
  readonly caller: Caller;
  readonly tokenDigests: readonly Buffer[];
}

/** What the settings say of one caller. */
export interface CallerSettings {
  readonly name: string;
  /** Hex. */
  readonly token_sha256: string | readonly string[];
  readonly requests_per_minute?: number | undefined;
  readonly tokens_per_minute?: number | undefined;
  readonly concurrent?: number | undefined;
}

export function knownCaller(settings: CallerSettings, ownKeys?: OwnKeys): KnownCaller {
  const { name, token_sha256: digests, concurrent } = settings;
  const limits = {
    requestsPerMinute: settings.requests_per_minute,
    tokensPerMinute: settings.tokens_per_minute,
    concurrent,
  };
  const limited = Object.values(limits).some((limit) => limit !== undefined);
  const hex = typeof digests === 'string' ? [digests] : digests;
  return {
    caller: { name, ...(limited && { limits }), ...(ownKeys && { ownKeys }) },
    tokenDigests: hex.map((text) => Buffer.from(text, 'hex')),
  };
}

export interface Callers {
  /** Whether anybody may call. */
  readonly open: boolean;
  /** @returns undefined where the headers hold no token of a caller */
  find(headers: Readonly<Record<string, string | string[] | undefined>>): Caller | undefined;
}

/** Tokens are random and long, so a plain digest cannot be turned back. */
function digest(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

const BEARER = /^Bearer +([\x21-\x7e]+) *$/i;

/** Official SDKs send either. Both are there and differ: then it is nobody. */
function tokenOf(headers: Readonly<Record<string, string | string[] | undefined>>) {
  const { authorization, 'x-api-key': apiKey } = headers;
  const bearer = typeof authorization === 'string' ? BEARER.exec(authorization)?.[1] : undefined;
  if (authorization !== undefined && bearer === undefined) return undefined;
  if (apiKey !== undefined && typeof apiKey !== 'string') return undefined;
  if (bearer !== undefined && apiKey !== undefined && bearer !== apiKey) return undefined;
  return bearer ?? (apiKey || undefined);
}

/** @param known empty lets everybody in */
export function createCallers(known: readonly KnownCaller[]): Callers {
  return {
    open: known.length === 0,
    find(headers) {
      if (known.length === 0) return ANYBODY;
      const token = tokenOf(headers);
      if (token === undefined) return undefined;
      const given = digest(token);
      let found: Caller | undefined;
      // All of them, always: time tells nothing of who is near.
      for (const { caller, tokenDigests } of known) {
        for (const wanted of tokenDigests) if (timingSafeEqual(given, wanted)) found = caller;
      }
      return found;
    },
  };
}
