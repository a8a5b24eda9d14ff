/**
 * Cuts a stream of JSON lines, such as the results of a Message Batch, into whole lines. A list may be hundreds
 * of megabytes long and passes unread. https://docs.anthropic.com/en/api/retrieving-message-batch-results
 */
import { EventTooLargeError, type SseEvent } from './sse.ts';

const LF = 0x0a;
/** The result of one request is an answer of a model, which is shorter by far. */
const MAX_LINE_BYTES = 8 * 1024 * 1024;

/**
 * @param toError converts an error of `bytes`; the line that it broke is dropped
 * @returns whole lines with their line ends, as blocks of type `lines`
 * @throws {EventTooLargeError} for a line of over 8 MiB
 */
export async function* parseLines(
  bytes: AsyncIterable<Uint8Array>,
  toError: (error: unknown) => unknown = (error) => error,
): AsyncGenerator<readonly SseEvent[]> {
  let pending: Uint8Array[] = [];
  let pendingBytes = 0;
  try {
    for await (const chunk of bytes) {
      const end = chunk.lastIndexOf(LF) + 1;
      if (end > 0) {
        yield [block([...pending, chunk.subarray(0, end)])];
        pending = [];
        pendingBytes = 0;
      }
      pendingBytes += chunk.length - end;
      if (pendingBytes > MAX_LINE_BYTES) throw new EventTooLargeError();
      if (end < chunk.length) pending.push(chunk.subarray(end));
    }
  } catch (error) {
    throw toError(error);
  }
  if (pending.length > 0) yield [block(pending)];
}

function block(parts: readonly Uint8Array[]): SseEvent {
  return { raw: Buffer.concat(parts), type: 'lines', data: '' };
}
