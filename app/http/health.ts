/** `/healthz` (alive) and `/readyz` (this instance can take calls). */
import type { CircuitState } from '../telemetry/vocabulary.ts';
import { setOwnHeaders } from './context.ts';
import type { Lifecycle } from './lifecycle.ts';
import type { Step } from './step.ts';

/** What readiness depends on. */
export interface Health {
  /** Whether there is a key for any upstream. */
  hasKey(): boolean;
  /** Name and circuit of each upstream. */
  upstreams(): readonly { readonly name: string; readonly state: CircuitState }[];
}

export const alive: Step = (_request, response) => {
  setOwnHeaders(response);
  response.json({ status: 'ok' });
};

/** Open circuits are shown but do not make it unready: all instances share the upstreams. */
export function readiness(health: Health, lifecycle: Lifecycle): Step {
  return (_request, response) => {
    setOwnHeaders(response);
    const checks = { key: health.hasKey(), draining: !lifecycle.isReady };
    const ready = checks.key && !checks.draining;
    response.status(ready ? 200 : 503).json({
      status: ready ? 'ready' : 'not_ready',
      checks,
      upstreams: health.upstreams(),
    });
  };
}
