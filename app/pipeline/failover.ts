/**
 * Stage: picks the upstream of each attempt, and goes over to another with a closed circuit, once a
 * call, when the first cannot answer. That costs none of the retry budget: another region is not the
 * one that is in trouble.
 */
import { outcomeOfStatus } from '../anthropic/messages.ts';
import { AppError } from '../errors.ts';
import type { CallRecord, Outcome } from '../telemetry/recorder.ts';
import type { AttemptEnd } from '../upstreams/circuit-breaker.ts';
import type { Candidate, Upstream, Upstreams } from '../upstreams/upstream-pool.ts';
import { ringOf } from './authenticate.ts';
import { outcomeOfError } from './outcome.ts';
import { finish, hasAnotherKey, type Result, reasonToRetry, settle } from './retry.ts';
import type { Next, PipelineRequest, Stage } from './stage.ts';

/** What speaks against an upstream; a limit or a bad key speaks against the account. */
const FAILURES: ReadonlySet<Outcome> = new Set<Outcome>([
  'upstream_error',
  'overloaded',
  'timeout',
  'network_error',
  'truncated',
]);

/** What is remembered of a call that failed once, between the attempts that retry makes. */
interface Memory {
  readonly tried: Set<string>;
  /** Whether it has gone over already. */
  over: boolean;
}

const KEY_TROUBLE: ReadonlySet<number> = new Set([401, 402, 403]);
const NONE: ReadonlySet<string> = new Set();

/** @throws {AppError} no_upstream, when every circuit is open */
export function failover(upstreams: Upstreams): Stage {
  const memories = new WeakMap<CallRecord, Memory>();
  const remember = ({ call }: PipelineRequest, { upstream }: Candidate): Memory => {
    const memory = memories.get(call) ?? { tried: new Set(), over: false };
    memories.set(call, memory);
    memory.tried.add(upstream.name);
    return memory;
  };
  return async function failover(request, next) {
    const hasKey = (upstream: Upstream) => ringOf(upstream, request.ownKeys).isWell();
    const first = upstreams.pick(memories.get(request.call)?.tried ?? NONE, hasKey);
    if (!first) throw noUpstream(upstreams);
    const result = await attempt(first, request, next);
    const reason = reasonToRetry(result) ?? troubleWithKey(result);
    if (reason === undefined || request.signal.aborted || hasAnotherKey(result)) {
      return finish(result);
    }
    const memory = remember(request, first);
    const second = memory.over ? undefined : upstreams.pickClosed(memory.tried, hasKey);
    if (!second) return finish(result);
    memory.over = true;
    request.call.failover(second.upstream.name, reason);
    const other = await attempt(second, request, next);
    remember(request, second);
    return finish(reason === 'timeout' ? endOfTimeouts(other) : other);
  };
}

async function attempt(
  { upstream, breaker }: Candidate,
  request: PipelineRequest,
  next: Next,
): Promise<Result> {
  const watched = breaker.begin();
  const result = await settle(() => next(addressed(request, upstream)));
  const ended = 'response' in result ? result.response.ended : undefined;
  const { signal } = request;
  if (ended) {
    watched.began();
    void ended.then((outcome) => watched.end(judge(outcome, signal)));
  } else {
    watched.end(
      'response' in result
        ? judge(outcomeOfStatus(result.response.status), signal)
        : judgeError(result.error, signal),
    );
  }
  return result;
}

/** A key that is refused here, or missing, says nothing of another upstream's. */
function troubleWithKey(result: Result): Outcome | undefined {
  if ('response' in result) {
    return KEY_TROUBLE.has(result.response.status) ? 'auth_error' : undefined;
  }
  const { error } = result;
  return error instanceof AppError && error.code === 'no_key' ? 'internal_error' : undefined;
}

/** Whoever refuses is alive; a caller who left, or his slow reading, says nothing of the upstream. */
function judge(outcome: Outcome, signal: AbortSignal): AttemptEnd {
  if (signal.aborted) return 'unknown';
  return FAILURES.has(outcome) ? 'failure' : 'success';
}

/** Without an answer nobody has shown that he is alive. */
function judgeError(error: unknown, signal: AbortSignal): AttemptEnd {
  const how = judge(outcomeOfError(error), signal);
  return how === 'success' ? 'unknown' : how;
}

/** A call that timed out at two upstreams has been paid for twice: it is not tried a third time. */
function endOfTimeouts(result: Result): Result {
  const timedOut = 'error' in result && reasonToRetry(result) === 'timeout';
  if (!timedOut) return result;
  return { error: new AppError('timeout', 'two upstreams gave no answer in time') };
}

function addressed(request: PipelineRequest, upstream: Upstream): PipelineRequest {
  const { models } = upstream;
  const model = Object.hasOwn(models, request.model) ? models[request.model] : undefined;
  return {
    ...request,
    upstream,
    headers: { ...request.headers, ...upstream.headers },
    ...(model !== undefined && request.body && { body: withModel(request.body, model) }),
  };
}

/** The one case in which a caller's body is written anew. */
function withModel(body: string, model: string): string {
  return JSON.stringify({ ...JSON.parse(body), model });
}

function noUpstream(upstreams: Upstreams): AppError {
  const retryAfterMs = Math.max(1, upstreams.opensInMs());
  return new AppError('no_upstream', 'no upstream can answer now', { retryAfterMs });
}
