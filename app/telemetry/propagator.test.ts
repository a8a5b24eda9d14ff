import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  defaultTextMapGetter,
  defaultTextMapSetter,
  ROOT_CONTEXT,
  TraceFlags,
  trace,
} from '@opentelemetry/api';
import { findCorrelation } from './correlation.ts';
import { createCorrelationPropagator } from './propagator.ts';

const NEW = 'f'.repeat(32);
const UUID = '0B5A3F6E-8d1c-4f0a-9c39-2a1f6f1f0a11';
const UUID_HEX = '0b5a3f6e8d1c4f0a9c392a1f6f1f0a11';
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT = `00-${TRACE}-00f067aa0ba902b7-01`;

const propagator = (trustInbound: boolean) =>
  createCorrelationPropagator({ trusts: () => trustInbound, newTraceId: () => NEW });

function extract(headers: Record<string, string | string[]>, trust = true) {
  const ctx = propagator(trust).extract(ROOT_CONTEXT, headers, defaultTextMapGetter);
  return { ctx, correlation: findCorrelation(ctx), parent: trace.getSpanContext(ctx) };
}

const TABLE: readonly {
  name: string;
  headers: Record<string, string | string[]>;
  trust?: boolean;
  id: string;
  traceId?: string;
  replaced?: boolean;
  joined?: boolean;
  linked?: boolean;
}[] = [
  { name: 'without any ID, a new one is made', headers: {}, id: NEW, traceId: NEW },
  {
    name: 'a UUID becomes the trace ID',
    headers: { 'x-correlation-id': UUID },
    id: UUID,
    traceId: UUID_HEX,
  },
  {
    name: '32 hex digits become the trace ID',
    headers: { 'x-correlation-id': TRACE },
    id: TRACE,
    traceId: TRACE,
  },
  {
    name: 'any other ID is kept beside a new trace ID',
    headers: { 'x-correlation-id': 'order-7' },
    id: 'order-7',
    traceId: NEW,
  },
  {
    name: 'x-request-id is read where x-correlation-id is absent',
    headers: { 'x-request-id': UUID },
    id: UUID,
    traceId: UUID_HEX,
  },
  {
    name: 'x-correlation-id has precedence over x-request-id',
    headers: { 'x-correlation-id': 'a', 'x-request-id': 'b' },
    id: 'a',
    traceId: NEW,
  },
  {
    name: 'a traceparent alone is joined, and its trace ID is the ID',
    headers: { traceparent: PARENT },
    id: TRACE,
    joined: true,
  },
  {
    name: 'a traceparent decides the trace, the ID stays',
    headers: { traceparent: PARENT, 'x-correlation-id': UUID },
    id: UUID,
    joined: true,
  },
  {
    name: 'a malformed traceparent is ignored',
    headers: { traceparent: '00-zz-00-01', 'x-correlation-id': UUID },
    id: UUID,
    traceId: UUID_HEX,
  },
  {
    name: 'an untrusted UUID is kept, but the trace is our own',
    headers: { 'x-correlation-id': UUID },
    trust: false,
    id: UUID,
    traceId: NEW,
  },
  {
    name: 'an untrusted traceparent becomes a link',
    headers: { traceparent: PARENT },
    trust: false,
    id: NEW,
    traceId: NEW,
    linked: true,
  },
  {
    name: 'the nil UUID is replaced',
    headers: { 'x-correlation-id': '00000000-0000-0000-0000-000000000000' },
    id: NEW,
    traceId: NEW,
    replaced: true,
  },
  ...['a\r\nx-evil: 1', 'x'.repeat(10_240), 'Grüße', 'a b', '', '{"a":1}'].map((hostile) => ({
    name: `the invalid ID ${JSON.stringify(hostile.slice(0, 12))} is replaced`,
    headers: { 'x-correlation-id': hostile },
    id: NEW,
    traceId: NEW,
    replaced: true,
  })),
  {
    name: 'an ID that was sent twice is replaced',
    headers: { 'x-correlation-id': ['a', 'b'] },
    id: NEW,
    traceId: NEW,
    replaced: true,
  },
];

for (const { name, headers, trust, ...want } of TABLE) {
  test(`propagator extract: ${name}`, () => {
    const { correlation, parent } = extract(headers, trust);
    assert.equal(correlation?.id, want.id);
    assert.equal(correlation.traceId, want.traceId);
    assert.equal(correlation.replaced, want.replaced ?? false);
    assert.equal(parent?.traceId, want.joined ? TRACE : undefined);
    assert.equal(correlation.link?.traceId, want.linked ? TRACE : undefined);
  });
}

test('propagator extract: trust is decided by the very headers object of the request', () => {
  const headers = { 'x-correlation-id': UUID };
  const asked: unknown[] = [];
  const trusts = (carrier: unknown) => asked.push(carrier) > 0;
  createCorrelationPropagator({ trusts, newTraceId: () => NEW }).extract(
    ROOT_CONTEXT,
    headers,
    defaultTextMapGetter,
  );
  assert.equal(asked.length, 1);
  assert.equal(asked[0], headers);
});

test("propagator inject: sends the span and the ID, but neither the caller's tracestate nor baggage", () => {
  const headers = {
    traceparent: PARENT,
    tracestate: 'vendor=1',
    baggage: 'user=1',
    'x-correlation-id': 'order-7',
  };
  const carrier: Record<string, string> = {};
  propagator(true).inject(extract(headers).ctx, carrier, defaultTextMapSetter);
  assert.deepEqual(carrier, { traceparent: PARENT, 'x-correlation-id': 'order-7' });
});

test('propagator inject: the traceparent of an unsampled span is unsampled', () => {
  const span = { traceId: TRACE, spanId: '00f067aa0ba902b7', traceFlags: TraceFlags.NONE };
  const carrier: Record<string, string> = {};
  propagator(true).inject(trace.setSpanContext(ROOT_CONTEXT, span), carrier, defaultTextMapSetter);
  assert.deepEqual(carrier, { traceparent: `00-${TRACE}-00f067aa0ba902b7-00` });
});
