/** Stage: puts a key on each attempt, and learns from the answer how that key is. */
import { isSpent, retryAfterMs } from '../anthropic/errors.ts';
import { AppError } from '../errors.ts';
import type { KeyRing, PickedKey } from '../keys/key-pool.ts';
import type { CallRecord } from '../telemetry/recorder.ts';
import type { Upstream } from '../upstreams/upstream-pool.ts';
import type { OwnKeys, PipelineRequest, PipelineResponse, Stage } from './stage.ts';

/**
 * A key that is refused, or whose limit is used up, is out at once; `anotherKey` then tells `retry` that
 * the next attempt will take one that this call has not met.
 * @throws {AppError} no_key
 */
export function authenticate(): Stage {
  const left = new WeakMap<CallRecord, Set<string>>();
  const leave = ({ call }: PipelineRequest, { secret }: PickedKey): ReadonlySet<string> => {
    const met = left.get(call) ?? new Set();
    left.set(call, met.add(secret.reveal()));
    return met;
  };
  return async function authenticate(request, next) {
    const { upstream, ownKeys } = request;
    if (!upstream) throw new AppError('no_key', 'without an upstream there is no key');
    const ring = ringOf(upstream, ownKeys);
    const key = ring.pick(left.get(request.call));
    request.call.key(key.alias);
    const headers = { ...request.headers, 'x-api-key': key.secret.reveal() };
    const response = await next({ ...request, headers });
    if (!learn(key, response) || !ring.isWell(leave(request, key))) return response;
    request.call.keyLeft(key.alias, response.status);
    return { ...response, anotherKey: true };
  };
}

/** A caller's own keys go before those of the upstream. */
export function ringOf(upstream: Upstream, ownKeys: OwnKeys | undefined): KeyRing {
  return ownKeys?.get(upstream.name) ?? upstream.keys;
}

function learn(key: PickedKey, response: PipelineResponse): boolean {
  const { status, headers } = response;
  return key.learn({
    status,
    headers,
    retryAfterMs: status === 429 ? retryAfterMs(headers) : undefined,
    spent: isSpent(response),
  });
}
