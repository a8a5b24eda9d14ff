/** For tests: the app over real HTTP in this process, on a stub of the client. */
import type { Server } from 'node:http';
import type { TestContext } from 'node:test';
import { type AppDeps, type AppOptions, createApp } from '../app.ts';
import { Callers } from '../callers/callers.ts';
import { ConcurrencyLimiter } from '../callers/concurrency.ts';
import { Quotas } from '../callers/quotas.ts';
import type { CallInput, CallResult } from '../claude/client.ts';
import { BATCH_DEFAULTS } from '../http/batch.ts';
import { Lifecycle } from '../http/lifecycle.ts';
import { createServer } from '../http/server.ts';
import type { Outcome } from '../outcome.ts';
import { Redactor } from '../privacy/redactor.ts';
import { createLogger } from '../telemetry/logger.ts';
import { type CallInfo, unrecordedCall } from '../telemetry/recorder.ts';
import { aResponse } from './fakes.ts';
import { listen } from './http.ts';

/** A client's result with the fields that do not matter filled in. */
export function aResult(part: Partial<CallResult> = {}): CallResult {
  const timing = () => ({ upstreamMs: 0, overheadMs: 0 });
  const callerWait = { start() {}, stop() {} };
  return { ...aResponse(), tokens: () => 0, timing, callerWait, ...part };
}

export interface ServedApp {
  readonly port: number;
  readonly url: string;
  readonly server: Server;
  /** The calls that the client received, in order. */
  readonly calls: CallInput[];
  /** The requests that were refused before they became calls, in order. */
  readonly rejections: (readonly [info: CallInfo, outcome: Outcome])[];
}

/**
 * Serves an app for which everybody may call and nothing is limited, unless `part` says otherwise.
 * @param answer what the client does with a call; default a complete response
 */
export async function serveApp(
  t: TestContext,
  answer: (input: CallInput) => CallResult | Promise<CallResult> = () => aResult(),
  part: Partial<AppDeps> = {},
  limits: Pick<AppOptions, 'bodyLimit' | 'bodyBudget'> = { bodyLimit: 1e6, bodyBudget: 4e6 },
): Promise<ServedApp> {
  const calls: CallInput[] = [];
  const rejections: ServedApp['rejections'] = [];
  const redactor = new Redactor({ secrets: () => [] });
  const deps: AppDeps = {
    client: {
      async call(input) {
        calls.push(input);
        return answer(input);
      },
    },
    recorder: {
      startCall: () => unrecordedCall,
      recordRejection: (...rejection) => void rejections.push(rejection),
    },
    health: { hasKey: () => true, upstreams: () => [] },
    callers: new Callers([]),
    quotas: new Quotas({ redis: undefined, onExceeded() {} }),
    limiter: new ConcurrencyLimiter({ limit: 100, queue: 0, waitMs: 60_000, paused: 10 }),
    ownKeys: new Map(),
    verify() {},
    logger: createLogger({ level: 'silent', service: 'test', redactor, sinks: [] }),
    redactor,
    lifecycle: new Lifecycle(),
    allowedHosts: [],
    onRefused() {},
    onReplacedId() {},
    onUnauthenticated() {},
    ...part,
  };
  const app = createApp(deps, { ...limits, batch: BATCH_DEFAULTS });
  const { server } = createServer(app, deps);
  const port = await listen(t, server);
  return { port, url: `http://127.0.0.1:${port}`, server, calls, rejections };
}
