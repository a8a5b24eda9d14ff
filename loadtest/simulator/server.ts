/** The stand-in for Claude: Anthropic's Messages API on `node:http`, with latency and faults. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { handleAdmin } from './admin.ts';
import { createFaultBox, type Fault, type FaultBox } from './faults.ts';
import type { ProfileName } from './latency.ts';
import { createRequestRing, type RecordedRequest, type RequestRing } from './request-log.ts';
import { serveApi } from './routes.ts';

export const DEFAULT_KEY = 'sim-key-for-local-use';

/** `anyone` is for a container whose port is published on loopback: there every peer is a stranger. */
export const ADMINS = ['loopback', 'anyone'] as const;
export type Admin = (typeof ADMINS)[number];

export interface SimulatorOptions {
  /** 0 takes a free one; default 0. */
  readonly port?: number;
  readonly host?: string;
  /** Keys that are accepted; default `sim-key-for-local-use`. */
  readonly keys?: readonly string[];
  /** Default `none`. */
  readonly profile?: ProfileName;
  /** Who may use the admin routes; default `loopback`. */
  readonly admin?: Admin;
  /** 0 inclusive to 1 exclusive. */
  readonly random?: () => number;
}

/** What the routes share. */
export interface SimulatorState {
  keys: ReadonlySet<string>;
  readonly faults: FaultBox;
  readonly ring: RequestRing;
  readonly random: () => number;
  readonly admin: Admin;
  profile: ProfileName;
}

export interface Simulator {
  readonly url: string;
  readonly port: number;
  setFaults(faults: readonly Fault[]): void;
  /** Issues and revokes keys: these are accepted from now on. */
  setKeys(keys: readonly string[]): void;
  /** The last 1,000, oldest first. */
  requests(): RecordedRequest[];
  /** Requests of all time. */
  seen(): number;
  /** Connections open now. */
  connections(): Promise<number>;
  close(): Promise<void>;
}

/** Starts a simulator. @throws {Error} EADDRINUSE */
export async function startSimulator(options: SimulatorOptions = {}): Promise<Simulator> {
  const { port = 0, host = '127.0.0.1', keys = [DEFAULT_KEY], random = Math.random } = options;
  const state: SimulatorState = {
    keys: new Set(keys),
    faults: createFaultBox(random),
    ring: createRequestRing(),
    random,
    admin: options.admin ?? 'loopback',
    profile: options.profile ?? 'none',
  };
  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) =>
    route(state, request, response),
  );
  server.listen(port, host);
  await once(server, 'listening');
  const address = server.address() as AddressInfo;
  return {
    url: `http://${host}:${address.port}`,
    port: address.port,
    setFaults: state.faults.set,
    setKeys(keys) {
      state.keys = new Set(keys);
    },
    requests: state.ring.list,
    seen: () => state.ring.seen,
    connections: () =>
      new Promise((resolve, reject) =>
        server.getConnections((error, n) => (error ? reject(error) : resolve(n))),
      ),
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function route(state: SimulatorState, request: IncomingMessage, response: ServerResponse): void {
  // So that a load test can tell it from an upstream that costs money.
  response.setHeader('x-simulator', 'claude-observatory');
  const serve = request.url?.startsWith('/__sim') ? handleAdmin : serveApi;
  serve(state, request, response).catch(() => response.destroy());
}
