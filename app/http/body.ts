/** Reads a JSON body once: its text, which goes upstream as it came, and its value, which is checked. */
import express, { type Request, type RequestHandler } from 'express';
import { AppError } from '../errors.ts';
import { localsOf } from './context.ts';

const decoder = new TextDecoder('utf-8', { fatal: true });

/**
 * Reads any body as bytes, compressed or not.
 * @throws {AppError} (to `next`) request_too_large, invalid_request, client_cancelled
 */
export function readBody(limitBytes: number): RequestHandler {
  const read = express.raw({ type: () => true, limit: limitBytes });
  return (request, response, next) => {
    const startedAtMs = performance.now();
    read(request, response, (error?: unknown) => {
      localsOf(response).uploadMs = performance.now() - startedAtMs;
      next(error && toBodyError(error));
    });
  };
}

/** What body-parser throws (https://github.com/expressjs/body-parser#errors), in our terms. */
function toBodyError(error: unknown): unknown {
  const { type, status } = error as { type?: string; status?: number };
  if (type === 'entity.too.large') {
    return new AppError('request_too_large', 'Request exceeds the maximum size');
  }
  if (type === 'request.aborted') return new AppError('client_cancelled', 'the caller went away');
  if (type !== undefined && status !== undefined && status < 500) {
    return new AppError('invalid_request', 'the request body cannot be read');
  }
  return error;
}

export interface JsonBody {
  /** As the caller sent it. */
  readonly text: string;
  readonly value: unknown;
}

function isUtf8(request: Request): boolean {
  const charset = /charset="?([^";\s]+)/i.exec(request.headers['content-type'] ?? '')?.[1];
  return charset === undefined || /^utf-?8$/i.test(charset);
}

/** @throws {AppError} invalid_request */
export function parseJson(request: Request): JsonBody {
  if (!isUtf8(request)) throw new AppError('invalid_request', 'the request body must be UTF-8');
  const bytes: unknown = request.body;
  if (!Buffer.isBuffer(bytes) || bytes.length === 0) {
    throw new AppError('invalid_request', 'the request body is empty');
  }
  try {
    const text = decoder.decode(bytes);
    return { text, value: JSON.parse(text) };
  } catch (cause) {
    throw new AppError('invalid_request', 'the request body is not valid JSON', { cause });
  }
}
