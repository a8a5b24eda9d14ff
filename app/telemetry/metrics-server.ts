/** Serves `/metrics` on a port of its own, never on the public one. */
import { createServer, type Server } from 'node:http';
import type { PrometheusExporter } from '@opentelemetry/exporter-prometheus';

/** @returns a server that does not listen yet; every path but `/metrics` is a 404 */
export function createMetricsServer(prometheus: PrometheusExporter | undefined): Server {
  return createServer((request, response) => {
    const isScrape = request.method === 'GET' && request.url?.split('?', 1)[0] === '/metrics';
    if (isScrape && prometheus) return prometheus.getMetricsRequestHandler(request, response);
    response.writeHead(404, { 'content-type': 'text/plain' }).end('see /metrics\n');
  });
}
