/** Starts OpenTelemetry: correlation first, then traces and logs by OTLP and metrics for Prometheus. */
import { createRequire } from 'node:module';
import { context, metrics, propagation, type Tracer, trace } from '@opentelemetry/api';
import { millisToHrTime } from '@opentelemetry/core';
import { PrometheusExporter } from '@opentelemetry/exporter-prometheus';
import { registerInstrumentations } from '@opentelemetry/instrumentation';
import { MeterProvider, type MetricProducer } from '@opentelemetry/sdk-metrics';
import { RandomIdGenerator } from '@opentelemetry/sdk-trace';
import type { Redactor } from '../privacy/redactor.ts';
import { SCOPE_NAME } from './attributes.ts';
import { createCostAtZero } from './call-usage.ts';
import { cardinalityViews } from './cardinality.ts';
import { CellInstruments } from './cells.ts';
import { LeanContextManager } from './context-manager.ts';
import { createUsageAtZero } from './gen-ai.ts';
import { observeHttpClient } from './http-client.ts';
import { clientDuration, serverMeters } from './http-metrics.ts';
import { httpServerInstrumentation, runtimeInstrumentation } from './instrumentations.ts';
import { createInstruments, createSeriesAtZero, type Instruments } from './instruments.ts';
import { LEAN_VIEWS } from './lean-views.ts';
import { startLogExport } from './log-export.ts';
import type { LogSink } from './log-sink.ts';
import type { LabelValues } from './metric-definition.ts';
import { observeProcess } from './process-gauges.ts';
import { createProducer, together } from './produced-gauges.ts';
import { createCorrelationPropagator, type PropagatorOptions } from './propagator.ts';
import { createResource, serviceNameOf } from './resource.ts';
import { createSpanExporter } from './span-exporter.ts';
import { createSlotIdGenerator, withWantedTraceIds } from './trace-ids.ts';
import { createTracerProvider, type TracingOptions } from './tracing.ts';

/** Running telemetry. */
export interface Telemetry {
  /** `OTEL_SERVICE_NAME`, or its default. */
  readonly serviceName: string;
  readonly tracer: Tracer;
  readonly instruments: Instruments;
  /** Answers scrapes; undefined when the SDK is disabled. */
  readonly prometheus: PrometheusExporter | undefined;
  /** Adds metrics that are produced at each scrape. */
  produce(metrics: MetricProducer): void;
  /** Takes log lines that are to be exported; undefined when they are not. */
  readonly logSink: LogSink | undefined;
  /** Exports what is left and stops. Never rejects: a dead collector is not our failure. */
  shutdown(): Promise<void>;
}

/** The exporters themselves read `OTEL_EXPORTER_OTLP_*`: http://localhost:4318 unless it is set. */
export interface TelemetryOptions {
  /** The service's version. */
  readonly version: string;
  /** Label values whose series are created at zero. */
  readonly labels: LabelValues;
  readonly exportTraces: boolean;
  readonly exportLogs: boolean;
  /** Share of calls that are traced, 0 to 1. */
  readonly samplingRatio: number;
}

export interface TelemetryDeps {
  /** Redacts every span before it leaves. */
  readonly redactor: Redactor;
  readonly trusts: PropagatorOptions['trusts'];
}

/** Nothing reads them while the SDK is disabled. */
const NO_LABELS: LabelValues = { models: [], upstreams: [], callers: [] };

/**
 * Leaves the API's no-ops in place but sets context and propagator, so that the correlation ID works
 * without spans and metrics too.
 */
export function disabledTelemetry({ trusts }: Pick<TelemetryDeps, 'trusts'>): Telemetry {
  context.setGlobalContextManager(new LeanContextManager().enable());
  propagation.setGlobalPropagator(propagatorOf(trusts));
  return {
    serviceName: serviceNameOf(createResource('')),
    tracer: trace.getTracer(SCOPE_NAME),
    instruments: createInstruments(
      { meter: metrics.getMeter(SCOPE_NAME), cells: new CellInstruments([0, 0]) },
      NO_LABELS,
    ),
    prometheus: undefined,
    produce() {},
    logSink: undefined,
    shutdown: async () => {},
  };
}

/** Starts the SDK. */
export function enabledTelemetry(options: TelemetryOptions, deps: TelemetryDeps): Telemetry {
  context.setGlobalContextManager(new LeanContextManager().enable());
  propagation.setGlobalPropagator(propagatorOf(deps.trusts));
  const cells = new CellInstruments(millisToHrTime(Date.now()));
  const { prometheus, produce } = createExporter(cells);
  const resource = createResource(options.version);
  const meterProvider = new MeterProvider({
    resource,
    views: [...LEAN_VIEWS, ...cardinalityViews(options.labels)],
    readers: [prometheus],
    sdkMetricsEnabled: true,
  });
  metrics.setGlobalMeterProvider(meterProvider);
  const traces = options.exportTraces
    ? startTraces(options, { resource, cells, redactor: deps.redactor })
    : undefined;
  instrumentHttpServer(cells, traces?.ids);
  registerInstrumentations({ instrumentations: [runtimeInstrumentation()] });
  const stopObserving = observeHttpClient(clientDuration(cells));
  const logs = options.exportLogs ? startLogExport({ resource }) : undefined;
  return {
    serviceName: serviceNameOf(resource),
    tracer: trace.getTracer(SCOPE_NAME, options.version),
    instruments: startInstruments(options, cells),
    prometheus,
    produce,
    logSink: logs?.sink,
    shutdown: async () => {
      stopObserving();
      await Promise.allSettled([traces?.provider.shutdown(), logs?.shutdown()]);
      await Promise.allSettled([meterProvider.shutdown()]);
    },
  };
}

/** @returns what answers scrapes, with the cells and with whatever else is produced at a scrape */
function createExporter(cells: CellInstruments): Pick<Telemetry, 'produce'> & {
  readonly prometheus: PrometheusExporter;
} {
  const producers = [createProducer((nowMs) => cells.read(millisToHrTime(nowMs)), Date.now)];
  const prometheus = new PrometheusExporter({
    preventServerStart: true,
    withoutScopeInfo: true,
    metricProducers: [together(producers)],
  });
  return { prometheus, produce: (metrics) => void producers.push(metrics) };
}

function propagatorOf(trusts: PropagatorOptions['trusts']) {
  const newTraceId = () => new RandomIdGenerator().generateTraceId();
  return createCorrelationPropagator({ trusts, newTraceId });
}

/** Call it after the metrics have started: the SDK counts its spans. */
function startTraces(
  { samplingRatio }: TelemetryOptions,
  { redactor, ...deps }: Pick<TracingOptions, 'resource' | 'cells'> & { redactor: Redactor },
) {
  const ids = createSlotIdGenerator();
  const provider = createTracerProvider({
    ...deps,
    samplingRatio,
    idGenerator: ids,
    exporter: createSpanExporter(redactor),
    meterProvider: metrics.getMeterProvider(),
  });
  trace.setGlobalTracerProvider(provider);
  return { ids, provider };
}

function instrumentHttpServer(cells: CellInstruments, ids = createSlotIdGenerator()): void {
  const http = httpServerInstrumentation();
  http.setTracerProvider(withWantedTraceIds(trace.getTracerProvider(), ids));
  http.setMeterProvider(serverMeters(cells));
  // The instrumentation waits for somebody to require it, and patches a prototype that all importers share. A loader
  // hook that watches imports would need a thread of its own and wrap every module of the service.
  createRequire(import.meta.url)('http');
}

function startInstruments(
  { version, labels }: TelemetryOptions,
  cells: CellInstruments,
): Instruments {
  const instruments = createInstruments(
    { meter: metrics.getMeter(SCOPE_NAME, version), cells },
    labels,
  );
  createSeriesAtZero(instruments, labels);
  createUsageAtZero(instruments, labels.models);
  createCostAtZero(instruments, labels);
  observeProcess(instruments);
  instruments.buildInfo.record(1, { version, node_version: process.version });
  return instruments;
}
