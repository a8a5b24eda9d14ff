/** One ID finds a call everywhere: the service as a process, against the simulator and a span store. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import {
  ask,
  type ObservedService,
  SPANS_PER_CALL,
  type Span,
  serviceWithSimulator,
  startObservedService,
  waitForSpans,
  waitForSpansWithId,
} from './testing/observed-service.ts';
import { eventually } from './testing/poll.ts';

describe('correlation of a running service', { concurrency: false }, () => {
  let observed: ObservedService;

  before(async () => {
    observed = await startObservedService();
  });
  after(() => observed.close());

  test('one UUID is in the response, the log, every span and the request to the upstream', async () => {
    const { service, simulator, store } = observed;
    const uuid = randomUUID();
    const response = await ask(service.url, { 'x-correlation-id': uuid });
    assert.equal(response.status, 200);
    assert.equal(response.headers.get('x-correlation-id'), uuid);
    await service.line((l) => l['msg'] === 'call' && l['correlation_id'] === uuid);

    const spans = await waitForSpans(store, uuid, SPANS_PER_CALL);
    assertOneTree(spans);
    const chat = spans.find((s) => s.name === 'chat claude-sonnet-5-5')?.attributes ?? {};
    assert.equal(chat['gen_ai.provider.name'], 'anthropic');
    assert.equal(chat['gen_ai.request.model'], 'claude-sonnet-5-5');
    assert.equal(chat['correlation.id'], uuid);
    assert(Number(chat['gen_ai.usage.input_tokens']) > 0);
    assert(Number(chat['gen_ai.usage.output_tokens']) > 0);

    const seen = simulator.requests().find((r) => r.headers['x-correlation-id'] === uuid);
    const attempt = spans.find((s) => s.name === 'attempt');
    assert.equal(
      seen?.headers['traceparent'],
      `00-${uuid.replaceAll('-', '')}-${attempt?.spanId}-01`,
    );
    assert.equal(seen.headers['tracestate'], undefined);
  });

  test('a health check that is refused has its ID in its response and in its access line', async () => {
    const { service } = observed;
    const id = randomUUID();
    const headers = { 'x-correlation-id': id };
    const response = await fetch(`${service.url}/healthz`, { method: 'POST', headers });
    assert.equal(response.status, 405);
    assert.equal(response.headers.get('x-correlation-id'), id);
    await service.line((l) => l['route'] === '/healthz' && l['correlation_id'] === id);
  });

  test('each of 1,000 concurrent requests keeps its own ID in its response, spans and upstream request', async () => {
    const { service, simulator, store } = observed;
    const uuids = Array.from({ length: 1000 }, () => randomUUID());
    const returned = await Promise.all(
      uuids.map(async (uuid) => {
        const response = await ask(service.url, { 'x-correlation-id': uuid });
        await response.text();
        return response.headers.get('x-correlation-id');
      }),
    );
    assert.deepEqual(returned, uuids);
    const byTrace = new Map(uuids.map((uuid) => [uuid.replaceAll('-', ''), uuid]));
    await eventually(() => {
      const counts = new Map<string, number>();
      for (const span of store.spans()) {
        const uuid = byTrace.get(span.traceId);
        if (!uuid) continue;
        assert.equal(span.attributes['correlation.id'] ?? uuid, uuid);
        counts.set(uuid, (counts.get(uuid) ?? 0) + 1);
      }
      return uuids.every((uuid) => counts.get(uuid) === SPANS_PER_CALL);
    });
    const upstream = new Set(simulator.requests().map((r) => r.headers['x-correlation-id']));
    assert(uuids.every((uuid) => upstream.has(uuid)));
  });

  test('two requests with one ID are two root spans in one trace', async () => {
    const { service, store } = observed;
    const uuid = randomUUID();
    await Promise.all([1, 2].map(() => ask(service.url, { 'x-correlation-id': uuid })));
    const spans = await waitForSpans(store, uuid, 2 * SPANS_PER_CALL);
    assert.equal(spans.filter((s) => !s.parentSpanId).length, 2);
  });

  test('an ID that cannot be a trace ID is an attribute of the spans of one trace', async () => {
    const { service, store } = observed;
    const id = `order-${randomUUID().slice(0, 8)}:7`;
    const response = await ask(service.url, { 'x-correlation-id': id });
    assert.equal(response.headers.get('x-correlation-id'), id);
    const spans = await waitForSpansWithId(store, id, SPANS_PER_CALL);
    assert.equal(new Set(spans.map((s) => s.traceId)).size, 1);
    const withId = spans.filter((s) => s.attributes['correlation.id'] === id);
    assert(withId.length >= 2);
  });

  test('without an ID in the request, the trace ID is the correlation ID', async () => {
    const { service, store } = observed;
    const id = (await ask(service.url)).headers.get('x-correlation-id') ?? '';
    assert.match(id, /^[0-9a-f]{32}$/);
    await waitForSpans(store, id, SPANS_PER_CALL);
  });

  test('retries are attempts of one trace', async () => {
    const { service, simulator, store } = observed;
    const uuid = randomUUID();
    simulator.setFaults([{ kind: 'error_500', probability: 1 }]);
    const response = await ask(service.url, { 'x-correlation-id': uuid });
    simulator.setFaults([]);
    assert.equal(response.status, 500);
    assert.equal(response.headers.get('x-should-retry'), 'false');
    const spans = await waitForSpans(store, uuid, SPANS_PER_CALL + 3);
    assert.equal(spans.filter((s) => s.name === 'attempt').length, 4);
  });
});

/** One root, no missing parent, and each span below the one that it belongs to. */
function assertOneTree(spans: readonly Span[]): void {
  const byId = new Map(spans.map((span) => [span.spanId, span]));
  const roots = spans.filter((span) => !span.parentSpanId);
  assert.deepEqual(
    roots.map((s) => s.name),
    ['POST /v1/messages'],
  );
  for (const span of spans) assert(!span.parentSpanId || byId.has(span.parentSpanId), span.name);
  let span = spans.find((s) => s.name === 'attempt');
  for (const name of ['attempt', 'chat claude-sonnet-5-5', 'POST /v1/messages']) {
    assert.equal(span?.name, name);
    span = byId.get(span.parentSpanId ?? '');
  }
}

for (const [variable, value] of [
  ['OTEL_SDK_DISABLED', 'true'],
  ['OTEL_TRACES_EXPORTER', 'none'],
  ['OTEL_TRACES_SAMPLER', 'always_off'],
] as const) {
  test(`with ${variable}=${value} the correlation ID works as with tracing on`, async (t) => {
    const { simulator, service } = await serviceWithSimulator(t, { [variable]: value });
    const uuid = randomUUID();
    const response = await ask(service.url, { 'x-correlation-id': uuid });
    assert.equal(response.status, 200);
    assert.equal(response.headers.get('x-correlation-id'), uuid);
    assert.equal(simulator.requests()[0]?.headers['x-correlation-id'], uuid);
    await service.line((l) => l['msg'] === 'call' && l['correlation_id'] === uuid);
  });
}
