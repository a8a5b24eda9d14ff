/** `/healthz` (alive) and `/readyz` (this instance can take calls). */
import { Router } from 'express';
import type { CircuitState } from '../telemetry/vocabulary.ts';

/** What the process is doing besides serving. */
export interface Lifecycle {
  draining: boolean;
}

/** What readiness depends on. */
export interface Health {
  /** Whether there is a key for any upstream. */
  hasKey(): boolean;
  /** Name and circuit of each upstream. */
  upstreams(): readonly { readonly name: string; readonly state: CircuitState }[];
}

/** The circuits are shown, but take nobody out: all instances share the upstreams. */
export function healthRoutes(health: Health, lifecycle: Lifecycle): Router {
  return Router()
    .get('/healthz', (_request, response) => {
      response.json({ status: 'ok' });
    })
    .get('/readyz', (_request, response) => {
      const checks = { key: health.hasKey(), draining: lifecycle.draining };
      const ready = checks.key && !checks.draining;
      response.status(ready ? 200 : 503).json({
        status: ready ? 'ready' : 'not_ready',
        checks,
        upstreams: health.upstreams(),
      });
    });
}
