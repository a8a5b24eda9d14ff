/** The figures of the service that no setting changes, gathered so that tests can replace them. */
import { ADMISSION_DEFAULTS } from './callers/concurrency.ts';
import { MODEL_LIST_DEFAULTS } from './claude/model-list.ts';
import { MODEL_WATCH_DEFAULTS } from './claude/model-watch.ts';
import { POOL_DEFAULTS } from './claude/pool.ts';
import { BATCH_DEFAULTS } from './http/batch.ts';
import { KEY_GRACE_PERIOD_MS } from './keys/key-store.ts';
import { KEY_TIMEOUT_MS } from './keys/refresher.ts';
import { STREAM_DEFAULTS } from './pipeline/read-response.ts';
import { BACKOFF_DEFAULTS } from './pipeline/retry.ts';
import { BREAKER_DEFAULTS } from './upstreams/circuit-breaker.ts';
import { RETRY_BUDGET_DEFAULTS } from './upstreams/retry-budget.ts';

/** Each is defined beside the code that it tunes. */
export const TUNING = {
  pool: POOL_DEFAULTS,
  stream: STREAM_DEFAULTS,
  backoff: BACKOFF_DEFAULTS,
  retryBudget: RETRY_BUDGET_DEFAULTS,
  breaker: BREAKER_DEFAULTS,
  admission: ADMISSION_DEFAULTS,
  batch: BATCH_DEFAULTS,
  models: MODEL_WATCH_DEFAULTS,
  modelList: MODEL_LIST_DEFAULTS,
  keys: { timeoutMs: KEY_TIMEOUT_MS, gracePeriodMs: KEY_GRACE_PERIOD_MS },
};
export type Tuning = typeof TUNING;
/** Figures that replace those of `TUNING`, for tests that cannot wait that long. */
export type TuningOverrides = { readonly [Part in keyof Tuning]?: Partial<Tuning[Part]> };

/** @returns all figures, those given in place of their defaults */
export function tuned(overrides: TuningOverrides = {}): Tuning {
  const parts = Object.entries(TUNING).map(([part, figures]) => [
    part,
    { ...figures, ...overrides[part as keyof Tuning] },
  ]);
  return Object.fromEntries(parts);
}
