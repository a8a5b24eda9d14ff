/**
 * Cuts a stream of JSON lines, such as the results of a Message Batch, into whole lines. A list may be hundreds
 * of megabytes long and passes unread. https://docs.anthropic.com/en/api/retrieving-message-batch-results
 */
import { HeldBytes } from './held-bytes.ts';
import { EventTooLargeError, type SseEvent } from './sse.ts';

const LF = 0x0a;
const SPACE = 0x20;
/** The result of one request is an answer of a model, which is shorter by far. */
const MAX_HELD_BYTES = 8 * 1024 * 1024;

/**
 * @param toError converts an error of `bytes`; the line that it broke is dropped
 * @returns whole lines with their line ends, as blocks of type `lines`. Each block holds a result: empty lines wait
 *   for the one that follows.
 * @throws {EventTooLargeError} for over 8 MiB without the end of a result, in one line or in empty ones
 */
export async function* parseLines(
  bytes: AsyncIterable<Uint8Array>,
  toError: (error: unknown) => unknown = (error) => error,
): AsyncGenerator<readonly SseEvent[]> {
  const held = new HeldBytes();
  let holdsText = false;
  try {
    for await (const chunk of bytes) {
      const end = chunk.lastIndexOf(LF) + 1;
      const lines = chunk.subarray(0, end);
      const isWhole: boolean = end > 0 && (holdsText || hasText(lines));
      if (isWhole) {
        checkSize(held.length + chunk.indexOf(LF) + 1);
        yield [blockOf(held, lines)];
      }
      const rest: Uint8Array = isWhole ? chunk.subarray(end) : chunk;
      checkSize(held.length + rest.length);
      if (rest.length > 0) held.hold(rest);
      holdsText = (!isWhole && holdsText) || hasText(rest);
    }
  } catch (error) {
    throw toError(error);
  }
  if (held.length > 0) yield [block(held.take())];
}

function checkSize(bytes: number): void {
  if (bytes <= MAX_HELD_BYTES) return;
  throw new EventTooLargeError('the upstream sent 8 MiB of results without the end of one');
}

/** Whether there is more than spaces and line ends. */
function hasText(bytes: Uint8Array): boolean {
  for (const byte of bytes) if (byte > SPACE) return true;
  return false;
}

function blockOf(held: HeldBytes, lines: Uint8Array): SseEvent {
  if (held.length === 0) return block(lines);
  held.hold(lines);
  return block(held.take());
}

function block(raw: Uint8Array): SseEvent {
  return { raw, type: 'lines', data: '' };
}
