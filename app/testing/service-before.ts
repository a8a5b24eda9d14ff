/** For tests: the service as a process of its own, before an upstream that the test writes by hand. */
import { createServer, type RequestListener } from 'node:http';
import type { TestContext } from 'node:test';
import { listen } from './http.ts';
import { type ServiceProcess, startService, type TuningOverrides } from './service-process.ts';

/** The key that the service sends to the upstream. */
export const KEY = 'planted-key-0123456789/+"&';

/** Faults follow one another in tests, and no circuit may open. */
const TUNING: TuningOverrides = { backoff: { baseMs: 1 }, breaker: { minAttempts: 1_000_000 } };

/**
 * Starts both; they end with the test.
 * @param env extends the environment
 */
export async function serviceBefore(
  t: TestContext,
  upstream: RequestListener,
  env: Readonly<Record<string, string>> = {},
): Promise<ServiceProcess> {
  const port = await listen(t, createServer(upstream));
  const service = await startService(
    {
      CLAUDE_BASE_URL: `http://127.0.0.1:${port}`,
      CLAUDE_API_KEY: KEY,
      OTEL_TRACES_EXPORTER: 'none',
      ...env,
    },
    TUNING,
  );
  t.after(service.stop);
  return service;
}
