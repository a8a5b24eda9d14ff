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

/** The tokens of one caller that are valid now, as the source of them lists them. */
interface TokenSource {
  readonly caller: Caller;
  readonly valid: () => readonly { readonly secret: { reveal(): string } }[];
  /** What `valid` returned when the digests were made. */
  seen?: readonly unknown[];
  digests: readonly Buffer[];
}

/** The configured callers; without any, everybody may call. */
export class Callers {
  readonly #callers: ReadonlyMap<string, Caller>;
  readonly #known: readonly (readonly [digest: Buffer, caller: Caller])[];
  readonly #sources: TokenSource[] = [];
  readonly #digest: (token: string) => Buffer;
  /** Trace context and authentication both look up the caller of a request, so the result is cached. */
  readonly #found = new WeakMap<IncomingHttpHeaders, { readonly caller: Caller | undefined }>();

  /** @param digest SHA-256, 32 bytes; a test counts its calls */
  constructor(known: readonly KnownCaller[], digest = sha256) {
    this.#callers = new Map(known.map(({ name, limits }) => [name, { name, limits }]));
    this.#known = known.flatMap(({ tokenDigests, name, limits }) =>
      tokenDigests.map((hex) => [Buffer.from(hex, 'hex'), { name, limits }] as const),
    );
    this.#digest = digest;
  }

  /** Whether anybody may call. */
  get open(): boolean {
    return this.#callers.size === 0;
  }

  /**
   * Accepts a caller's tokens from a source that may change.
   * @param valid returns the same list until it changes
   */
  accept(name: string, valid: TokenSource['valid']): void {
    const caller = this.#callers.get(name);
    if (!caller) throw new Error(`no such caller: ${name}`);
    this.#sources.push({ caller, valid, digests: [] });
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
    // Compare every digest, so response time does not reveal a near match. The first caller has a token.
    for (const [digest, caller] of this.#known) {
      if (timingSafeEqual(given, digest)) found ??= caller;
    }
    for (const source of this.#sources) {
      for (const digest of this.#digestsOf(source)) {
        if (timingSafeEqual(given, digest)) found ??= source.caller;
      }
    }
    return found;
  }

  /** Tokens are hashed again only when their source has changed. */
  #digestsOf(source: TokenSource): readonly Buffer[] {
    const valid = source.valid();
    if (valid !== source.seen) {
      source.seen = valid;
      source.digests = valid.map(({ secret }) => this.#digest(secret.reveal()));
    }
    return source.digests;
  }
}
