/** Where keys come from: what a source is, how it fails, and the one form in which all of them give keys. */
import { type ApiKey, createSecret } from '../secret.ts';

/** Reads the keys that are valid now. A failed read throws a `SourceError`. */
export interface KeySource {
  /** As it is written in the settings: never a secret. */
  readonly name: string;
  read(signal: AbortSignal): Promise<KeySet>;
  /** It cannot change while the process lives: one read is enough. */
  readonly fixed?: true;
  /** Calls back when the source may have changed; what it returns ends that. */
  watch?(changed: () => void): () => void;
}

/** Keys in use, and keys that were and still are valid. */
export interface KeySet {
  readonly current: readonly ApiKey[];
  readonly previous?: readonly ApiKey[];
}

/** Why a source gave no keys. */
export const SOURCE_FAILURES = [
  'unreachable',
  'timeout',
  'denied',
  'not_found',
  'empty',
  'malformed',
] as const;
export type SourceFailure = (typeof SOURCE_FAILURES)[number];

/** `message` is for the operator: it names the source, and holds nothing that came from it. */
export class SourceError extends Error {
  readonly failure: SourceFailure;
  constructor(failure: SourceFailure, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'SourceError';
    this.failure = failure;
  }
}

/** What can be sent as a header, and is no placeholder. */
export const KEY_PATTERN = /^[\x21-\x7e]{8,512}$/;
export const ALIAS_PATTERN = /^[a-z0-9-]{1,32}$/;
/** Each is a handful of series. */
const MAX_KEYS = 16;

function isKey([alias, key]: readonly [string, unknown]): boolean {
  return ALIAS_PATTERN.test(alias) && typeof key === 'string' && KEY_PATTERN.test(key);
}

/** @throws {SourceError} empty, malformed */
export function keysFrom(value: unknown, source: string): readonly ApiKey[] {
  const isMap = typeof value === 'object' && value !== null && !Array.isArray(value);
  const entries = isMap ? Object.entries(value) : undefined;
  if (entries?.length === 0) throw new SourceError('empty', `${source}: holds no key`);
  if (!entries?.every(isKey) || entries.length > MAX_KEYS) {
    const form = `one key or at most ${MAX_KEYS} as {"alias": "key"}: aliases of a-z0-9-, keys of 8 to 512 printable ASCII characters`;
    throw new SourceError('malformed', `${source}: wants ${form}`);
  }
  return entries.map(([alias, key]) => ({ alias, secret: createSecret(key) }));
}

/**
 * Text of one key, or of a JSON object of alias → key.
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
    // Not the parser's message: it quotes the text.
    return undefined;
  }
}
