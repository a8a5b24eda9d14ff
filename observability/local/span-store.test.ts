/** The span store accepts the exports of the real exporter, compressed or not, and finds their spans. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { SpanKind, SpanStatusCode } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { resourceFromAttributes } from '@opentelemetry/resources';
import { SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { startSpanStore } from './span-store.ts';

let store: Awaited<ReturnType<typeof startSpanStore>>;
before(async () => {
  store = await startSpanStore({ port: 0 });
});
after(() => store.close());

const post = (body: string | Uint8Array<ArrayBuffer>, contentType: string) =>
  fetch(`${store.url}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': contentType },
    body,
  });

async function spansBy(query: string): Promise<{ name: string; startNs: string }[]> {
  return (await (await fetch(`${store.url}/spans?${query}`)).json()) as never;
}

for (const compression of ['none', 'gzip'] as const) {
  test(`span store: decodes spans of the OpenTelemetry exporter, protobuf, compression ${compression}`, async () => {
    const exporter = new OTLPTraceExporter({
      url: `${store.url}/v1/traces`,
      // The enum of this value belongs to a package that is not a direct dependency.
      compression: compression as never,
    });
    const provider = new TracerProvider({
      resource: resourceFromAttributes({ 'service.name': 'test' }),
      spanProcessors: [new SimpleSpanProcessor({ exporter })],
    });
    const linked = { traceId: 'ab'.repeat(16), spanId: 'cd'.repeat(8), traceFlags: 1 };
    const span = provider.getTracer('t').startSpan(`real ${compression}`, {
      kind: SpanKind.CLIENT,
      startTime: [1_700_000_000, 123_456_789],
      links: [{ context: linked }],
      attributes: { text: 'ä', whole: 7, part: 0.5, yes: true, list: ['a', 'b'] },
    });
    span.setStatus({ code: SpanStatusCode.ERROR });
    span.end([1_700_000_001, 0]);
    await provider.forceFlush();
    await provider.shutdown();
    const seen = store.spans().find(({ name }) => name === `real ${compression}`);
    assert.deepEqual(seen, {
      traceId: span.spanContext().traceId,
      spanId: span.spanContext().spanId,
      parentSpanId: '',
      name: `real ${compression}`,
      kind: 3,
      status: 2,
      startNs: 1_700_000_000_123_456_789n,
      endNs: 1_700_000_001_000_000_000n,
      attributes: { text: 'ä', whole: 7, part: 0.5, yes: true, list: ['a', 'b'] },
      links: [{ traceId: linked.traceId, spanId: linked.spanId }],
      resource: { 'service.name': 'test' },
    });
  });
}

const jsonExport = (...spans: object[]) =>
  JSON.stringify({ resourceSpans: [{ scopeSpans: [{ spans }] }] });
const correlated = (value: string) => [{ key: 'correlation.id', value: { stringValue: value } }];

test('span store: a trace sent as JSON is found by its ID or by the correlation ID of one span', async () => {
  const traceId = '0af7651916cd43dd8448eb211c80319c';
  const base = { traceId, startTimeUnixNano: '1700000000123456789', endTimeUnixNano: '0' };
  const first = { ...base, spanId: '1'.repeat(16), name: 'a', attributes: correlated('order-1') };
  const second = { ...base, spanId: '2'.repeat(16), name: 'b', parentSpanId: '1'.repeat(16) };
  const answer = await post(jsonExport(first, second), 'application/json');
  assert.deepEqual([answer.status, await answer.text()], [200, '{}']);
  const names = (spans: { name: string }[]) => spans.map(({ name }) => name);
  assert.deepEqual(names(await spansBy(`trace_id=${traceId}`)), ['a', 'b']);
  const found = await spansBy('correlation_id=order-1');
  assert.deepEqual(names(found), ['a', 'b']);
  assert.equal(found[0]?.startNs, '1700000000123456789');
  assert.deepEqual(await spansBy('correlation_id=order-2'), []);
  assert.deepEqual(await spansBy('trace_id='), []);
});

test('span store: a body that is no export is refused, and the store goes on', async () => {
  assert.equal((await post('{"cut', 'application/json')).status, 400);
  const garbage = new Uint8Array([0x0a, 0xff, 0xff, 0xff]);
  assert.equal((await post(garbage, 'application/x-protobuf')).status, 400);
  assert.equal((await fetch(`${store.url}/elsewhere`)).status, 404);
  assert.equal((await fetch(`${store.url}/healthz`)).status, 200);
});

test('span store: it is bounded, drops the oldest spans, and lists the newest where no ID is asked for', async () => {
  const small = await startSpanStore({ port: 0, capacity: 10 });
  try {
    for (let i = 1; i <= 11; i++) {
      const span = { traceId: 'a'.repeat(32), spanId: String(i).padStart(16, '0'), name: `${i}` };
      const answer = await fetch(`${small.url}/v1/traces`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: jsonExport(span),
      });
      assert.equal(answer.status, 200);
    }
    const left = small.spans().map(({ name }) => name);
    assert.deepEqual(left, ['7', '8', '9', '10', '11']);
    const listed = (await (await fetch(`${small.url}/spans`)).json()) as { name: string }[];
    assert.deepEqual(
      listed.map(({ name }) => name),
      left,
    );
  } finally {
    await small.close();
  }
});
