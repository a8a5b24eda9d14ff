/**
 * Stage: picks the upstream of each attempt, and fails over to another with a closed circuit, once a
 * call, when the first cannot answer. That costs none of the retry budget, because the other upstream is
 * not the one in trouble.
 */
import { replaceMember } from '../anthropic/json-text.ts';
import { AppError, outcomeOfError } from '../errors.ts';
import type { LimitUseOf } from '../keys/limit-groups.ts';
import { OUTCOME_TRAITS, type Outcome } from '../outcome.ts';
import type { AttemptEnd } from '../upstreams/circuit-breaker.ts';
import type { Candidate, Upstream, UpstreamPool } from '../upstreams/upstream-pool.ts';
import {
  canUseAnotherKey,
  outcomeOfResponse,
  type Result,
  reasonToRetry,
  unwrap,
  whenEnded,
} from './attempt.ts';
import { keysOf, limitUse, modelAt } from './authenticate.ts';
import type { Next, PipelineRequest, Stage } from './stage.ts';

/** @throws {AppError} no_upstream, when every circuit is open */
export function failover(upstreams: UpstreamPool, limitUseOf: LimitUseOf): Stage {
  return async function failover(request, next) {
    const { state, ownKeys } = request;
    const hasKey = (upstream: Upstream) =>
      keysOf(upstream, ownKeys).hasHealthy(limitUse(upstream, request, limitUseOf));
    const first = upstreams.pick(state.triedUpstreams, hasKey);
    if (!first) throw noUpstream(upstreams);
    const result = await attempt(first, request, next);
    const reason = reasonToFailOver(result);
    if (reason === undefined || request.signal.aborted || canUseAnotherKey(result)) {
      return unwrap(result);
    }
    state.addTriedUpstream(first.upstream.name);
    const second = state.failedOver
      ? undefined
      : upstreams.pickClosed(state.triedUpstreams, hasKey);
    if (!second) return unwrap(result);
    state.failedOver = true;
    request.call.failedOver(second.upstream.name, reason);
    const other = await attempt(second, request, next);
    state.addTriedUpstream(second.upstream.name);
    return unwrap(reason === 'timeout' ? withoutThirdTimeout(other) : other);
  };
}

async function attempt(
  { upstream, breaker }: Candidate,
  request: PipelineRequest,
  next: Next,
): Promise<Result> {
  const { signal } = request;
  const watched = breaker.begin();
  try {
    const response = await next(addressed(request, upstream));
    if (typeof response.data !== 'string') watched.began();
    whenEnded(response, (outcome) => watched.end(judge(outcome, signal)));
    return { response };
  } catch (error) {
    watched.end(judgeError(error, signal));
    return { error };
  }
}

/** A key that this upstream rejects, or lacks, says nothing about another upstream's. */
function reasonToFailOver(result: Result): Outcome | undefined {
  const reason = reasonToRetry(result);
  if (reason !== undefined) return reason;
  if ('response' in result) {
    const outcome = outcomeOfResponse(result.response);
    return OUTCOME_TRAITS[outcome].keyFault ? outcome : undefined;
  }
  const { error } = result;
  return error instanceof AppError && error.code === 'no_key' ? outcomeOfError(error) : undefined;
}

/** A rejection proves that the upstream is up; a client that disconnects or reads slowly proves nothing. */
function judge(outcome: Outcome, signal: AbortSignal): AttemptEnd {
  if (signal.aborted) return 'unknown';
  return OUTCOME_TRAITS[outcome].upstreamFault ? 'failure' : 'success';
}

/** An error without a response is never evidence of health. */
function judgeError(error: unknown, signal: AbortSignal): AttemptEnd {
  const end = judge(outcomeOfError(error), signal);
  return end === 'success' ? 'unknown' : end;
}

/** A call that timed out at two upstreams has been billed twice: it is not tried a third time. */
function withoutThirdTimeout(result: Result): Result {
  const timedOut = 'error' in result && reasonToRetry(result) === 'timeout';
  if (!timedOut) return result;
  return { error: new AppError('timeout', 'two upstreams gave no response in time') };
}

function addressed(request: PipelineRequest, upstream: Upstream): PipelineRequest {
  const model = modelAt(upstream.models, request.model);
  const headers = { ...request.headers, ...upstream.headers };
  const body =
    model !== undefined && request.body
      ? replaceMember(request.body, 'model', JSON.stringify(model))
      : request.body;
  return { ...request, upstream, headers, body };
}

function noUpstream(upstreams: UpstreamPool): AppError {
  const retryAfterMs = Math.max(1, upstreams.halfOpensInMs());
  return new AppError('no_upstream', 'no upstream is available', { retryAfterMs });
}
