/** Stage, the outermost: tells how the call ended, when its last byte has gone by. */
import {
  outcomeOfErrorType,
  outcomeOfStatus,
  readErrorType,
  readMessage,
} from '../claude/messages.ts';
import { watchStream } from '../claude/stream.ts';
import { transportError } from '../claude/transport.ts';
import { AppError } from '../errors.ts';
import type { Outcome } from '../telemetry/recorder.ts';
import { outcomeOfError } from './outcome.ts';
import type { Clock, PipelineRequest, PipelineResponse, Stage } from './stage.ts';

/**
 * A whole answer has ended when it is here, a stream when its last byte was read or its reader left.
 * @throws {AppError} bad_upstream_answer, when a whole answer is not the JSON that clients expect
 */
export function observeCall({ clock }: { clock: Pick<Clock, 'now'> }): Stage {
  return async function observeCall(request, next) {
    const { call } = request;
    try {
      const response = await call.run(() => next(request));
      const requestId = response.headers['request-id'];
      if (requestId !== undefined) call.answer({ requestId });
      if (typeof response.data !== 'string') return watched(request, response, clock);
      call.end(readAnswer(request, response, response.data));
      return response;
    } catch (error) {
      call.end(outcomeOfError(error));
      throw error;
    }
  };
}

function watched(
  { call, signal }: PipelineRequest,
  response: PipelineResponse,
  clock: Pick<Clock, 'now'>,
): PipelineResponse {
  const data = watchStream(response.data as AsyncIterable<Uint8Array>, {
    call,
    now: clock.now,
    toError: (error) => transportError(error, signal),
    onEnd: (outcome, error) => call.end(outcome ?? endWithoutWord(error)),
  });
  return { ...response, data };
}

/** A reader who stops reading has gone away. */
function endWithoutWord(error: unknown): Outcome {
  return error === undefined ? 'client_cancelled' : outcomeOfError(error);
}

/** The one parse of an answer: the caller gets the upstream's own text. */
function readAnswer(
  { call }: PipelineRequest,
  { status }: PipelineResponse,
  text: string,
): Outcome {
  const body = parseObject(text);
  if (!body) {
    throw new AppError(
      'bad_upstream_answer',
      `the upstream answered ${status} with no JSON object`,
    );
  }
  const outcome = outcomeOfStatus(status);
  if (outcome !== 'success') return outcome;
  if (body['type'] === 'error') return outcomeOfErrorType(readErrorType(body));
  const { usage, ...facts } = readMessage(body);
  call.answer(facts);
  if (usage) call.usage(usage);
  return outcome;
}

function parseObject(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    return undefined;
  }
}
