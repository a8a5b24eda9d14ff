import assert from 'node:assert/strict';
import { test } from 'node:test';
import { defaultTextMapGetter, ROOT_CONTEXT } from '@opentelemetry/api';
import {
  AlwaysOnSampler,
  InMemorySpanExporter,
  type Sampler,
  SamplingDecision,
  SimpleSpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { setCorrelation } from './correlation.ts';
import { createCorrelationPropagator } from './propagator.ts';
import { createSlotIdGenerator, withWantedTraceIds } from './trace-ids.ts';

const UUID = '0b5a3f6e-8d1c-4f0a-9c39-2a1f6f1f0a11';
const UUID_HEX = UUID.replaceAll('-', '');
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';

function setUp(trustInbound: boolean, sampler: Sampler = new AlwaysOnSampler()) {
  const ids = createSlotIdGenerator();
  const exporter = new InMemorySpanExporter();
  const provider = new TracerProvider({
    idGenerator: ids,
    sampler,
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

test('withWantedTraceIds: the attributes of a span that is not sampled are not even read', () => {
  const decision = SamplingDecision.NOT_RECORD;
  const { tracer } = setUp(true, { shouldSample: () => ({ decision }) });
  const ctx = setCorrelation(ROOT_CONTEXT, { id: 'c', traceId: TRACE, replaced: false });
  const attributes = Object.defineProperty({}, 'read', {
    enumerable: true,
    get: () => assert.fail('it was read'),
  });
  const span = tracer.startSpan('s', { attributes }, ctx);
  assert.equal(span.isRecording(), false);
  assert.equal(span.spanContext().traceId, TRACE);
});

test('withWantedTraceIds: a recorded span has its attributes, its links and the correlation ID', () => {
  const { tracer, exporter } = setUp(true);
  const remote = { traceId: UUID_HEX, spanId: '00f067aa0ba902b7', traceFlags: 1 };
  const correlation = { id: 'c', traceId: TRACE, replaced: false, link: remote };
  const attributes = { a: 1, none: undefined };
  const links = [{ context: remote, attributes: { why: 'a reason' } }];
  tracer.startSpan('s', { attributes, links }, setCorrelation(ROOT_CONTEXT, correlation)).end();
  const [span] = exporter.getFinishedSpans();
  assert.deepEqual(span?.attributes, { a: 1, 'correlation.id': 'c' });
  assert.equal(span.droppedAttributesCount, 0);
  assert.deepEqual(
    span.links.map((link) => link.attributes),
    [{ why: 'a reason' }, undefined],
  );
});
