/** Starts the simulator: a stand-in for Anthropic's Messages API, with latency and faults. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { handleAdmin } from './admin.ts';
import type { Fault } from './faults.ts';
import { METRICS_CONTENT_TYPE, metricsText } from './metrics.ts';
import { checkDaysLeft } from './models.ts';
import type { RecordedRequest } from './request-log.ts';
import { handleApi } from './routes.ts';
import { createState, type SimulatorState, type StateOptions } from './state.ts';

export const DEFAULT_KEY = 'sim-key-for-local-use';

export interface SimulatorOptions extends Partial<StateOptions> {
  /** Default 0: any free port. */
  readonly port?: number;
  /** Default `127.0.0.1`. */
  readonly host?: string;
}

export interface Simulator {
  readonly url: string;
  readonly port: number;
  /** Replaces the faults that are injected. */
  setFaults(faults: readonly Fault[]): void;
  /** Deprecates these models, by their days left until they retire; all others are active. */
  setModels(daysLeft: Readonly<Record<string, number>>): void;
  /** Issues and revokes keys: from now on these are accepted, and no others. */
  setKeys(keys: readonly string[]): void;
  /** The last 1,000 requests, oldest first. */
  requests(): RecordedRequest[];
  /** Number of requests since the start. */
  seen(): number;
  /** Number of connections that are open now. */
  connections(): Promise<number>;
  close(): Promise<void>;
}

/**
 * Starts a simulator; without `keys` it accepts `DEFAULT_KEY`.
 * @throws {Error} when it cannot listen, such as EADDRINUSE
 */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const { port: wantedPort = 0, host = '127.0.0.1' } = options;
  const state = createState({ keys: [DEFAULT_KEY], ...options });
  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) =>
    route(state, request, response),
  );
  server.listen(wantedPort, host);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://${host}:${port}`,
    port,
    setFaults: (faults) => state.faults.set(faults),
    setModels(daysLeft) {
      state.daysLeft = checkDaysLeft(daysLeft);
    },
    setKeys(keys) {
      state.keys = new Set(keys);
    },
    requests: () => state.requestLog.list(),
    seen: () => state.requestLog.seen,
    connections: () =>
      new Promise((resolve, reject) =>
        server.getConnections((error, n) => (error ? reject(error) : resolve(n))),
      ),
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
      await state.spans?.close();
    },
  };
}

function route(state: SimulatorState, request: IncomingMessage, response: ServerResponse): void {
  // The guard of the load tests recognises the simulator by this header (smoke/guard.ts).
  response.setHeader('x-simulator', 'claude-observatory');
  if (request.url === '/metrics') {
    response.setHeader('content-type', METRICS_CONTENT_TYPE).end(metricsText(state));
    return;
  }
  const handle = request.url?.startsWith('/__sim') ? handleAdmin : handleApi;
  handle(state, request, response).catch(() => response.destroy());
}
