/** Starts OpenTelemetry: correlation first, then traces by OTLP and metrics for Prometheus. */
import { context, metrics, propagation, type Tracer, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { ExpressInstrumentation, ExpressLayerType } from '@opentelemetry/instrumentation-express';
import { HttpInstrumentation } from '@opentelemetry/instrumentation-http';
import { RuntimeNodeInstrumentation } from '@opentelemetry/instrumentation-runtime-node';
import { UndiciInstrumentation } from '@opentelemetry/instrumentation-undici';
import {
  detectResources,
  envDetector,
  type Resource,
  resourceFromAttributes,
  serviceInstanceIdDetector,
} from '@opentelemetry/resources';
import {
  AggregationType,
  type IMetricReader,
  type MetricProducer,
} from '@opentelemetry/sdk-metrics';
import { NodeSDK } from '@opentelemetry/sdk-node';
import { RandomIdGenerator } from '@opentelemetry/sdk-trace';
import { ATTR_SERVICE_NAME, ATTR_SERVICE_VERSION } from '@opentelemetry/semantic-conventions';
import { ANYBODY } from '../callers/callers.ts';
import type { Config } from '../config/config.ts';
import { createRedactor, type Redactor } from '../privacy/redactor.ts';
import { type CorrelationOptions, createCorrelationPropagator } from './correlation.ts';
import { startLogExport } from './log-export.ts';
import type { LogSink } from './logger.ts';
import { createInstruments, createSeriesAtZero, type Instruments } from './metric-catalogue.ts';
import { redactingExporter } from './redacting-exporter.ts';
import { createSampler, samplingRatio } from './sampler.ts';
import { createSlotIdGenerator, type SlotIdGenerator, withWantedTraceIds } from './trace-ids.ts';

/** Probes and scrapes are not calls: neither spans nor HTTP metrics. */
const UNOBSERVED_PATHS = new Set(['/metrics', '/healthz', '/readyz']);

/** Seconds; the convention's buckets end at 10 s, where calls of a model only begin. */
const HTTP_SERVER_BUCKETS = [
  0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10, 30, 60, 120, 300,
];

const NOTHING = {
  resourceMetrics: { resource: resourceFromAttributes({}), scopeMetrics: [] },
  errors: [],
};

/** Running telemetry. */
export interface Telemetry {
  readonly tracer: Tracer;
  readonly instruments: Instruments;
  /** Answers a scrape; absent when the SDK is disabled. */
  readonly prometheus: PrometheusExporter | undefined;
  /** Adds what is made at each scrape. */
  produce(metrics: MetricProducer): void;
  /** Takes log lines to be sent on; absent unless that is asked for. */
  readonly logSink: LogSink | undefined;
  /** Exports what is left and stops. Never rejects: a dead collector is no failure of ours. */
  shutdown(): Promise<void>;
}

/** What is not in the settings. */
export interface TelemetryOverrides {
  /** Every span passes it; without one the rules hold, but no secret is known. */
  readonly redactor?: Redactor;
  /** What a test can look into instead of a scrape. */
  readonly metricReader?: IMetricReader;
}

export interface TelemetryDeps extends TelemetryOverrides {
  /** Whether a sender's IDs become trace context; default: `TRUST_INBOUND_TRACE` alone. */
  readonly trusts?: CorrelationOptions['trusts'];
}

/**
 * Starts telemetry. Call it before Express is imported. With `OTEL_SDK_DISABLED` the API's no-ops
 * stay, but context and propagator are set, so that the correlation ID works all the same.
 */
export function startTelemetry(
  config: Config,
  version: string,
  overrides: TelemetryDeps = {},
): Telemetry {
  const propagator = createCorrelationPropagator({
    trusts: overrides.trusts ?? (() => config.TRUST_INBOUND_TRACE),
    newTraceId: () => new RandomIdGenerator().generateTraceId(),
  });
  if (config.OTEL_SDK_DISABLED) {
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    propagation.setGlobalPropagator(propagator);
    return {
      ...api(config, version),
      prometheus: undefined,
      produce() {},
      logSink: undefined,
      shutdown: async () => {},
    };
  }
  let producer: MetricProducer | undefined;
  const prometheus = new PrometheusExporter({
    preventServerStart: true,
    withoutScopeInfo: true,
    metricProducers: [{ collect: async (options) => producer?.collect(options) ?? NOTHING }],
  });
  const ids = createSlotIdGenerator();
  const http = httpInstrumentation();
  const resource = resourceOf(config, version);
  const sdk = new NodeSDK({
    ...traceOptions(config, ids, overrides.redactor ?? createRedactor({ secrets: () => [] })),
    resource,
    autoDetectResources: false,
    textMapPropagator: propagator,
    metricReaders: [prometheus, ...(overrides.metricReader ? [overrides.metricReader] : [])],
    logRecordProcessors: [],
    views: [
      {
        instrumentName: 'http.server.request.duration',
        aggregation: {
          type: AggregationType.EXPLICIT_BUCKET_HISTOGRAM,
          options: { boundaries: HTTP_SERVER_BUCKETS },
        },
      },
    ],
    instrumentations: [http, ...otherInstrumentations()],
  });
  withSdkMetrics(() => sdk.start());
  http.setTracerProvider(withWantedTraceIds(trace.getTracerProvider(), ids));
  const logs =
    config.OTEL_LOGS_EXPORTER === 'otlp'
      ? startLogExport({ url: otlpUrl(config, 'logs'), resource })
      : undefined;
  return {
    ...api(config, version),
    prometheus,
    produce(metrics) {
      producer = metrics;
    },
    logSink: logs?.sink,
    shutdown: async () => {
      await Promise.allSettled([sdk.shutdown(), logs?.shutdown()]);
    },
  };
}

/** Host, process and command line stay out: `target_info` shows all of it. */
function resourceOf(config: Config, version: string): Resource {
  return detectResources({ detectors: [envDetector, serviceInstanceIdDetector] }).merge(
    resourceFromAttributes({
      [ATTR_SERVICE_NAME]: config.OTEL_SERVICE_NAME,
      [ATTR_SERVICE_VERSION]: version,
    }),
  );
}

function otlpUrl(config: Config, signal: 'traces' | 'logs'): string {
  return `${config.OTEL_EXPORTER_OTLP_ENDPOINT.replace(/\/$/, '')}/v1/${signal}`;
}

/** The tracer and instruments, real or no-op as the API has them, with every series at zero. */
function api(config: Config, version: string): Pick<Telemetry, 'tracer' | 'instruments'> {
  const instruments = createInstruments(metrics.getMeter('claude-observatory', version));
  createSeriesAtZero(instruments, {
    models: config.CLAUDE_MODELS,
    upstreams: config.upstreams.map(({ name }) => name),
    callers: config.callers.length > 0 ? config.callers.map(({ name }) => name) : [ANYBODY.name],
  });
  instruments.buildInfo.record(1, { version, node_version: process.version });
  return { tracer: trace.getTracer('claude-observatory', version), instruments };
}

/**
 * `traceExporter`, not `spanProcessors`: only then does the SDK measure its own queue, and dropped
 * spans are counted (`otel_sdk_processor_span_processed` with `error.type="queue_full"`).
 */
function traceOptions(config: Config, idGenerator: SlotIdGenerator, redactor: Redactor) {
  if (config.OTEL_TRACES_EXPORTER === 'none') return { spanProcessors: [] };
  return {
    sampler: createSampler(samplingRatio(config)),
    idGenerator,
    traceExporter: redactingExporter(
      new OTLPTraceExporter({ url: otlpUrl(config, 'traces') }),
      redactor,
    ),
  };
}

/** The SDK reads this switch from the environment alone. */
function withSdkMetrics(start: () => void): void {
  process.env['OTEL_NODE_EXPERIMENTAL_SDK_METRICS'] ??= 'true';
  start();
}

function httpInstrumentation(): HttpInstrumentation {
  return new HttpInstrumentation({
    disableOutgoingRequestInstrumentation: true,
    ignoreIncomingRequestHook: (request) => UNOBSERVED_PATHS.has(pathOf(request.url)),
  });
}

function pathOf(url: string | undefined): string {
  return (url ?? '').split('?', 1)[0] ?? '';
}

function otherInstrumentations() {
  return [
    // The route is what we want of Express; a span a layer costs a fifth of the throughput.
    new ExpressInstrumentation({
      ignoreLayersType: [
        ExpressLayerType.MIDDLEWARE,
        ExpressLayerType.ROUTER,
        ExpressLayerType.REQUEST_HANDLER,
      ],
    }),
    new UndiciInstrumentation({ requireParentforSpans: true }),
    new RuntimeNodeInstrumentation(),
  ];
}
