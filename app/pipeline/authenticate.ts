/** Stage: puts a key on each attempt, and learns from the answer how that key is. */
import { isSpent, retryAfterMs } from '../claude/advice.ts';
import { AppError } from '../errors.ts';
import type { PickedKey } from '../keys/ring.ts';
import type { PipelineRequest, PipelineResponse, Stage } from './stage.ts';

/**
 * A key that is refused, or whose limit is used up, is out at once; `anotherKey` then tells `retry` that
 * the next attempt will take another.
 * @throws {AppError} no_key
 */
export function authenticate(): Stage {
  return async function authenticate(request, next) {
    const key = pick(request);
    request.call.key(key.alias);
    const headers = { ...request.headers, 'x-api-key': key.value };
    const response = await next({ ...request, headers });
    const { status } = response;
    const anotherKey = key.learn({
      status,
      headers: response.headers,
      retryAfterMs: status === 429 ? retryAfterMs(response.headers) : undefined,
      spent: isSpent(response),
    });
    return anotherKey ? withAnother(request, key, response) : response;
  };
}

/** A caller's own keys go before those of the upstream. */
function pick({ upstream, ownKeys }: PipelineRequest): PickedKey {
  const ring = ownKeys?.get(upstream?.name ?? '') ?? upstream?.keys;
  if (!ring) throw new AppError('no_key', 'the service has no key for the upstream');
  return ring.pick();
}

function withAnother(
  { call }: PipelineRequest,
  key: PickedKey,
  response: PipelineResponse,
): PipelineResponse {
  call.keyLeft(key.alias, response.status);
  return { ...response, anotherKey: true };
}
