/** Tells callers apart by their tokens, of which the service holds digests only. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { CallerSettings } from '../config/kinds.ts';
import { ANYBODY } from '../telemetry/vocabulary.ts';

/** Who calls: a configured name, safe as a label value, and how much they may use. */
export interface Caller {
  readonly name: CallerSettings['name'];
  readonly limits: Readonly<Partial<CallerSettings['limits']>>;
}

/** What the service must know to recognise a caller. */
export type KnownCaller = Caller & Pick<CallerSettings, 'tokenDigests'>;

/** Every caller, where none are configured. */
export const anybody: Caller = { name: ANYBODY, limits: {} };

/** Tokens are long and random, so a plain digest cannot be reversed. */
function sha256(token: string): Buffer {
  return createHash('sha256').update(token).digest();
}

const BEARER = /^Bearer +([\x21-\x7e]+) *$/i;

/** Official SDKs send either header. If both are present and differ, the request is unauthenticated. */
function tokenOf({ authorization, 'x-api-key': apiKey }: IncomingHttpHeaders): string | undefined {
  const bearer = authorization === undefined ? undefined : BEARER.exec(authorization)?.[1];
  if (authorization !== undefined && bearer === undefined) return undefined;
  if (apiKey !== undefined && typeof apiKey !== 'string') return undefined;
  if (bearer !== undefined && apiKey !== undefined && bearer !== apiKey) return undefined;
  return bearer ?? (apiKey || undefined);
}

/** The configured callers; without any, everybody may call. */
export class Callers {
  readonly #known: readonly (readonly [digest: Buffer, caller: Caller])[];
  readonly #digest: (token: string) => Buffer;
  /** Trace context and authentication both look up the caller of a request, so the result is cached. */
  readonly #found = new WeakMap<IncomingHttpHeaders, { readonly caller: Caller | undefined }>();

  /** @param digest SHA-256, 32 bytes; a test counts its calls */
  constructor(known: readonly KnownCaller[], digest = sha256) {
    this.#known = known.flatMap(({ tokenDigests, name, limits }) =>
      tokenDigests.map((hex) => [Buffer.from(hex, 'hex'), { name, limits }] as const),
    );
    this.#digest = digest;
  }

  /** Whether anybody may call. */
  get open(): boolean {
    return this.#known.length === 0;
  }

  /**
   * @param headers of one request, always the same object: the result is remembered by its identity
   * @returns undefined where the headers hold no token of a caller
   */
  find(headers: IncomingHttpHeaders): Caller | undefined {
    if (this.open) return anybody;
    let found = this.#found.get(headers);
    if (!found) {
      found = { caller: this.#callerOf(tokenOf(headers)) };
      this.#found.set(headers, found);
    }
    return found.caller;
  }

  #callerOf(token: string | undefined): Caller | undefined {
    if (token === undefined) return undefined;
    const given = this.#digest(token);
    let found: Caller | undefined;
    // Compare every digest, so response time does not reveal a near match.
    for (const [digest, caller] of this.#known) if (timingSafeEqual(given, digest)) found = caller;
    return found;
  }
}
