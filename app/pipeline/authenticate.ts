/** Stage: puts a key on each attempt, and reports the response to the key's health. */
import { retryAfterMs } from '../anthropic/errors.ts';
import { AppError } from '../errors.ts';
import type { KeyPool, PickedKey } from '../keys/key-pool.ts';
import type { LimitUse, LimitUseOf } from '../keys/limit-groups.ts';
import { OUTCOME_TRAITS, type Outcome } from '../outcome.ts';
import type { Upstream } from '../upstreams/upstream-pool.ts';
import { outcomeOfResponse, whenEnded } from './attempt.ts';
import type { OwnKeys, PipelineRequest, PipelineResponse, Stage } from './stage.ts';

/** Headers in which a caller names what not every key may have access to. */
const NAMED_BY_CALLER = ['anthropic-workspace-id', 'anthropic-user-profile-id'];

/**
 * A key that is rejected is no longer picked, nor one whose rate limit is used up for requests that count
 * against the same limit; `retryWithAnotherKey` then tells `retry` that the next attempt will take one that this call has not tried.
 * @throws {AppError} no_key
 */
export function authenticate(limitUseOf: LimitUseOf): Stage {
  return async function authenticate(request, next) {
    const { upstream, ownKeys, state, attempt, call } = request;
    if (!upstream) throw new AppError('no_key', 'no upstream was chosen, so there is no key');
    const keys = keysOf(upstream, ownKeys);
    const use = limitUse(upstream, request, limitUseOf);
    const key = keys.pick(use, state.triedKeys());
    attempt?.setKey(key.alias);
    const response = await next({ ...request, key: key.secret });
    if (!report(key, request, response)) return response;
    state.addTriedKey(key.secret.reveal());
    if (!keys.hasHealthy(use, state.triedKeys())) return response;
    call.keyRejected(key.alias, response.status);
    return { ...response, retryWithAnotherKey: true };
  };
}

/** A caller's own keys take precedence over those of the upstream. */
export function keysOf(upstream: Upstream, ownKeys: OwnKeys | undefined): KeyPool {
  return ownKeys?.get(upstream.name) ?? upstream.keys;
}

/** What is limited is the model that the upstream answers with, which may not be the one that was asked for. */
export function limitUse(
  { models }: Upstream,
  request: PipelineRequest,
  limitUseOf: LimitUseOf,
): LimitUse {
  return limitUseOf(request, modelAt(models, request.model));
}

/** @returns the upstream's own name for a model, if it has one */
export function modelAt(models: Upstream['models'], model: string): string | undefined {
  return Object.hasOwn(models, model) ? models[model] : undefined;
}

/**
 * A stream may say only after it has begun that the account is refused. A 403 to a caller who named a
 * workspace is about that: another key may have access to it, and this one stays in use.
 * @returns whether another key may be accepted
 */
function report(key: PickedKey, { headers }: PipelineRequest, response: PipelineResponse): boolean {
  if (typeof response.data !== 'string') {
    whenEnded(response, (outcome) => {
      if (isKeysFault(outcome)) reportAs(outcome, key, response);
    });
  }
  const outcome = outcomeOfResponse(response);
  const isForbidden = response.status === 403 && isKeysFault(outcome);
  if (isForbidden && NAMED_BY_CALLER.some((name) => name in headers)) return true;
  return reportAs(outcome, key, response);
}

function reportAs(outcome: Outcome, key: PickedKey, { status, headers }: PipelineResponse) {
  return key.report({
    status,
    headers,
    retryAfterMs: status === 429 ? retryAfterMs(headers) : undefined,
    rejected: isKeysFault(outcome),
  });
}

function isKeysFault(outcome: Outcome): boolean {
  return OUTCOME_TRAITS[outcome].keyFault === true;
}
