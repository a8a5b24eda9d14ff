/** The content codings in which request bodies are read. RFC 9110, 8.4; RFC 8878 for zstd. */
import type { Transform } from 'node:stream';
import {
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createZstdDecompress,
} from 'node:zlib';
import { AppError } from '../errors.ts';

/** What follows the end of the compressed data would be lost without a word. */
const STRICT = { rejectGarbageAfterEnd: true } as const;

const DECODERS: ReadonlyMap<string, () => Transform> = new Map([
  ['gzip', () => createGunzip(STRICT)],
  ['x-gzip', () => createGunzip(STRICT)],
  ['deflate', () => createInflate(STRICT)],
  ['br', () => createBrotliDecompress(STRICT)],
  ['zstd', () => createZstdDecompress(STRICT)],
]);

/**
 * @param header `content-encoding`
 * @returns what makes a decoder; undefined for a body that is not compressed
 * @throws {AppError} invalid_request: a coding that is not known, or several
 */
export function decoderOf(header: string | undefined): (() => Transform) | undefined {
  if (!header) return undefined;
  const codings = header
    .split(',')
    .map((coding) => coding.trim().toLowerCase())
    .filter((coding) => coding !== '' && coding !== 'identity');
  const [coding] = codings;
  if (coding === undefined) return undefined;
  const decoder = codings.length === 1 ? DECODERS.get(coding) : undefined;
  if (decoder) return decoder;
  const known = [...DECODERS.keys()].join(', ');
  throw new AppError('invalid_request', `content-encoding: must be one of ${known}`);
}
