/** Reads a JSON body once: its text, which goes upstream as it came, and its value, which is checked. */
import type { Readable, Transform } from 'node:stream';
import type { Request, Response } from 'express';
import { sizeOfJson } from '../anthropic/json-text.ts';
import { AppError, errorOfAbort } from '../errors.ts';
import type { BodyPlace, ByteBudget } from './byte-budget.ts';
import { localsOf } from './context.ts';
import { decoderOf } from './decoders.ts';
import { GrowingBuffer } from './growing-buffer.ts';
import type { Step } from './step.ts';

const decoder = new TextDecoder('utf-8', { fatal: true });

/** Deeper JSON is nobody's prompt: a recursive reader further on would run out of stack. */
const MAX_DEPTH = 512;
/** Each value takes tens of bytes of memory. The API allows 100,000 messages, of about four values each. */
const MAX_VALUES = 500_000;
/** A shorter body cannot exceed either limit. */
const MIN_COUNTED_BYTES = 2 * MAX_DEPTH;
/** Prompts compress about fivefold, and pictures not at all. */
const MAX_RATIO = 100;
/** A body that inflates to less does no harm, and a short one may well repeat itself. */
const MIN_RATIO_BYTES = 1024 * 1024;

export interface BodyOptions {
  /** Largest body, bytes, compressed or not. */
  readonly limitBytes: number;
  readonly budget: ByteBudget;
}

/**
 * Reads any body as bytes into `request.body`, compressed or not. Its bytes are taken from the budget as they
 * arrive, and given back when the response has ended.
 * @throws {AppError} request_too_large, invalid_request, shed, client_cancelled, draining
 */
export function readBody(options: BodyOptions): Step {
  return async (request, response) => {
    const startedAtMs = performance.now();
    const locals = localsOf(response);
    const place = options.budget.open();
    locals.held.push(place);
    try {
      if (Number(request.headers['content-length']) > options.limitBytes) throw tooLarge();
      const decode = decoderOf(request.headers['content-encoding']);
      // Only now: whoever is refused sends nothing. RFC 9110, 10.1.1.
      if (request.headers.expect !== undefined) response.writeContinue();
      request.body = await readBytes(request, decode, { ...options, place, signal: locals.signal });
    } catch (error) {
      // What was not read cannot be told from the next request.
      response.setHeader('connection', 'close');
      throw error;
    } finally {
      locals.uploadMs = performance.now() - startedAtMs;
    }
    locals.body = place;
  };
}

function tooLarge(): AppError {
  return new AppError('request_too_large', 'Request exceeds the maximum size');
}

function unreadable(cause: unknown): AppError {
  const message = 'the request body is not what its content-encoding says';
  return new AppError('invalid_request', message, { cause });
}

/** One body that is being read. */
interface Reading {
  readonly place: BodyPlace;
  /** Aborted when the caller has left, or a stop cuts the request. */
  readonly signal: AbortSignal;
}

/** Stops reading as soon as anything is wrong, and leaves the connection to whoever answers. */
async function readBytes(
  request: Request,
  decode: ReturnType<typeof decoderOf>,
  { limitBytes, place, signal }: BodyOptions & Reading,
): Promise<Buffer> {
  // The bytes are kept in one piece, because a copy of a large body at its end would double its memory.
  const bytes = new GrowingBuffer(decode ? 0 : Number(request.headers['content-length'] ?? 0));
  const keep = (chunk: Buffer) => {
    if (bytes.length + chunk.length > limitBytes) throw tooLarge();
    place.add(chunk.length);
    bytes.add(chunk);
  };
  try {
    if (decode) await readDecoded(request, decode(), signal, keep);
    else await forEachChunk(request, request, signal, keep);
    return bytes.take();
  } finally {
    // The listeners outlive the reading: nothing of a refused body may wait with them.
    bytes.take();
  }
}

async function readDecoded(
  request: Request,
  decoding: Transform,
  signal: AbortSignal,
  keep: (chunk: Buffer) => void,
): Promise<void> {
  let received = 0;
  let inflated = 0;
  const count = (chunk: Buffer) => {
    received += chunk.length;
  };
  const keepUnlessBomb = (chunk: Buffer) => {
    inflated += chunk.length;
    if (inflated > MIN_RATIO_BYTES && inflated > MAX_RATIO * received) {
      throw new AppError('invalid_request', `the request body inflates over ${MAX_RATIO}-fold`);
    }
    keep(chunk);
  };
  request.on('data', count);
  try {
    await forEachChunk(request.pipe(decoding), request, signal, keepUnlessBomb);
  } finally {
    request.off('data', count);
    request.unpipe(decoding);
    decoding.destroy();
  }
}

/**
 * Resolves at the end of `source`; rejects with what `keep` throws, or when the caller has left or a stop cuts it.
 * The listeners stay, because it takes longer to remove them than they have left to live.
 */
function forEachChunk(
  source: Readable,
  request: Request,
  signal: AbortSignal,
  keep: (chunk: Buffer) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    let isOver = false;
    const fail = (error: unknown) => {
      if (isOver) return;
      isOver = true;
      source.pause();
      reject(error);
    };
    source.on('data', (chunk: Buffer) => {
      if (isOver) return;
      try {
        keep(chunk);
      } catch (error) {
        fail(error);
      }
    });
    source.on('end', () => {
      isOver = true;
      resolve();
    });
    source.on('error', (error) => fail(source === request ? gone() : unreadable(error)));
    if (source !== request) request.on('error', () => fail(gone()));
    request.on('close', () => {
      if (!request.complete) fail(gone());
    });
    signal.addEventListener('abort', () => fail(errorOfAbort(signal)));
  });
}

function gone(): AppError {
  return new AppError('client_cancelled', 'the caller went away');
}

export interface JsonBody {
  /** As the caller sent it. */
  readonly text: string;
  readonly value: unknown;
}

function isUtf8(request: Request): boolean {
  if (request.headers['content-type'] === 'application/json') return true;
  const charset = /charset="?([^";\s]+)/i.exec(request.headers['content-type'] ?? '')?.[1];
  return charset === undefined || /^utf-?8$/i.test(charset);
}

/**
 * Parses the body that `readBody` has read, and lets go of its bytes.
 * @throws {AppError} invalid_request
 */
export function parseJson(request: Request, response: Response): JsonBody {
  if (!isUtf8(request)) throw new AppError('invalid_request', 'the request body must be UTF-8');
  const bytes: unknown = request.body;
  if (!Buffer.isBuffer(bytes) || bytes.length === 0) {
    throw new AppError('invalid_request', 'the request body is empty');
  }
  request.body = undefined;
  if (bytes.length >= MIN_COUNTED_BYTES) checkSize(bytes);
  try {
    const text = decoder.decode(bytes);
    const value: unknown = JSON.parse(text);
    // The text alone is left, about half of what reading and parsing it took.
    localsOf(response).body?.shrink(Math.ceil(bytes.length / 2));
    return { text, value };
  } catch (cause) {
    throw new AppError('invalid_request', 'the request body is not valid JSON', { cause });
  }
}

/** @throws {AppError} invalid_request, before anything is created for what the body holds */
function checkSize(bytes: Buffer): void {
  const { depth, values } = sizeOfJson(bytes);
  if (depth > MAX_DEPTH) {
    const message = `the request body is nested over ${MAX_DEPTH} levels deep`;
    throw new AppError('invalid_request', message);
  }
  if (values > MAX_VALUES) {
    throw new AppError('invalid_request', `the request body holds over ${MAX_VALUES} values`);
  }
}
