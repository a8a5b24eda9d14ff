/** Serves `/metrics` on a port of its own, never on the public one, and bounds what a scraper can cost. */
import {
  createServer as createHttpServer,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import { Connections } from './connections.ts';
import { createHostCheck } from './hosts.ts';
import { type RefusalDeps, refuseBadRequests } from './refusals.ts';
import { dropSilentReaders } from './silent-readers.ts';

/** Scrapers are few, near and quick. Times are milliseconds, sizes bytes. */
const LIMITS = {
  headersTimeout: 5_000,
  requestTimeout: 10_000,
  connectionsCheckingInterval: 1_000,
  keepAliveTimeout: 65_000,
  maxHeaderSize: 8_192,
  requireHostHeader: false,
} as const;
const MAX_CONNECTIONS = 32;
/** How long a scraper may read nothing of its answer. */
const SILENCE_MS = 10_000;

export interface MetricsServerDeps extends RefusalDeps {
  /** Answers a scrape; undefined where there are no metrics. */
  readonly scrape: RequestListener | undefined;
  /** Host names that are served besides loopback and every address. */
  readonly allowedHosts: readonly string[];
}

/** @returns a server that does not listen yet; every path but `/metrics` is a 404 */
export function createMetricsServer({ scrape, allowedHosts, ...deps }: MetricsServerDeps): Server {
  // Prometheus finds pods by their address, and pages of strangers have a name.
  const check = createHostCheck({ allowed: allowedHosts, anyAddress: true });
  const listener: RequestListener = (request, response) => {
    const verdict = check(request);
    if (verdict === 'malformed') {
      deps.onRefused('malformed');
      return answer(response, 400, 'exactly one valid Host header is required');
    }
    if (verdict === 'foreign') {
      deps.onRefused('foreign_host');
      return answer(response, 403, 'this host is not served here; see ALLOWED_HOSTS');
    }
    const isMetrics = request.url?.split('?', 1)[0] === '/metrics';
    if (!isMetrics || !scrape) return answer(response, 404, 'see /metrics');
    if (request.method === 'GET' || request.method === 'HEAD') return scrape(request, response);
    response.setHeader('allow', 'GET, HEAD');
    answer(response, 405, 'Method Not Allowed');
  };
  const server = createHttpServer(LIMITS);
  server.maxConnections = MAX_CONNECTIONS;
  dropSilentReaders(server, SILENCE_MS);
  refuseBadRequests(server, new Connections(server, listener), deps);
  return server;
}

function answer(response: ServerResponse, status: number, text: string): void {
  const headers = { 'content-type': 'text/plain', 'x-content-type-options': 'nosniff' };
  response.writeHead(status, headers).end(`${text}\n`);
}
