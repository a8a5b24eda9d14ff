import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultTextMapGetter, ROOT_CONTEXT } from '@opentelemetry/api';
import {
  InMemorySpanExporter,
  SimpleSpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { createCorrelationPropagator } from './propagator.ts';
import { createSlotIdGenerator, withWantedTraceIds } from './trace-ids.ts';

const UUID = '0b5a3f6e-8d1c-4f0a-9c39-2a1f6f1f0a11';
const UUID_HEX = UUID.replaceAll('-', '');
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';

function setUp(trustInbound: boolean) {
  const ids = createSlotIdGenerator();
  const exporter = new InMemorySpanExporter();
  const provider = new TracerProvider({
    idGenerator: ids,
    spanProcessors: [new SimpleSpanProcessor({ exporter })],
  });
  const tracer = withWantedTraceIds(provider, ids).getTracer('t');
  const propagator = createCorrelationPropagator({
    trusts: () => trustInbound,
    newTraceId: () => 'f'.repeat(32),
  });
  const start = (headers: Record<string, string>) =>
    tracer.startSpan('s', {}, propagator.extract(ROOT_CONTEXT, headers, defaultTextMapGetter));
  return { ids, exporter, start, tracer };
}

test('withWantedTraceIds: a root span takes the wanted trace ID and has no parent', () => {
  const { start, exporter } = setUp(true);
  start({ 'x-correlation-id': UUID }).end();
  const [span] = exporter.getFinishedSpans();
  assert.equal(span?.spanContext().traceId, UUID_HEX);
  assert.equal(span.parentSpanContext, undefined);
  assert.equal(span.attributes['correlation.id'], UUID);
});

test('withWantedTraceIds: the slot is empty afterwards, so the next root is random', () => {
  const { start, tracer, ids } = setUp(true);
  start({ 'x-correlation-id': UUID });
  assert.notEqual(tracer.startSpan('other', {}, ROOT_CONTEXT).spanContext().traceId, UUID_HEX);
  assert.notEqual(ids.generateTraceId(), UUID_HEX);
});

test('withWantedTraceIds: a joined trace leaves nothing in the slot', () => {
  const { start, ids } = setUp(true);
  const traceparent = `00-${TRACE}-00f067aa0ba902b7-01`;
  const span = start({ 'x-correlation-id': UUID, traceparent });
  assert.equal(span.spanContext().traceId, TRACE);
  assert.notEqual(ids.generateTraceId(), UUID_HEX);
});

test('withWantedTraceIds: an untrusted trace becomes a link', () => {
  const { start, exporter } = setUp(false);
  start({ traceparent: `00-${TRACE}-00f067aa0ba902b7-01` }).end();
  const [span] = exporter.getFinishedSpans();
  assert.notEqual(span?.spanContext().traceId, TRACE);
  assert.deepEqual(
    span?.links.map((l) => l.context.traceId),
    [TRACE],
  );
});
