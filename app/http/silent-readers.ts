/** Disconnects callers who do not read their answer, which would hold its memory, and a slot, for good. */
import type { Server } from 'node:http';
import type { Socket } from 'node:net';

/** How long a caller may read nothing while bytes wait for them, milliseconds. */
export const READER_SILENCE_MS = 30_000;
/** The connections are looked at this many times within the limit. */
const LOOKS = 30;

interface Progress {
  /** Bytes that the kernel has taken, give or take what waits. */
  taken: number;
  sinceMs: number;
}

/**
 * Watches every connection of a server, whatever is written to it: answers, errors, streams. The only measure
 * is what the kernel takes, so a caller who reads slowly stays, and neither what callers send nor how many
 * requests they send at once prolongs the limit. The kernel takes bytes in lumps of its buffers, of a megabyte
 * and more, once they are full. One timer for the whole server costs a request nothing.
 */
export function dropSilentReaders(server: Server, silenceMs = READER_SILENCE_MS): void {
  const readers = new Map<Socket, Progress>();
  server.on('connection', (socket) => {
    readers.set(socket, { taken: 0, sinceMs: performance.now() });
    socket.once('close', () => readers.delete(socket));
  });
  const look = () => {
    const nowMs = performance.now();
    for (const [socket, progress] of readers) {
      const taken = socket.bytesWritten - socket.writableLength;
      if (socket.writableLength === 0 || taken !== progress.taken) {
        progress.taken = taken;
        progress.sinceMs = nowMs;
      } else if (nowMs - progress.sinceMs >= silenceMs) {
        // A reset, because a close would leave the kernel with the bytes that nobody reads.
        socket.resetAndDestroy();
      }
    }
  };
  const timer = setInterval(look, silenceMs / LOOKS).unref();
  server.once('close', () => clearInterval(timer));
}
