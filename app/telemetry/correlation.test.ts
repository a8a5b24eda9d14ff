import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  defaultTextMapGetter,
  defaultTextMapSetter,
  ROOT_CONTEXT,
  TraceFlags,
  trace,
} from '@opentelemetry/api';
import {
  asTraceId,
  createCorrelationPropagator,
  findCorrelation,
  markInjected,
} from './correlation.ts';

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
  { name: 'nothing sent', headers: {}, id: NEW, traceId: NEW },
  { name: 'a UUID', headers: { 'x-correlation-id': UUID }, id: UUID, traceId: UUID_HEX },
  { name: '32 hex digits', headers: { 'x-correlation-id': TRACE }, id: TRACE, traceId: TRACE },
  { name: 'any other ID', headers: { 'x-correlation-id': 'order-7' }, id: 'order-7', traceId: NEW },
  { name: 'x-request-id', headers: { 'x-request-id': UUID }, id: UUID, traceId: UUID_HEX },
  {
    name: 'both IDs: x-correlation-id wins',
    headers: { 'x-correlation-id': 'a', 'x-request-id': 'b' },
    id: 'a',
    traceId: NEW,
  },
  { name: 'traceparent alone', headers: { traceparent: PARENT }, id: TRACE, joined: true },
  {
    name: 'traceparent wins for the trace',
    headers: { traceparent: PARENT, 'x-correlation-id': UUID },
    id: UUID,
    joined: true,
  },
  {
    name: 'a broken traceparent is none',
    headers: { traceparent: '00-zz-00-01', 'x-correlation-id': UUID },
    id: UUID,
    traceId: UUID_HEX,
  },
  {
    name: 'untrusted UUID: kept, the trace is our own',
    headers: { 'x-correlation-id': UUID },
    trust: false,
    id: UUID,
    traceId: NEW,
  },
  {
    name: 'untrusted traceparent: a link',
    headers: { traceparent: PARENT },
    trust: false,
    id: NEW,
    traceId: NEW,
    linked: true,
  },
  {
    name: 'nil UUID',
    headers: { 'x-correlation-id': '00000000-0000-0000-0000-000000000000' },
    id: NEW,
    traceId: NEW,
    replaced: true,
  },
  ...['a\r\nx-evil: 1', 'x'.repeat(10_240), 'Grüße', 'a b', '', '{"a":1}'].map((hostile) => ({
    name: `hostile ${JSON.stringify(hostile.slice(0, 12))}`,
    headers: { 'x-correlation-id': hostile },
    id: NEW,
    traceId: NEW,
    replaced: true,
  })),
  {
    name: 'sent twice',
    headers: { 'x-correlation-id': ['a', 'b'] },
    id: NEW,
    traceId: NEW,
    replaced: true,
  },
];

for (const { name, headers, trust, ...want } of TABLE) {
  test(`in: ${name}`, () => {
    const { correlation, parent } = extract(headers, trust);
    assert.equal(correlation?.id, want.id);
    assert.equal(correlation.traceId, want.traceId);
    assert.equal(correlation.replaced, want.replaced ?? false);
    assert.equal(parent?.traceId, want.joined ? TRACE : undefined);
    assert.equal(correlation.link?.traceId, want.linked ? TRACE : undefined);
  });
}

test('asTraceId folds case, drops dashes, refuses zeros', () => {
  assert.equal(asTraceId(UUID), UUID_HEX);
  assert.equal(asTraceId('0'.repeat(32)), undefined);
  assert.equal(asTraceId(`${UUID}0`), undefined);
});

test("out: our span and the ID; neither the caller's tracestate nor baggage", () => {
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

test('out: an unsampled span says so', () => {
  const span = { traceId: TRACE, spanId: '00f067aa0ba902b7', traceFlags: TraceFlags.NONE };
  const carrier: Record<string, string> = {};
  propagator(true).inject(trace.setSpanContext(ROOT_CONTEXT, span), carrier, defaultTextMapSetter);
  assert.deepEqual(carrier, { traceparent: `00-${TRACE}-00f067aa0ba902b7-00` });
});

test('out: nothing is sent twice', () => {
  const carrier: Record<string, string> = {};
  const { ctx } = extract({ 'x-correlation-id': UUID });
  propagator(true).inject(markInjected(ctx), carrier, defaultTextMapSetter);
  assert.deepEqual(carrier, {});
});
