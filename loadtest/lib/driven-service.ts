/**
 * What the proofs of load scenarios run against: service and simulator, each a process of its own, so that the driver
 * has this one to itself.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type ServiceProcess, startService } from '../../app/testing/service-process.ts';
import { oneUpstream } from './service-under-test.ts';

const SIMULATOR = fileURLToPath(new URL('../simulator/main.ts', import.meta.url));

export interface DrivenService {
  readonly service: ServiceProcess;
  /** The simulator's base URL. */
  readonly simulator: string;
  /** @throws {Error} when the service did not exit with 0 */
  stop(): Promise<void>;
}

export async function startDrivenService(): Promise<DrivenService> {
  const child = spawn(process.execPath, [SIMULATOR], {
    env: { SIMULATOR_PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [line] = await once(createInterface({ input: child.stdout }), 'line');
  const { url: simulator } = JSON.parse(line) as { url: string };
  const service = await startService({ OTEL_TRACES_EXPORTER: 'none', ...oneUpstream(simulator) });
  return {
    service,
    simulator,
    async stop() {
      const code = await service.stop();
      child.kill('SIGTERM');
      await once(child, 'exit');
      if (code !== 0) throw new Error(`the service exited with ${code}`);
    },
  };
}
