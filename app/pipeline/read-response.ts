/**
 * Stage: holds an answer back until it is known to be one, so that what fails before can still be
 * retried. A whole one is read; of a stream every byte goes out as it comes from its first content on.
 */

import { type StreamWatch, watchStream } from '../anthropic/message-stream.ts';
import { transportError } from '../claude/trae-transport.ts';
import { AppError } from '../errors.ts';
import type { CallRecord, Outcome } from '../telemetry/recorder.ts';
import { linkedAbort } from '../time/linked-abort.ts';
import { asError, readWhole } from './complete-response.ts';
import { outcomeOfError } from './outcome.ts';
import type { Clock, PipelineResponse, Stage } from './stage.ts';

/** What is held at most; a stream with so much before its content is let go. */
const MAX_HELD_BYTES = 1024 * 1024;
/** And how long: pings without content would hold a caller to his deadline, without a sign of life. */
const MAX_HELD_MS = 15_000;

type Limit = ReturnType<typeof linkedAbort>;

/** A stream that has been opened, up to its first content. */
interface Opened {
  readonly source: AsyncIterator<Uint8Array>;
  readonly held: Uint8Array[];
  readonly watch: StreamWatch;
  readonly limit: Limit;
}

/**
 * The limit ends with the first event, of whatever kind: from then on the upstream is at work.
 * @param firstEventMs of a stream, from the request to its first event
 * @throws {AppError} timeout, network_error or truncated, all retryable, before a stream's first
 *   content; bad_upstream_answer
 */
export function hold(firstEventMs: number, { clock }: { clock: Pick<Clock, 'now'> }): Stage {
  const onTimeout = () =>
    new AppError('timeout', `no event of the stream within ${firstEventMs} ms`, {
      retryable: true,
    });
  return async function hold(request, next) {
    const { call } = request;
    if (!request.stream) {
      const response = await next(request);
      return typeof response.data === 'string'
        ? readWhole(response, response.data, call)
        : response;
    }
    const limit = linkedAbort(request.signal, { timeoutMs: firstEventMs, onTimeout });
    try {
      const response = await next({ ...request, signal: limit.signal });
      if (typeof response.data !== 'string') {
        const untilMs = clock.now() + MAX_HELD_MS;
        const late = () => clock.now() > untilMs;
        return await begin(response, response.data, call, limit, late);
      }
      limit.dispose();
      return readWhole(response, response.data, call);
    } catch (error) {
      limit.dispose();
      throw error;
    }
  };
}

async function begin(
  response: PipelineResponse,
  data: AsyncIterable<Uint8Array>,
  call: CallRecord,
  limit: Limit,
  late: () => boolean,
): Promise<PipelineResponse> {
  const source = data[Symbol.asyncIterator]();
  const watch = watchStream(call);
  const opened: Opened = { source, held: [], watch, limit };
  let beginning: 'content' | 'error' | undefined;
  try {
    beginning = await readBeginning(opened, late);
  } finally {
    // What was read is paid for, whatever comes of it.
    if (beginning !== 'content' && watch.facts.usage) call.usage(watch.facts.usage);
  }
  if (beginning === 'content') return { ...response, ...follow(opened, call) };
  await source.return?.();
  limit.dispose();
  if (beginning === 'error') return asError(response, watch.facts.errorBody);
  throw new AppError('truncated', 'the upstream closed before any content', { retryable: true });
}

/** @returns undefined when the stream ended before it began */
async function readBeginning(
  { source, held, watch, limit }: Opened,
  late: () => boolean,
): Promise<'content' | 'error' | undefined> {
  let bytes = 0;
  while (!watch.facts.beginning && bytes <= MAX_HELD_BYTES && !late()) {
    const { done, value } = await source.next().catch((error) => {
      throw transportError(error, limit.signal);
    });
    if (done) return undefined;
    held.push(value);
    bytes += value.length;
    watch.feed(value);
    if (watch.facts.heard) limit.clearTimer();
  }
  return watch.facts.beginning ?? 'content';
}

/** What was held, then the rest as it comes; whoever stops reading stops the upstream. */
function follow(
  { source, held, watch, limit }: Opened,
  call: CallRecord,
): Required<Pick<PipelineResponse, 'data' | 'ended'>> {
  const { promise: ended, resolve } = Promise.withResolvers<Outcome>();
  let finished = false;
  const finish = (otherwise: Outcome) => {
    if (!finished && watch.facts.usage) call.usage(watch.facts.usage);
    finished = true;
    resolve(watch.facts.outcome ?? otherwise);
  };
  // Its reader may never begin, or be held up by whoever reads from him.
  const giveUp = () => {
    finish(outcomeOfError(limit.signal.reason));
    source.return?.().catch(() => {});
  };
  limit.signal.addEventListener('abort', giveUp, { once: true });
  async function* data() {
    // Unless the stream says or something breaks, it ends because its reader stopped reading.
    let end: Outcome = 'client_cancelled';
    try {
      yield* held;
      for (;;) {
        const { done, value } = await waitFor(source, call);
        if (done) break;
        watch.feed(value);
        yield value;
      }
      if (!watch.facts.outcome) {
        throw new AppError('truncated', 'the upstream closed before message_stop');
      }
    } catch (thrown) {
      const error = transportError(thrown, limit.signal);
      end = outcomeOfError(error);
      throw error;
    } finally {
      limit.dispose();
      finish(end);
      await source.return?.();
    }
  }
  return { data: data(), ended };
}

/** The next chunk; the time until it is here is the upstream's. */
async function waitFor(source: AsyncIterator<Uint8Array>, call: CallRecord) {
  call.waitBegins();
  try {
    return await source.next();
  } finally {
    call.waitEnds();
  }
}
