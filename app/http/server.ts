/** The HTTP server's own limits, which bound what a slow or silent client can cost. */
import { createServer as createHttpServer, type RequestListener, type Server } from 'node:http';
import { dropSilentReaders } from './silent-readers.ts';

/** Milliseconds. A body of 32 MB on a slow line takes up to two minutes. */
export const serverOptions = {
  headersTimeout: 15_000,
  requestTimeout: 120_000,
  // Longer than the idle timeout of common load balancers (60 s), so that they close first.
  keepAliveTimeout: 65_000,
} as const;

/** @returns a server that is not listening yet */
export function createServer(app: RequestListener): Server {
  const server = createHttpServer(serverOptions, app);
  dropSilentReaders(server);
  // Node would answer `100 Continue` before anybody has looked at the request; `readBody` says it instead.
  return server.on('checkContinue', (request, response) => {
    server.emit('request', request, response);
  });
}
