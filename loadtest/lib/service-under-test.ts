/** The service with two regions of one simulator, the first preferred: what chaos and soak run against. */
import { type ServiceProcess, startService } from '../../app/testing/service-process.ts';
import { DEFAULT_KEY, type Simulator, startSimulator } from '../simulator/server.ts';

export interface TwoRegions {
  readonly simulator: Simulator;
  readonly service: ServiceProcess;
  /** @throws {Error} when the service did not end well */
  stop(): Promise<void>;
}

/** @param env besides addresses and key */
export async function startTwoRegions(env: Readonly<Record<string, string>>): Promise<TwoRegions> {
  const simulator = await startSimulator();
  const region = (name: string, priority: number) => ({
    name,
    url: `${simulator.url}/regions/${name}`,
    priority,
  });
  const service = await startService({
    CLAUDE_API_KEY: DEFAULT_KEY,
    CLAUDE_UPSTREAMS: JSON.stringify([region('first', 0), region('second', 1)]),
    OTEL_TRACES_EXPORTER: 'none',
    ...env,
  });
  return {
    simulator,
    service,
    async stop() {
      const code = await service.stop();
      await simulator.close();
      if (code !== 0) throw new Error(`the service ended with ${code}`);
    },
  };
}
