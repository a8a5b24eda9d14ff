/** The instrumentations that the service takes as they are: of HTTP's server, and of Node. */
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import { RuntimeNodeInstrumentation } from '@opentelemetry/instrumentation-runtime-node';

/** Probes and scrapes are not calls, so they get neither spans nor HTTP metrics. */
const UNOBSERVED_PATHS = new Set(['/metrics', '/healthz', '/readyz']);

/** @returns the instrumentation of the HTTP server; outgoing requests are observed in http-client.ts */
export function httpServerInstrumentation(): HttpInstrumentation {
  return new HttpInstrumentation({
    disableOutgoingRequestInstrumentation: true,
    ignoreIncomingRequestHook: (request) => UNOBSERVED_PATHS.has(pathOf(request.url)),
  });
}

function pathOf(url: string | undefined): string {
  return (url ?? '').split('?', 1)[0] ?? '';
}

/**
 * @returns the instrumentation of the Node runtime. Express has none: a span per layer would cost a fifth of the
 *   throughput, and the routes name themselves (http-route.ts). Nor has undici, see http-client.ts.
 */
export function runtimeInstrumentation(): RuntimeNodeInstrumentation {
  return new RuntimeNodeInstrumentation();
}
