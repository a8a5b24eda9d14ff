/**
 * The package entry `claude-observatory/telemetry`: the metrics that the rules and dashboards read, spans and log lines,
 * for a service that has OpenTelemetry already. It registers nothing globally.
 */
import { context, metrics, propagation, type Tracer, trace } from '@opentelemetry/api';
import { millisToHrTime } from '@opentelemetry/core';
import type { MetricProducer } from '@opentelemetry/sdk-metrics';
import { ownerLabels } from '../keys/key-owner.ts';
import { Redactor } from '../privacy/redactor.ts';
import { SCOPE_NAME } from '../telemetry/attributes.ts';
import { createCostAtZero } from '../telemetry/call-usage.ts';
import { CellInstruments } from '../telemetry/cells.ts';
import { observeGauges } from '../telemetry/gauges.ts';
import { createUsageAtZero } from '../telemetry/gen-ai.ts';
import {
  createInstruments,
  createSeriesAtZero,
  type Instruments,
} from '../telemetry/instruments.ts';
import { createKeyProducer, createReadObserver } from '../telemetry/key-gauges.ts';
import { createLogger } from '../telemetry/logger.ts';
import { ModelRetirements } from '../telemetry/model-retirements.ts';
import { createProducer, together } from '../telemetry/produced-gauges.ts';
import type { Recorder } from '../telemetry/recorder.ts';
import { createSdkRecorder } from '../telemetry/sdk-recorder.ts';
import { ANYBODY } from '../telemetry/vocabulary.ts';
import type { ClaudeSources, ClaudeTelemetry } from './sources.ts';

export interface TelemetryOptions {
  /** Default: that of the provider which is registered globally. */
  readonly tracer?: Tracer;
  /** Values of the label `caller`, besides `anybody`. */
  readonly callers?: readonly string[];
  /** Whether prompts and answers go on spans. Default false. */
  readonly captureContent?: boolean;
  /** The `service` of log lines. Default `claude-observatory`. */
  readonly service?: string;
  /** Takes each log line, redacted JSON with its line feed. Default: there are none. */
  readonly log?: (line: string) => void;
}

export interface PackagedTelemetry {
  /** For `createClaude`, once: two pipelines have two. */
  readonly telemetry: (sources: ClaudeSources) => ClaudeTelemetry;
  /** For `metricProducers` of a metric reader, such as the Prometheus exporter. */
  readonly producer: MetricProducer;
}

/** The package admits nobody, so the gauges of admission have no series. */
const NO_ADMISSION = {
  counts: () => ({}) as Record<'active' | 'queued' | 'paused', number>,
  limits: () => ({}) as Record<'active' | 'queued', number>,
};

/** The pipeline is created after the OpenTelemetry SDK has started: its gauges belong to the meter provider of then. */
export function createTelemetry(options: TelemetryOptions = {}): PackagedTelemetry {
  const cells = new CellInstruments(millisToHrTime(Date.now()));
  const producers = [createProducer((nowMs) => cells.read(millisToHrTime(nowMs)), Date.now)];
  return {
    producer: together(producers),
    telemetry(sources) {
      const labels = { ...sources, callers: [ANYBODY, ...(options.callers ?? [])] };
      const meter = metrics.getMeter(SCOPE_NAME);
      const instruments = createInstruments({ meter, cells }, labels);
      createSeriesAtZero(instruments, labels);
      createUsageAtZero(instruments, labels.models);
      createCostAtZero(instruments, labels);
      observeGauges(instruments, {
        pool: sources.pool,
        poolLimit: sources.poolLimit,
        upstreams: sources.circuits,
        budget: sources.budget,
        admission: NO_ADMISSION,
      });
      producers.push(createKeyProducer(() => keysOf(sources), Date.now));
      return recorderOf(options, sources, instruments);
    },
  };
}

function keysOf({ keys }: ClaudeSources) {
  return keys().map(({ owner, pool }) => ({ labels: ownerLabels(owner), keys: pool.view() }));
}

function recorderOf(
  options: TelemetryOptions,
  { models, secrets }: ClaudeSources,
  instruments: Instruments,
): ClaudeTelemetry {
  const { log, service = SCOPE_NAME, captureContent = false } = options;
  const logger = createLogger({
    level: log ? 'info' : 'silent',
    service,
    redactor: new Redactor({ secrets }),
    sinks: log ? [{ write: log }] : [],
  });
  const onKeyRead = createReadObserver(instruments, logger);
  return {
    recorder: withoutBaggage(
      createSdkRecorder({
        tracer: options.tracer ?? trace.getTracer(SCOPE_NAME),
        instruments,
        logger,
        models,
        retirements: new ModelRetirements(models),
        captureContent,
        now: () => performance.now(),
        wallClock: Date.now,
      }),
    ),
    onKeyRead: (owner, read) => onKeyRead(ownerLabels(owner), read),
    onCircuitChange(upstream, state) {
      if (state === 'open') logger.warn({ upstream }, 'circuit opened');
      if (state === 'closed') logger.info({ upstream }, 'circuit closed');
    },
  };
}

/** The propagator is the other project's own, and its baggage is not Anthropic's to know. */
function withoutBaggage({ startCall, recordRejection }: Recorder): Recorder {
  return {
    startCall: (info) =>
      context.with(propagation.deleteBaggage(context.active()), () => startCall(info)),
    recordRejection,
  };
}
