/**
 * Stage: asks a second time when the first answer is late, and takes the one that is good first. It
 * shortens the tail and costs money twice, so it is off by default and takes of the retries' budget.
 * https://research.google/pubs/the-tail-at-scale/
 */
import { AppError } from '../errors.ts';
import type { RetryBudget } from '../upstreams/retry-budget.ts';
import { finish, type Result, reasonToRetry, settle } from './retry.ts';
import type { Clock, Next, PipelineRequest, PipelineResponse, Stage } from './stage.ts';

export interface HedgeDeps {
  readonly clock: Clock;
  /** Shared by all calls, and with `retry`. */
  readonly budget: RetryBudget;
}

/** One of two attempts at the same call. */
interface Runner {
  readonly result: Promise<Result>;
  /** Ends it, its stream included. */
  stop(): void;
  /** Lets go of the caller's signal when its answer has ended. */
  keep(result: Result): void;
}

/**
 * A stream has answered with its first content: from then on it is never asked for again.
 * @param afterMs a time that most calls need less than, their P95 say
 */
export function hedge(afterMs: number, { clock, budget }: HedgeDeps): Stage {
  return async function hedge(request, next) {
    const first = run(request, next);
    const early = await inTime(first.result, afterMs, request.signal, clock);
    if (early || !budget.spend()) return settled(first, early ?? (await first.result));
    const second = run(request, next);
    const [winner, loser, result] = await firstGood(first, second);
    loser.stop();
    request.call.hedged(winner === second);
    return settled(winner, result);
  };
}

function run(request: PipelineRequest, next: Next): Runner {
  const controller = new AbortController();
  const follow = () => controller.abort(request.signal.reason);
  if (request.signal.aborted) follow();
  request.signal.addEventListener('abort', follow, { once: true });
  const letGo = () => request.signal.removeEventListener('abort', follow);
  return {
    result: settle(() => next({ ...request, signal: controller.signal })),
    stop() {
      letGo();
      controller.abort(new AppError('client_cancelled', 'another attempt answered first'));
    },
    keep(result) {
      const ended = 'response' in result ? result.response.ended : undefined;
      if (ended) void ended.then(letGo);
      else letGo();
    },
  };
}

function settled(runner: Runner, result: Result): PipelineResponse {
  runner.keep(result);
  return finish(result);
}

/** @returns undefined when it is not there after so long */
async function inTime(
  result: Promise<Result>,
  afterMs: number,
  signal: AbortSignal,
  clock: Clock,
): Promise<Result | undefined> {
  const waiting = new AbortController();
  const late = clock.sleep(afterMs, waiting.signal).then(
    () => undefined,
    () => undefined,
  );
  const early = await Promise.race([result, late]);
  waiting.abort();
  // A caller who has left is not asked for a second time.
  return signal.aborted ? result : early;
}

/** The first that need not be asked again; when both must, the last. */
async function firstGood(
  one: Runner,
  other: Runner,
): Promise<[winner: Runner, loser: Runner, Result]> {
  const tagged = [
    one.result.then((result) => [one, other, result] as const),
    other.result.then((result) => [other, one, result] as const),
  ];
  const [winner, loser, result] = await Promise.race(tagged);
  if (reasonToRetry(result) === undefined) return [winner, loser, result];
  return [loser, winner, await loser.result];
}
