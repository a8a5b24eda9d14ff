/** The libraries whose spans and metrics the service takes as they are: HTTP, undici, Node. */
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import { RuntimeNodeInstrumentation } from '@opentelemetry/instrumentation-runtime-node';
import { UndiciInstrumentation } from '@opentelemetry/instrumentation-undici';
import { AggregationType, type ViewOptions } from '@opentelemetry/sdk-metrics';

/** Probes and scrapes are not calls, so they get neither spans nor HTTP metrics. */
const UNOBSERVED_PATHS = new Set(['/metrics', '/healthz', '/readyz']);

/** Seconds. The convention's buckets end at 10 s, which many calls of a model exceed. */
const HTTP_SERVER_BUCKETS = [
  0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 30, 60, 120, 300,
];

/** Gives the duration of HTTP requests buckets that fit calls of a model. */
export const HTTP_SERVER_VIEW: ViewOptions = {
  instrumentName: 'http.server.request.duration',
  aggregation: {
    type: AggregationType.EXPLICIT_BUCKET_HISTOGRAM,
    options: { boundaries: HTTP_SERVER_BUCKETS },
  },
};

/** @returns the instrumentation of the HTTP server; outgoing requests are undici's */
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
 * @returns the instrumentations of undici and the Node runtime. Express has none: a span per layer would cost a
 *   fifth of the throughput, and the routes name themselves (http-route.ts).
 */
export function otherInstrumentations() {
  return [
    new UndiciInstrumentation({ requireParentforSpans: true }),
    new RuntimeNodeInstrumentation(),
  ];
}
