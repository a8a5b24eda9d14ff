/**
 * What the load tests run against: the service as a process of its own, with a simulator behind it.
 * Here stands every setting of the service that a load test changes.
 */
import { type ServiceProcess, startService } from '../../app/testing/service-process.ts';
import {
  DEFAULT_KEY,
  type Simulator,
  type SimulatorOptions,
  startSimulator,
} from '../simulator/server.ts';

type Env = Readonly<Record<string, string>>;

/** The settings that each load test changes, apart from its upstreams. */
export const SETTINGS = {
  /** Time limits and back-off are a tenth of the defaults or less, so that the run ends. */
  chaos: {
    FIRST_EVENT_TIMEOUT_MS: '500',
    ATTEMPT_TIMEOUT_MS: '500',
    RETRY_BASE_MS: '20',
    IDLE_TIMEOUT_MS: '500',
    BREAKER_WINDOW_MS: '1000',
    BREAKER_OPEN_MS: '500',
    BREAKER_RAMP_MS: '1000',
  },
  soak: {
    FIRST_EVENT_TIMEOUT_MS: '500',
    ATTEMPT_TIMEOUT_MS: '500',
    IDLE_TIMEOUT_MS: '500',
    RETRY_BASE_MS: '20',
    BREAKER_OPEN_MS: '500',
    BREAKER_RAMP_MS: '500',
    KEEP_ALIVE_MS: '500',
  },
  leaks: {
    FIRST_EVENT_TIMEOUT_MS: '200',
    ATTEMPT_TIMEOUT_MS: '200',
    IDLE_TIMEOUT_MS: '200',
    RETRY_BASE_MS: '5',
    BREAKER_OPEN_MS: '100',
    BREAKER_RAMP_MS: '100',
    KEEP_ALIVE_MS: '200',
  },
  regions: {
    FIRST_EVENT_TIMEOUT_MS: '500',
    ATTEMPT_TIMEOUT_MS: '500',
    RETRY_BASE_MS: '1',
    BREAKER_OPEN_MS: '200',
    BREAKER_RAMP_MS: '200',
  },
  overload: { ADMISSION_LIMIT: '20', ADMISSION_QUEUE: '4' },
  /** The file is watched; polling it this rarely proves that the watch suffices. */
  rotation: { KEY_POLL_MS: '60000' },
  /** The circuit must never open: the leaky upstream has to go on quoting. */
  canary: {
    BREAKER_MIN_ATTEMPTS: '1000000',
    RETRY_BASE_MS: '1',
    ADMISSION_LIMIT: '1000',
    OTEL_TRACES_EXPORTER: 'otlp',
    OTEL_LOGS_EXPORTER: 'otlp',
    OTEL_BSP_SCHEDULE_DELAY: '50',
    OTEL_BLRP_SCHEDULE_DELAY: '50',
    LOG_LEVEL: 'trace',
  },
} as const satisfies Record<string, Env>;

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
 */
export async function startServiceUnderTest(
  envFor: (simulatorUrl: string) => Env,
  options: SimulatorOptions = {},
): Promise<ServiceUnderTest> {
  const simulator = await startSimulator(options);
  const service = await startService({ OTEL_TRACES_EXPORTER: 'none', ...envFor(simulator.url) });
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
