/**
 * What the load tests run against: the service as a process of its own, with a simulator behind it.
 * Every setting and figure of the service that a load test changes is listed here.
 */

import type { TuningOverrides } from '../../app/testing/service-process.ts';
import { listening, type ServiceProcess, spawnService } from '../../app/testing/service-process.ts';
import {
  DEFAULT_KEY,
  type Simulator,
  type SimulatorOptions,
  startSimulator,
} from '../simulator/server.ts';
import { endWithUs } from './children.ts';

type Env = Readonly<Record<string, string>>;

/** The settings that each load test changes, apart from its upstreams. */
export const SETTINGS = {
  chaos: { FIRST_EVENT_TIMEOUT_MS: '500', ATTEMPT_TIMEOUT_MS: '500' },
  soak: { FIRST_EVENT_TIMEOUT_MS: '500', ATTEMPT_TIMEOUT_MS: '500' },
  leaks: { FIRST_EVENT_TIMEOUT_MS: '200', ATTEMPT_TIMEOUT_MS: '200' },
  regions: { FIRST_EVENT_TIMEOUT_MS: '500', ATTEMPT_TIMEOUT_MS: '500' },
  overload: { ADMISSION_LIMIT: '20' },
  /** The file is watched; polling it this rarely proves that the watch suffices. */
  rotation: { KEY_POLL_MS: '60000' },
  canary: {
    ADMISSION_LIMIT: '1000',
    OTEL_TRACES_EXPORTER: 'otlp',
    OTEL_LOGS_EXPORTER: 'otlp',
    OTEL_BSP_SCHEDULE_DELAY: '50',
    OTEL_BLRP_SCHEDULE_DELAY: '50',
    LOG_LEVEL: 'trace',
  },
} as const satisfies Record<string, Env>;

/** The figures that each load test replaces: time limits are cut to a tenth or less, to keep the run short. */
export const TUNINGS = {
  chaos: {
    stream: { silenceMs: 500 },
    backoff: { baseMs: 20 },
    breaker: { windowMs: 1_000, openMs: 500, slowStartMs: 1_000 },
  },
  soak: {
    pool: { keepAliveMs: 500 },
    stream: { silenceMs: 500 },
    backoff: { baseMs: 20 },
    breaker: { openMs: 500, slowStartMs: 500 },
  },
  leaks: {
    pool: { keepAliveMs: 200 },
    stream: { silenceMs: 200 },
    backoff: { baseMs: 5 },
    breaker: { openMs: 100, slowStartMs: 100 },
  },
  regions: { backoff: { baseMs: 1 }, breaker: { openMs: 200, slowStartMs: 200 } },
  overload: { admission: { queue: 4 } },
  /** The circuit must never open: the leaky upstream has to go on quoting. */
  canary: { backoff: { baseMs: 1 }, breaker: { minAttempts: 1_000_000 } },
} as const satisfies Record<string, TuningOverrides>;

/** @returns settings for the simulator as the only upstream */
export function oneUpstream(simulatorUrl: string): Env {
  return { CLAUDE_API_KEY: DEFAULT_KEY, CLAUDE_BASE_URL: simulatorUrl };
}

/** @returns settings for two regions of the simulator, `first` (preferred) and `second` */
export function twoRegions(simulatorUrl: string): Env {
  const region = (name: string, priority: number) => ({
    name,
    url: `${simulatorUrl}/regions/${name}`,
    priority,
  });
  return {
    CLAUDE_API_KEY: DEFAULT_KEY,
    CLAUDE_UPSTREAMS: JSON.stringify([region('first', 0), region('second', 1)]),
  };
}

export interface ServiceUnderTest {
  readonly simulator: Simulator;
  readonly service: ServiceProcess;
  /** @throws {Error} when the service did not exit with 0 */
  stop(): Promise<void>;
}

/**
 * Starts a simulator, and the service against it. Spans are not exported unless the environment
 * says so.
 * @param envFor the service's environment, given the simulator's URL
 * @param options those of the simulator, and figures of the service that no setting changes
 */
export async function startServiceUnderTest(
  envFor: (simulatorUrl: string) => Env,
  { tuning, ...options }: SimulatorOptions & { readonly tuning?: TuningOverrides } = {},
): Promise<ServiceUnderTest> {
  const simulator = await startSimulator(options);
  const env = { OTEL_TRACES_EXPORTER: 'none', ...envFor(simulator.url) };
  const child = spawnService(env, tuning);
  endWithUs(child);
  const service = await listening(child);
  return {
    simulator,
    service,
    async stop() {
      const code = await service.stop();
      await simulator.close();
      if (code !== 0) throw new Error(`the service exited with ${code}`);
    },
  };
}
