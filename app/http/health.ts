/** `/healthz` (alive) and `/readyz` (this instance can take calls). */
import { Router } from 'express';
import type { ClaudeClient } from '../claude/client.ts';

/** What the process is doing besides serving. */
export interface Lifecycle {
  draining: boolean;
}

/** The circuits are shown, but take nobody out: all instances share the upstreams. */
export function healthRoutes(client: ClaudeClient, lifecycle: Lifecycle): Router {
  return Router()
    .get('/healthz', (_request, response) => {
      response.json({ status: 'ok' });
    })
    .get('/readyz', (_request, response) => {
      const checks = { key: client.hasKey(), draining: lifecycle.draining };
      const ready = checks.key && !checks.draining;
      response.status(ready ? 200 : 503).json({
        status: ready ? 'ready' : 'not_ready',
        checks,
        upstreams: client.upstreams(),
      });
    });
}
