/**
 * Stage: holds a stream back until its first content, so that what fails before can still be retried,
 * and answered with a status of its own. From then on every byte goes out as it comes in.
 */
import { createParser, type EventSourceMessage } from 'eventsource-parser';
import { linkedAbort } from '../claude/deadline.ts';
import { readErrorType } from '../claude/messages.ts';
import { transportError } from '../claude/transport.ts';
import { type AnthropicErrorType, AppError, ERROR_STATUS } from '../errors.ts';
import type { PipelineResponse, Stage } from './stage.ts';

/** What is held at most; a stream with so much before its content is let go. */
const MAX_HELD_BYTES = 1024 * 1024;
/** Events that come before content; with any other the stream is let go. */
const BEFORE_CONTENT: ReadonlySet<string> = new Set([
  'message_start',
  'ping',
  'content_block_start',
]);

/** What the beginning of a stream turned out to be. */
type Beginning =
  | { readonly kind: 'content' }
  | { readonly kind: 'error'; readonly body: string }
  | { readonly kind: 'end' };

/**
 * The limit ends with the first event, of whatever kind: from then on the upstream is at work.
 * @param firstEventMs from the request to the first event
 * @throws {AppError} timeout, network_error or truncated, all retryable, before the first content
 */
export function hold(firstEventMs: number): Stage {
  const onTimeout = () =>
    new AppError('timeout', `no event of the stream within ${firstEventMs} ms`, {
      retryable: true,
    });
  return async function hold(request, next) {
    if (!request.stream) return next(request);
    const limit = linkedAbort(request.signal, { timeoutMs: firstEventMs, onTimeout });
    try {
      const response = await next({ ...request, signal: limit.signal });
      if (typeof response.data === 'string') {
        limit.dispose();
        return response;
      }
      return await begin(response, response.data, limit);
    } catch (error) {
      limit.dispose();
      throw error;
    }
  };
}

type Limit = ReturnType<typeof linkedAbort>;

async function begin(
  response: PipelineResponse,
  data: AsyncIterable<Uint8Array>,
  limit: Limit,
): Promise<PipelineResponse> {
  const source = data[Symbol.asyncIterator]();
  const held: Uint8Array[] = [];
  const beginning = await readBeginning(source, held, limit);
  if (beginning.kind === 'content') {
    return { ...response, data: replay(held, source, limit) };
  }
  await source.return?.();
  limit.dispose();
  if (beginning.kind === 'end') {
    throw new AppError('truncated', 'the upstream closed before any content', { retryable: true });
  }
  return asAnswer(response, beginning.body);
}

async function readBeginning(
  source: AsyncIterator<Uint8Array>,
  held: Uint8Array[],
  limit: Limit,
): Promise<Beginning> {
  const decoder = new TextDecoder();
  let found: Beginning | undefined;
  let bytes = 0;
  const onEvent = ({ event, data }: EventSourceMessage) => {
    limit.clearTimer();
    if (event === 'error') found ??= { kind: 'error', body: data };
    else if (!BEFORE_CONTENT.has(event ?? '')) found ??= { kind: 'content' };
  };
  const parser = createParser({ onEvent });
  while (!found) {
    const { done, value } = await source.next().catch((error) => {
      throw transportError(error, limit.signal);
    });
    if (done) return { kind: 'end' };
    held.push(value);
    bytes += value.length;
    if (bytes > MAX_HELD_BYTES) return { kind: 'content' };
    parser.feed(decoder.decode(value, { stream: true }));
  }
  return found;
}

/** What was held, then the rest; whoever stops reading stops the upstream. */
async function* replay(
  held: readonly Uint8Array[],
  source: AsyncIterator<Uint8Array>,
  limit: Limit,
): AsyncGenerator<Uint8Array> {
  try {
    yield* held;
    for (;;) {
      const { done, value } = await source.next();
      if (done) return;
      yield value;
    }
  } finally {
    limit.dispose();
    await source.return?.();
  }
}

/** An error event before any content reads as what it is: an answer with the error's status. */
function asAnswer(response: PipelineResponse, body: string): PipelineResponse {
  const type = errorTypeOf(body);
  return {
    status: ERROR_STATUS[type as AnthropicErrorType] ?? 500,
    headers: { ...response.headers, 'content-type': 'application/json' },
    data: body,
  };
}

function errorTypeOf(body: string): string {
  try {
    return readErrorType(JSON.parse(body));
  } catch {
    return '';
  }
}
