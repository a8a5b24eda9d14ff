/** Writes the bytes of a body at the pace of its reader, so that a slow one shows progress and costs little. */
import { once } from 'node:events';
import type { Response } from 'express';
import { localsOf } from './context.ts';

/** What is handed over at once: the kernel takes a piece as a whole before anybody sees that it took any. */
const PIECE_BYTES = 64 * 1024;

/** Adds up the time in which the caller does not read. */
export interface CallerWait {
  start(): void;
  stop(): void;
}
const unmeasured: CallerWait = { start() {}, stop() {} };

/** Returns, or resolves, when the response can take more, or its caller has gone away. */
export function writeBytes(
  response: Response,
  bytes: Uint8Array,
  callerWait: CallerWait = unmeasured,
): void | Promise<void> {
  if (bytes.length > PIECE_BYTES) return writePieces(response, bytes, callerWait);
  if (bytes.length === 0 || response.destroyed) return;
  // Most writes fit, and then there is nothing to wait for.
  if (!response.write(bytes)) return drained(response, callerWait);
}

async function writePieces(
  response: Response,
  bytes: Uint8Array,
  callerWait: CallerWait,
): Promise<void> {
  for (let from = 0; from < bytes.length && !response.destroyed; from += PIECE_BYTES) {
    const piece = bytes.subarray(from, from + PIECE_BYTES);
    if (!response.write(piece)) await drained(response, callerWait);
  }
}

async function drained(response: Response, callerWait: CallerWait): Promise<void> {
  const { signal } = localsOf(response);
  callerWait.start();
  await once(response, 'drain', { signal }).catch(() => {});
  callerWait.stop();
}

/** Sends a whole body after a head of `content-length`. Resolves when it is sent, or the caller has gone away. */
export function endWithText(response: Response, text: string): void | Promise<void> {
  if (text.length >= PIECE_BYTES / 4) return endWithLongText(response, text);
  // Head and body go out as one, and fit the socket's buffer.
  response.end(text);
}

async function endWithLongText(response: Response, text: string): Promise<void> {
  // Encoded as it goes: an answer that waits for its reader is held once.
  for (let from = 0; from < text.length && !response.destroyed; ) {
    const to = endOfPiece(text, from + PIECE_BYTES);
    await writeBytes(response, Buffer.from(text.slice(from, to)));
    from = to;
  }
  response.end();
}

/** @returns the index, or the one before it where a character of two code units would be cut */
function endOfPiece(text: string, index: number): number {
  const last = text.charCodeAt(index - 1);
  return last >= 0xd800 && last < 0xdc00 ? index - 1 : index;
}
