/** The package's telemetry in a project with a propagator and a tracer of its own. */
import assert from 'node:assert/strict';
import { after, test } from 'node:test';
import { context, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import {
  CompositePropagator,
  W3CBaggagePropagator,
  W3CTraceContextPropagator,
} from '@opentelemetry/core';
import { TracerProvider } from '@opentelemetry/sdk-trace';
import { DEFAULT_KEY, startSimulator } from '../../loadtest/simulator/server.ts';
import { createClaude } from './pipeline.ts';
import { createTelemetry } from './telemetry.ts';

process.env['LIBRARY_KEY'] = DEFAULT_KEY;
const BODY = {
  model: 'claude-haiku-5-5',
  max_tokens: 16,
  messages: [{ role: 'user', content: 'Hello' }],
};

context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
propagation.setGlobalPropagator(
  new CompositePropagator({
    propagators: [new W3CTraceContextPropagator(), new W3CBaggagePropagator()],
  }),
);
const tracer = new TracerProvider().getTracer('another');
const simulator = await startSimulator();
const lines: string[] = [];
const claude = createClaude({
  upstreams: [{ name: 'direct', url: simulator.url, keys: 'env:LIBRARY_KEY' }],
  maxRetries: 0,
  telemetry: createTelemetry({ tracer, log: (line) => lines.push(line) }).telemetry,
});
after(async () => {
  await claude.close();
  await simulator.close();
});

test('packaged telemetry: an attempt carries the trace of the caller’s span, and none of their baggage', async () => {
  const span = tracer.startSpan('a request of theirs');
  const baggage = propagation.createBaggage({ user: { value: 'somebody' } });
  const theirs = propagation.setBaggage(trace.setSpan(context.active(), span), baggage);
  assert.equal((await context.with(theirs, () => claude.messages(BODY))).status, 200);
  const { traceId } = span.spanContext();
  const request = simulator
    .requests()
    .find(({ headers }) => headers['traceparent']?.includes(traceId));
  assert(request, 'the request is of the trace');
  assert.equal(request.headers['baggage'], undefined);
});

test('packaged telemetry: a circuit that opens has its log line', async (t) => {
  simulator.setFaults([{ kind: 'error_503' }]);
  t.after(() => simulator.setFaults([]));
  const opened = () => lines.find((line) => line.includes('"msg":"circuit opened"'));
  for (let i = 0; i < 40 && !opened(); i++) await claude.messages(BODY).catch(() => undefined);
  assert.match(opened() ?? '', /"level":"warn".*"upstream":"direct"/);
});
