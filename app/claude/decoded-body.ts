/** The body of a response without the coding that an upstream, or a proxy before it, has put on unasked. */
import { type Duplex, pipeline, Readable } from 'node:stream';
import {
  createBrotliDecompress,
  createGunzip,
  createInflate,
  createZstdDecompress,
} from 'node:zlib';

const MIB = 1024 * 1024;
/** Largest response in bytes, on the wire and decoded; the longest that a model gives take a few megabytes. */
export const MAX_RESPONSE_BYTES = 64 * MIB;

const DECODERS: ReadonlyMap<string, () => Duplex> = new Map<string, () => Duplex>([
  ['gzip', createGunzip],
  ['x-gzip', createGunzip],
  ['deflate', createInflate],
  ['br', createBrotliDecompress],
  ['zstd', createZstdDecompress],
]);

/** A coding that is not known, or that the bytes are not in; or more bytes than the limit. */
export class CodingError extends Error {
  constructor(message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'CodingError';
  }
}

/**
 * @param coding the header `content-encoding`
 * @param maxBytes of what is returned; the pool limits what is on the wire to the default
 * @returns the bytes, which throw CodingError while they are read
 * @throws {CodingError}
 */
export function decodedBody(
  body: AsyncIterable<Uint8Array>,
  coding: string | undefined,
  maxBytes = MAX_RESPONSE_BYTES,
): AsyncIterable<Uint8Array> {
  if (isPlain(coding)) return maxBytes < MAX_RESPONSE_BYTES ? limited(body, maxBytes) : body;
  const create = DECODERS.get(nameOf(coding));
  const source = Readable.from(body, { objectMode: false });
  if (!create) {
    source.destroy();
    throw new CodingError('the response has an unknown content-encoding');
  }
  return decode(source, create(), maxBytes);
}

/** Whether a body of this `content-encoding` is sent as it is. */
export function isPlain(coding: string | undefined): boolean {
  if (coding === undefined) return true;
  const name = nameOf(coding);
  return name === '' || name === 'identity';
}

function nameOf(coding = ''): string {
  return coding.trim().toLowerCase();
}

async function* decode(
  body: Readable,
  decoder: Duplex,
  maxBytes: number,
): AsyncGenerator<Uint8Array> {
  let broken: unknown;
  body.once('error', (error) => {
    broken = error;
  });
  // Whatever ends one of the two ends the other; the reader sees the error.
  pipeline(body, decoder, () => {});
  try {
    yield* limited(decoder, maxBytes);
  } catch (error) {
    if (broken) throw broken;
    if (error instanceof CodingError) throw error;
    throw new CodingError('the response is not in its content-encoding', error);
  }
}

async function* limited(
  chunks: AsyncIterable<Uint8Array>,
  maxBytes: number,
): AsyncGenerator<Uint8Array> {
  let bytes = 0;
  for await (const chunk of chunks) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new CodingError(`the response exceeds ${maxBytes / MIB} MiB`);
    yield chunk;
  }
}
