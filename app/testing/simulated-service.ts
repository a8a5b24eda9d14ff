/** For tests: the service as a process against the simulator, shared by all tests of a file. */
import assert from 'node:assert/strict';
import { after, before } from 'node:test';
import type { Fault } from '../../loadtest/simulator/faults.ts';
import { DEFAULT_KEY, type Simulator, startSimulator } from '../../loadtest/simulator/server.ts';
import type { TuningOverrides } from '../tuning.ts';
import { postJson, type Reply, type SentHeaders } from './http.ts';
import { eventually } from './poll.ts';
import { type ServiceProcess, startService } from './service-process.ts';

/**
 * Starts both before the tests of the file and stops them after.
 * @param env extends the environment
 * @param tuning figures that no setting changes
 */
export function useSimulatedService(
  env: Readonly<Record<string, string>> = {},
  tuning?: TuningOverrides,
) {
  let simulator: Simulator;
  let service: ServiceProcess;
  before(async () => {
    simulator = await startSimulator();
    service = await startService(
      {
        CLAUDE_API_KEY: DEFAULT_KEY,
        CLAUDE_BASE_URL: simulator.url,
        OTEL_TRACES_EXPORTER: 'none',
        ...env,
      },
      tuning,
    );
  });
  after(async () => {
    // Close the simulator even if the service did not start, or the test process would never end.
    await simulator.close();
    assert.equal(await service.stop(), 0);
  });

  const requestsOf = (id: string) =>
    simulator.requests().filter(({ headers }) => headers['x-correlation-id'] === id);
  return {
    get simulator(): Simulator {
      return simulator;
    },
    get service(): ServiceProcess {
      return service;
    },
    post: (path: string, body: unknown, headers: SentHeaders = {}): Promise<Reply> =>
      postJson(service.url + path, body, headers),
    metrics: async (): Promise<string> => (await fetch(service.metricsUrl)).text(),
    /** The simulator injects these faults, in turn, while `work` runs. */
    async withFaults<T>(faults: Fault[], work: () => Promise<T>): Promise<T> {
      simulator.setFaults(faults);
      return work().finally(() => simulator.setFaults([]));
    },
    /** How the service logged the end of the call with this ID. */
    async outcomeOf(id: string): Promise<unknown> {
      const line = await service.line((l) => l['msg'] === 'call' && l['correlation_id'] === id);
      return line['outcome'];
    },
    /** What the simulator recorded of the call with this ID: a request once it has ended. */
    requestsOf,
    /** A hung request ends only when the service lets go of it. */
    async expectRequests(id: string, count: number): Promise<void> {
      await eventually(() => requestsOf(id).length >= count).catch(() => {});
      assert.equal(requestsOf(id).length, count);
    },
  };
}
