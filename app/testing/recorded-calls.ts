/** For tests: a recorder of the SDK whose spans, metrics and log lines can be read back. */
import type { TestContext } from 'node:test';
import {
  InMemorySpanExporter,
  SimpleSpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { ModelRetirements } from '../telemetry/model-retirements.ts';
import type { CallInfo, CallTotals } from '../telemetry/recorder.ts';
import { disabledTelemetry } from '../telemetry/sdk.ts';
import { createSdkRecorder } from '../telemetry/sdk-recorder.ts';
import { capturedLogger } from './logs.ts';
import { measuredInstruments } from './metrics.ts';

export const TOTALS: CallTotals = { usage: undefined, overheadMs: 2 };

/** Its clock starts at 1,000 ms, which is when its calls come in, and moves only by `pass`. */
export function recordedCalls(
  t: TestContext,
  { captureContent = false, models = ['known', 'second'] } = {},
) {
  // This sets the context manager and the propagator, which the spans need.
  disabledTelemetry({ trusts: () => false });
  const exporter = new InMemorySpanExporter();
  const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
  const { instruments, points } = measuredInstruments(t);
  const { logger, lines, messages } = capturedLogger();
  const tracer = provider.getTracer('t');
  let nowMs = 1_000;
  const recorder = createSdkRecorder({
    tracer,
    instruments,
    logger,
    models,
    retirements: new ModelRetirements(models),
    captureContent,
    now: () => nowMs,
    wallClock: () => Date.UTC(2026, 10, 25),
  });
  const startCall = (info: Partial<CallInfo> = {}) =>
    recorder.startCall({
      operation: 'chat',
      model: 'known',
      stream: false,
      caller: 'search',
      receivedAtMs: 1_000,
      ...info,
    });
  return {
    recorder,
    startCall,
    tracer,
    lines,
    messages,
    pass: (ms: number) => {
      nowMs += ms;
    },
    span: (name: string) => exporter.getFinishedSpans().find((span) => span.name === name),
    spans: () => exporter.getFinishedSpans(),
    /** The values of a metric whose points have these labels. */
    values: async (name: string, labels: Readonly<Record<string, string>> = {}) =>
      (await points(name))
        .filter(({ attributes }) =>
          Object.entries(labels).every(([label, value]) => attributes[label] === value),
        )
        .map(({ value }) => value),
  };
}
