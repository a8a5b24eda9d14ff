/** Makes spans: which calls have them, what their IDs are, and that they are exported in batches. */
import type { Meter, MeterProvider } from '@opentelemetry/api';
import { getNumberFromEnv } from '@opentelemetry/core';
import type { Resource } from '@opentelemetry/resources';
import {
  BatchSpanProcessor,
  type IdGenerator,
  type SpanExporter,
  type SpanLimits,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import type { CellInstruments } from './cells.ts';
import { createSampler } from './sampler.ts';

export interface TracingOptions {
  readonly resource: Resource;
  readonly exporter: SpanExporter;
  readonly idGenerator: IdGenerator;
  /** Share of calls that are traced, 0 to 1. */
  readonly samplingRatio: number;
  readonly meterProvider: MeterProvider;
  readonly cells: CellInstruments;
}

/**
 * Queue, batches and limits are those of the environment (`OTEL_BSP_*`, `OTEL_SPAN_*` and the like), else the SDK's.
 * https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
 */
export function createTracerProvider(options: TracingOptions): TracerProvider {
  const { resource, exporter, idGenerator, samplingRatio, meterProvider, cells } = options;
  const processor = new BatchSpanProcessor({
    exporter,
    ...fromEnvironment(BATCHES, 1),
    selfObsMeterProvider: meterProvider,
  });
  return new TracerProvider({
    resource,
    sampler: createSampler(samplingRatio),
    idGenerator,
    spanLimits: fromEnvironment(LIMITS, 0),
    spanProcessors: [processor],
    meterProvider: spanMeters(meterProvider, cells),
  });
}

type Variables<Option extends string> = Readonly<Record<Option, readonly string[]>>;

/** The variables of each option; the first that is set counts. */
const BATCHES: Variables<
  'maxQueueSize' | 'maxExportBatchSize' | 'scheduledDelayMillis' | 'exportTimeoutMillis'
> = {
  maxQueueSize: ['OTEL_BSP_MAX_QUEUE_SIZE'],
  maxExportBatchSize: ['OTEL_BSP_MAX_EXPORT_BATCH_SIZE'],
  scheduledDelayMillis: ['OTEL_BSP_SCHEDULE_DELAY'],
  exportTimeoutMillis: ['OTEL_BSP_EXPORT_TIMEOUT'],
};

const LIMITS: Variables<keyof SpanLimits> = {
  attributeCountLimit: ['OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT', 'OTEL_ATTRIBUTE_COUNT_LIMIT'],
  attributeValueLengthLimit: [
    'OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT',
    'OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT',
  ],
  eventCountLimit: ['OTEL_SPAN_EVENT_COUNT_LIMIT'],
  linkCountLimit: ['OTEL_SPAN_LINK_COUNT_LIMIT'],
  attributePerEventCountLimit: [
    'OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT',
    'OTEL_SPAN_ATTRIBUTE_PER_EVENT_COUNT_LIMIT',
  ],
  attributePerLinkCountLimit: [
    'OTEL_LINK_ATTRIBUTE_COUNT_LIMIT',
    'OTEL_SPAN_ATTRIBUTE_PER_LINK_COUNT_LIMIT',
  ],
};

/** @returns the options whose variables are set; a value below `least` counts as none */
function fromEnvironment<Option extends string>(
  variables: Variables<Option>,
  least: number,
): Partial<Record<Option, number>> {
  const options: Partial<Record<Option, number>> = {};
  for (const [option, names] of Object.entries<readonly string[]>(variables)) {
    const value = names.map(getNumberFromEnv).find((number) => number !== undefined);
    if (value !== undefined && value >= least) options[option as Option] = value;
  }
  return options;
}

/** More than there are combinations of the labels of spans. */
const MAX_SERIES = 20;

/**
 * Counts spans in cells, where the SDK would sort and serialise the attributes of three counts for each span.
 * https://opentelemetry.io/docs/specs/semconv/otel/sdk-metrics/#span-metrics
 * @returns meters whose other instruments are those of `provider`
 */
function spanMeters(provider: MeterProvider, cells: CellInstruments): MeterProvider {
  const options = { unit: '{span}', maxSeries: MAX_SERIES };
  const started = cells.counter({
    ...options,
    name: 'otel.sdk.span.started',
    help: 'The number of created spans.',
    labels: ['otel.span.parent.origin', 'otel.span.sampling_result'],
  });
  const live = cells.upDownCounter({
    ...options,
    name: 'otel.sdk.span.live',
    help: 'The number of currently live spans.',
    labels: ['otel.span.sampling_result'],
  });
  return {
    // Each tracer has a meter; all of them count in the same series.
    getMeter(...scope) {
      const meter = provider.getMeter(...scope);
      const createCounter: Meter['createCounter'] = (name, described) =>
        name === 'otel.sdk.span.started' ? started : meter.createCounter(name, described);
      const createUpDownCounter: Meter['createUpDownCounter'] = (name, described) =>
        name === 'otel.sdk.span.live' ? live : meter.createUpDownCounter(name, described);
      return Object.assign(Object.create(meter), { createCounter, createUpDownCounter });
    },
  };
}
