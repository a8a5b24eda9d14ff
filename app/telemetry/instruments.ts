/** Creates the instruments of the catalogue, and at 0 the series that objectives read. */
import type { Meter } from '@opentelemetry/api';
import { ATTEMPT_ERRORS, OUTCOMES, REFUSAL_OUTCOMES, RETRY_REASONS } from '../outcome.ts';
import { createAnswerSeriesAtZero } from './answers.ts';
import { seriesLimit } from './cardinality.ts';
import type { CellInstruments, CellOptions } from './cells.ts';
import { METRICS } from './metric-catalogue.ts';
import type { LabelValues, MetricDefinition } from './metric-definition.ts';
import { OTHER, UNKNOWN } from './model-labels.ts';
import {
  LOG_DROPS,
  NETWORK_CAUSES,
  QUOTAS,
  REFUSED_REQUESTS,
  RETRY_REFUSALS,
  SIGNATURE_RESULTS,
  type SignatureCheck,
  TOKEN_TYPES,
} from './vocabulary.ts';

/** Where instruments come from: measurements of calls go to cells, what is observed at the scrape to the SDK. */
interface Sources {
  readonly meter: Meter;
  readonly cells: CellInstruments;
}

/** How each kind of the catalogue is created. A `produced_gauge` is not an instrument: see key-gauges.ts. */
const CREATE = {
  counter: ({ cells }: Sources, options: CellOptions) => cells.counter(options),
  up_down_counter: ({ cells }: Sources, options: CellOptions) => cells.upDownCounter(options),
  histogram: ({ cells }: Sources, options: CellOptions, { buckets = [] }: MetricDefinition) =>
    cells.histogram(options, buckets),
  gauge: ({ meter }: Sources, { name, unit, help }: CellOptions) =>
    meter.createGauge(name, { unit, description: help }),
  observable_gauge: ({ meter }: Sources, { name, unit, help }: CellOptions) =>
    meter.createObservableGauge(name, { unit, description: help }),
  produced_gauge: () => undefined,
};

/** The instruments by their names in the catalogue. */
export type Instruments = {
  readonly [K in keyof typeof METRICS]: ReturnType<(typeof CREATE)[(typeof METRICS)[K]['kind']]>;
};

/** Creates every instrument of the catalogue. */
export function createInstruments(sources: Sources, values: LabelValues): Instruments {
  const created = Object.entries<MetricDefinition>(METRICS).map(([key, definition]) => {
    const { name, unit, help, kind } = definition;
    const labels = Object.keys(definition.labels);
    const options = { name, unit, help, labels, maxSeries: seriesLimit(definition, values) };
    return [key, CREATE[kind](sources, options, definition)];
  });
  return Object.fromEntries(created) as Instruments;
}

/**
 * Adds 0 to every series of an objective, so that `rate()` sees the first failure: a counter that
 * appears with its first increment has no rate.
 */
export function createSeriesAtZero(instruments: Instruments, values: LabelValues): void {
  for (const upstream of values.upstreams) {
    for (const error_type of ATTEMPT_ERRORS) instruments.errors.add(0, { upstream, error_type });
    for (const outcome of OUTCOMES) instruments.attempts.add(0, { upstream, outcome });
    for (const cause of NETWORK_CAUSES) instruments.networkErrors.add(0, { upstream, cause });
    instruments.failovers.add(0, { upstream });
  }
  for (const reason of RETRY_REASONS) instruments.retries.add(0, { reason });
  for (const model of [...values.models, OTHER]) {
    for (const outcome of OUTCOMES) {
      instruments.requests.add(0, { operation: 'chat', model, stream: 'true', outcome });
      instruments.requests.add(0, { operation: 'chat', model, stream: 'false', outcome });
    }
    for (const type of TOKEN_TYPES) instruments.tokens.add(0, { model, type });
  }
  // Whether it wants a stream is not known of a call without a model, either.
  for (const outcome of REFUSAL_OUTCOMES) {
    instruments.requests.add(0, { operation: 'chat', model: UNKNOWN, stream: 'false', outcome });
  }
  for (const reason of RETRY_REFUSALS) instruments.retriesRefused.add(0, { reason });
  for (const result of SIGNATURE_RESULTS) instruments.signatureChecks.add(0, { result });
  instruments.inFlight.add(0);
  for (const caller of values.callers) {
    for (const outcome of OUTCOMES) instruments.callerCalls.add(0, { caller, outcome });
    for (const reason of QUOTAS) instruments.callerRefusals.add(0, { caller, reason });
  }
  createAnswerSeriesAtZero(instruments, values);
  instruments.unauthenticated.add(0);
  instruments.replacedIds.add(0);
  for (const reason of REFUSED_REQUESTS) instruments.refusedRequests.add(0, { reason });
  for (const reason of LOG_DROPS) instruments.droppedLines.add(0, { reason });
}

/** Counts the results of signature checks, and how far the signer's clock was off. */
export function recordSignatureCheck(
  instruments: Pick<Instruments, 'signatureChecks' | 'signatureSkew'>,
  { result, skewMs }: SignatureCheck,
): void {
  instruments.signatureChecks.add(1, { result });
  if (skewMs !== undefined) instruments.signatureSkew.record(Math.abs(skewMs) / 1_000);
}
