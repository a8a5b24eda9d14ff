/** Defines a key source, how it fails, and the one format in which every source holds its keys. */
import type { SourceFailure } from '../../telemetry/vocabulary.ts';
import { type ApiKey, createSecret } from '../secret.ts';

/** Reads the keys that are valid now. A failed read throws a `SourceError`. */
export interface KeySource {
  /** The source as the settings write it, e.g. `file:/run/secrets/key`; never a secret. */
  readonly name: string;
  read(signal: AbortSignal): Promise<KeySet>;
  /** Set where the keys cannot change while the process runs: one read is enough. */
  readonly fixed?: true;
  /** Calls back when the source may have changed. @returns a function that ends the watch */
  watch?(changed: () => void): () => void;
}

/** The keys to use, and the earlier ones that are still valid. */
export interface KeySet {
  readonly current: readonly ApiKey[];
  readonly previous?: readonly ApiKey[];
}

/** Its `message` is for operators: it names the source and quotes nothing that came from it. */
export class SourceError extends Error {
  readonly failure: SourceFailure;
  constructor(failure: SourceFailure, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'SourceError';
    this.failure = failure;
  }
}

/** A key can be sent as a header value and is long enough not to be a placeholder. */
export const KEY_PATTERN = /^[\x21-\x7e]{8,512}$/;
export const ALIAS_PATTERN = /^[a-z0-9-]{1,32}$/;
/** Each key adds a handful of series to the metrics. */
const MAX_KEYS = 16;

function isKey([alias, key]: readonly [string, unknown]): boolean {
  return ALIAS_PATTERN.test(alias) && typeof key === 'string' && KEY_PATTERN.test(key);
}

/**
 * @param value an object of alias → key
 * @throws {SourceError} empty, malformed
 */
export function keysFrom(value: unknown, source: string): readonly ApiKey[] {
  const isMap = typeof value === 'object' && value !== null && !Array.isArray(value);
  const entries = isMap ? Object.entries(value) : undefined;
  if (entries?.length === 0) throw new SourceError('empty', `${source}: holds no key`);
  if (!entries?.every(isKey) || entries.length > MAX_KEYS) {
    const form = `one key or at most ${MAX_KEYS} as {"alias": "key"}: aliases of a-z0-9-, keys of 8 to 512 printable ASCII characters`;
    throw new SourceError('malformed', `${source}: must hold ${form}`);
  }
  return entries.map(([alias, key]) => ({ alias, secret: createSecret(key) }));
}

/**
 * @param text one key, or a JSON object of alias → key
 * @throws {SourceError} empty, malformed
 */
export function keysFromText(text: string, source: string): readonly ApiKey[] {
  const trimmed = text.trim();
  if (trimmed === '') throw new SourceError('empty', `${source}: holds no key`);
  return keysFrom(/^[[{]/.test(trimmed) ? parseJson(trimmed) : { default: trimmed }, source);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // The parser's own message would quote the text.
    return undefined;
  }
}
