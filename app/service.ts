/** Wires the service from its settings: callers' side, upstreams' side, and the app between them. */
import type { Express } from 'express';
import { createApp } from './app.ts';
import type { Callers } from './callers/callers.ts';
import type { Config } from './config/config.ts';
import type { Redactor } from './privacy/redactor.ts';
import { createCallerSide } from './service-callers.ts';
import { createUpstreamSide } from './service-upstream.ts';
import { observeGauges } from './telemetry/gauges.ts';
import type { Logger } from './telemetry/logger.ts';
import type { Telemetry } from './telemetry/sdk.ts';

export interface ServiceDeps {
  readonly config: Config;
  /** Built before telemetry, which asks them whom to trust. */
  readonly callers: Callers;
  readonly logger: Logger;
  readonly redactor: Redactor;
  readonly telemetry: Pick<Telemetry, 'tracer' | 'instruments' | 'produce'>;
}

export interface Service {
  readonly app: Express;
  /** Set `draining` to refuse new calls and leave the balancer's list. */
  readonly lifecycle: { draining: boolean };
  /** Every key that may go out now. */
  secrets(): readonly string[];
  /** Resolves when the keys were read, or could not be. */
  ready(): Promise<void>;
  /** Closes the pool; what is still in flight is cut off. */
  close(): Promise<void>;
}

/** It does not listen. Import this after telemetry has started: it brings Express in. */
export function createService(deps: ServiceDeps): Service {
  const { config, logger, telemetry } = deps;
  const { instruments } = telemetry;
  const { keys, close, ...upstreamSide } = createUpstreamSide(deps);
  const { close: closeCallers, ...callerSide } = createCallerSide(deps, keys);
  observeGauges(instruments, { ...upstreamSide.gauges, ...callerSide.gauges });
  const lifecycle = { draining: false };
  const app = createApp(
    {
      ...callerSide,
      ...upstreamSide,
      callers: deps.callers,
      redactor: deps.redactor,
      logger,
      lifecycle,
      onReplacedId: () => instruments.replacedIds.add(1),
      onUnauthenticated: () => instruments.unauthenticated.add(1),
    },
    {
      bodyLimit: config.BODY_LIMIT_BYTES,
      batch: { maxItems: config.BATCH_MAX_ITEMS, concurrency: config.BATCH_CONCURRENCY },
    },
  );
  return {
    app,
    lifecycle,
    secrets: keys.secrets,
    ready: keys.ready,
    async close() {
      closeCallers();
      await close();
    },
  };
}
