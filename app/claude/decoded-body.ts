/** The body of a response without the coding that an upstream, or a proxy before it, has put on unasked. */
import { type Duplex, pipeline, type Readable } from 'node:stream';
import {
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createZstdDecompress,
} from 'node:zlib';

/** Largest response in bytes, on the wire and decoded; the longest that a model gives take a few megabytes. */
export const MAX_RESPONSE_BYTES = 64 * 1024 * 1024;

const DECODERS: ReadonlyMap<string, () => Duplex> = new Map<string, () => Duplex>([
  ['gzip', createGunzip],
  ['x-gzip', createGunzip],
  ['deflate', createInflate],
  ['br', createBrotliDecompress],
  ['zstd', createZstdDecompress],
]);

/** A coding that is not known, that the bytes are not in, or that makes them too large. */
export class CodingError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'CodingError';
  }
}

/**
 * @param coding the header `content-encoding`
 * @returns the bytes, which throw CodingError while they are read
 * @throws {CodingError}
 */
export function decodedBody(body: Readable, coding: string | undefined): AsyncIterable<Uint8Array> {
  const name = coding?.trim().toLowerCase() ?? '';
  if (name === '' || name === 'identity') return body;
  const create = DECODERS.get(name);
  if (!create) {
    // undici emits an error for a body that is not read to its end.
    body.once('error', () => {}).destroy();
    throw new CodingError('the response has an unknown content-encoding');
  }
  return decode(body, create());
}

async function* decode(body: Readable, decoder: Duplex): AsyncGenerator<Uint8Array> {
  let broken: unknown;
  let bytes = 0;
  body.once('error', (error) => {
    broken = error;
  });
  // Whatever ends one of the two ends the other; the reader sees the error.
  pipeline(body, decoder, () => {});
  try {
    for await (const chunk of decoder) {
      bytes += chunk.length;
      if (bytes > MAX_RESPONSE_BYTES) throw new CodingError('the response exceeds 64 MiB');
      yield chunk;
    }
  } catch (error) {
    if (broken) throw broken;
    if (error instanceof CodingError) throw error;
    throw new CodingError('the response is not in its content-encoding', error);
  }
}
