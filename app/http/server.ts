/** The HTTP server's own limits, which bound what a slow or silent client can cost. */
import {
  createServer as createHttpServer,
  type RequestListener,
  type Server,
  type ServerOptions,
} from 'node:http';
import { Connections } from './connections.ts';
import { type RefusalDeps, refuseBadRequests } from './refusals.ts';
import { dropSilentReaders } from './silent-readers.ts';

/** Milliseconds. A body of 32 MB on a slow line takes up to two minutes. */
export const SERVER_DEFAULTS: ServerOptions = {
  headersTimeout: 15_000,
  requestTimeout: 120_000,
  // How often both are looked at.
  connectionsCheckingInterval: 5_000,
  // Longer than the idle timeout of common load balancers (60 s), so that they close first.
  keepAliveTimeout: 65_000,
  // Node's own refusal has no body; checkHost has one.
  requireHostHeader: false,
};

export interface ServedConnections {
  /** Not listening yet. */
  readonly server: Server;
  readonly connections: Connections;
}

/** @returns a server that refuses what is not HTTP in the form of every other error */
export function createServer(
  app: RequestListener,
  deps: RefusalDeps,
  options: ServerOptions = SERVER_DEFAULTS,
): ServedConnections {
  const server = createHttpServer(options, app);
  const connections = new Connections(server);
  refuseBadRequests(server, connections, deps);
  dropSilentReaders(server);
  return { server, connections };
}
