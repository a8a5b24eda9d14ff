/** The service's own stages in the service's order, so that one can be left out. */
import { randomUUID } from 'node:crypto';
import { signingSecret } from '../../../app/claude/client.ts';
import { KeyPool } from '../../../app/keys/key-pool.ts';
import { createLimitGroups } from '../../../app/keys/limit-groups.ts';
import { createSecret } from '../../../app/keys/secret.ts';
import { attemptTimeout } from '../../../app/pipeline/attempt-timeout.ts';
import { authenticate } from '../../../app/pipeline/authenticate.ts';
import { failover } from '../../../app/pipeline/failover.ts';
import { observeAttempt } from '../../../app/pipeline/observe-attempt.ts';
import { observeCall } from '../../../app/pipeline/observe-call.ts';
import { pseudonymize } from '../../../app/pipeline/pseudonymize.ts';
import { readResponse } from '../../../app/pipeline/read-response.ts';
import { retry } from '../../../app/pipeline/retry.ts';
import { sign } from '../../../app/pipeline/sign.ts';
import type { Stage } from '../../../app/pipeline/stage.ts';
import { systemClock } from '../../../app/time/clock.ts';
import { TUNING } from '../../../app/tuning.ts';
import { RetryBudget } from '../../../app/upstreams/retry-budget.ts';
import { type Upstream, UpstreamPool } from '../../../app/upstreams/upstream-pool.ts';
import { MODEL } from '../answers.ts';

const SYSTEM = { clock: systemClock, wallClock: Date.now, random: Math.random };

function keys(alias: string): KeyPool {
  const pool = new KeyPool({ gracePeriodMs: 0 }, { ...SYSTEM, now: Date.now });
  pool.update({ current: [{ alias, secret: createSecret('a-key-of-the-bench') }] });
  return pool;
}

/** The upstream of every call; a signing one has a secret too. */
export function upstreamOf(signs: boolean): Upstream {
  return {
    name: 'bench',
    baseUrl: 'http://bench',
    priority: 0,
    weight: 1,
    models: {},
    headers: {},
    keys: keys('bench'),
    ...(signs && { signing: keys('signing') }),
  };
}

/** The stages of `createClaudePipeline`, outermost first; a test compares the names. */
export function stagesOf(upstream: Upstream): readonly Stage[] {
  const limitUseOf = createLimitGroups([MODEL]);
  const upstreams = new UpstreamPool([upstream], TUNING.breaker, SYSTEM);
  const budget = new RetryBudget(TUNING.retryBudget);
  return [
    observeCall(),
    pseudonymize(),
    retry({ maxRetries: 3, ...TUNING.backoff }, { ...SYSTEM, budget }),
    failover(upstreams, limitUseOf),
    observeAttempt(),
    attemptTimeout(120_000),
    authenticate(limitUseOf),
    readResponse({ firstEventTimeoutMs: 10_000, ...TUNING.stream }),
    sign({ secret: signingSecret }, { now: Date.now, nonce: randomUUID }),
  ];
}
