/** The HTTP server's own limits, which bound what a slow or silent client can cost. */
import {
  createServer as createHttpServer,
  type RequestListener,
  type Server,
  type ServerOptions,
} from 'node:http';
import { AppError } from '../errors.ts';
import { Connections } from './connections.ts';
import { abortRequest } from './context.ts';
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
  const server = createHttpServer(options);
  const connections = new Connections(server, app);
  refuseBadRequests(server, connections, deps);
  dropSilentReaders(server);
  endForLeavers(server, connections);
  return { server, connections };
}

/**
 * Ends the work of callers who close their side of a connection: whoever goes away and whoever only says no more
 * look the same, and an answer that nobody reads must cost nothing. Node would close our side as well, in the
 * middle of an answer and without a word; so those who still read get an error.
 */
function endForLeavers(server: Server, connections: Connections): void {
  Object.assign(server, { httpAllowHalfOpen: true });
  server.on('connection', (socket) => {
    socket.once('end', () => {
      for (const response of connections.responses(socket)) {
        // The parser complains of half a request.
        if (response.req.complete) abortRequest(response, leftError());
      }
    });
  });
}

function leftError(): AppError {
  return new AppError('client_cancelled', 'the caller closed the connection before the answer');
}
