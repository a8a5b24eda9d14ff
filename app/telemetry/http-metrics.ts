/**
 * The durations of HTTP, as their conventions name them, with few labels and buckets: an instance has a budget of series
 * (docs/adr/0028). https://opentelemetry.io/docs/specs/semconv/http/http-metrics/
 */
import {
  createNoopMeter,
  type Histogram,
  type Meter,
  type MeterProvider,
} from '@opentelemetry/api';
import {
  ATTR_HTTP_RESPONSE_STATUS_CODE,
  ATTR_HTTP_ROUTE,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
  METRIC_HTTP_CLIENT_REQUEST_DURATION,
  METRIC_HTTP_SERVER_REQUEST_DURATION,
} from '@opentelemetry/semantic-conventions';
import type { CellInstruments } from './cells.ts';

/** Seconds. */
const CLIENT_BUCKETS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300];
/** More than there are routes and statuses, or addresses of upstreams. */
const MAX_SERIES = 2_000;

/**
 * Requests are counted by route and status, without buckets and methods: any method can be sent to any path, and how
 * long calls last is in `claude_api_request_duration_seconds`.
 */
function serverDuration(cells: CellInstruments): Histogram {
  const labels = [ATTR_HTTP_ROUTE, ATTR_HTTP_RESPONSE_STATUS_CODE];
  const help = 'Duration of HTTP server requests.';
  const name = METRIC_HTTP_SERVER_REQUEST_DURATION;
  return cells.histogram({ name, unit: 's', help, labels, maxSeries: MAX_SERIES }, []);
}

/** Upstreams are told apart by address alone: how their answers ended is in `claude_api_attempts_total`. */
export function clientDuration(cells: CellInstruments): Histogram {
  const labels = [ATTR_SERVER_ADDRESS, ATTR_SERVER_PORT];
  const help = 'Measures the duration of outbound HTTP requests.';
  const name = METRIC_HTTP_CLIENT_REQUEST_DURATION;
  return cells.histogram({ name, unit: 's', help, labels, maxSeries: MAX_SERIES }, CLIENT_BUCKETS);
}

/** @returns what gives the instrumentation of the HTTP server its one histogram; any other measures nothing */
export function serverMeters(cells: CellInstruments): MeterProvider {
  const duration = serverDuration(cells);
  const none = createNoopMeter();
  const meter: Meter = Object.create(none, {
    createHistogram: {
      value: (name: string) =>
        name === METRIC_HTTP_SERVER_REQUEST_DURATION ? duration : none.createHistogram(name),
    },
  });
  return { getMeter: () => meter };
}
