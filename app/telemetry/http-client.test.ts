/** Requests of undici are observed as OpenTelemetry's own instrumentation observes them, without a span of their own. */
import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { context, trace } from '@opentelemetry/api';
import { UndiciInstrumentation } from '@opentelemetry/instrumentation-undici';
import { MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import {
  InMemorySpanExporter,
  SimpleSpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { request } from 'undici';
import { CellInstruments } from './cells.ts';
import { observeHttpClient, withRequestSpan } from './http-client.ts';
import { clientDuration } from './http-metrics.ts';
import { disabledTelemetry } from './sdk.ts';

class PullReader extends MetricReader {
  protected override async onForceFlush(): Promise<void> {}
  protected override async onShutdown(): Promise<void> {}
}

async function startServer(t: TestContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener).listen(0, '127.0.0.1');
  t.after(() => server.close().closeAllConnections());
  await new Promise((resolve) => server.once('listening', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Requests are observed by both, below the span of an attempt. */
function observedByBoth(t: TestContext) {
  // This sets the context manager.
  disabledTelemetry({ trusts: () => false });
  const exporter = new InMemorySpanExporter();
  const tracers = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
  const reader = new PullReader();
  const theirs = new UndiciInstrumentation();
  theirs.setTracerProvider(tracers);
  theirs.setMeterProvider(new MeterProvider({ readers: [reader] }));
  const cells = new CellInstruments([0, 0]);
  const stop = observeHttpClient(clientDuration(cells));
  t.after(() => {
    stop();
    theirs.disable();
  });
  const attempt = tracers.getTracer('t').startSpan('attempt');
  const below = withRequestSpan(trace.setSpan(context.active(), attempt), attempt);
  const counts = (metrics: ReturnType<typeof cells.read>) =>
    metrics.flatMap(({ dataPoints }) =>
      dataPoints.map(({ attributes, value }) => ({
        address: attributes['server.address'],
        port: attributes['server.port'],
        count: (value as { count: number }).count,
      })),
    );
  return {
    run: (fn: () => Promise<unknown>) => context.with(below, fn),
    async observations() {
      attempt.end();
      const spans = exporter.getFinishedSpans();
      const { resourceMetrics } = await reader.collect();
      const [{ metrics } = { metrics: [] }] = resourceMetrics.scopeMetrics;
      return {
        ours: spans.find(({ name }) => name === 'attempt')?.attributes ?? {},
        theirs: spans.find(({ name }) => name !== 'attempt')?.attributes ?? {},
        counted: { ours: counts(cells.read([0, 0])), theirs: counts(metrics) },
      };
    },
  };
}

/** Of the instrumentation's attributes, those that the convention has for spans of clients and that the attempt lacks. */
const SHARED = [
  'http.request.method',
  'network.peer.address',
  'network.peer.port',
  'network.protocol.version',
  'server.address',
  'server.port',
  'url.full',
];

for (const status of [200, 529]) {
  test(`observeHttpClient: a request answered with ${status} has the attributes and the count of the instrumentation`, async (t) => {
    const url = await startServer(t, (_, response) => response.writeHead(status).end('{}'));
    const { run, observations } = observedByBoth(t);
    await run(async () => {
      const { body } = await request(`${url}/v1/messages?beta=true`, {
        method: 'POST',
        body: '{}',
      });
      await body.text();
    });
    const { ours, theirs, counted } = await observations();
    for (const name of SHARED) assert.equal(ours[name], theirs[name], name);
    assert.deepEqual(Object.keys(ours).sort(), SHARED);
    assert.deepEqual(counted.ours, counted.theirs);
    assert.equal(counted.ours[0]?.count, 1);
  });
}

test('observeHttpClient: a request that finds no server is counted, and has no peer', async (t) => {
  const { run, observations } = observedByBoth(t);
  await run(() => assert.rejects(request('http://127.0.0.1:9/v1/messages')));
  const { ours, theirs, counted } = await observations();
  for (const name of ['http.request.method', 'server.address', 'server.port', 'url.full']) {
    assert.equal(ours[name], theirs[name], name);
  }
  assert.equal(ours['network.peer.address'], undefined);
  assert.deepEqual(counted.ours, counted.theirs);
});

test('observeHttpClient: a request that its caller aborts is counted once', async (t) => {
  const url = await startServer(t, () => undefined);
  const { run, observations } = observedByBoth(t);
  await run(() => assert.rejects(request(url, { signal: AbortSignal.timeout(20) })));
  const { counted } = await observations();
  assert.deepEqual(counted.ours, counted.theirs);
  assert.equal(counted.ours[0]?.count, 1);
});

test('observeHttpClient: requests outside an attempt are counted, and put nothing on the active span', async (t) => {
  const url = await startServer(t, (_, response) => response.end());
  const { observations } = observedByBoth(t);
  const tracer = new TracerProvider({ spanProcessors: [] }).getTracer('t');
  const other = tracer.startSpan('other');
  const { body } = await context.with(trace.setSpan(context.active(), other), () => request(url));
  await body.text();
  const { ours, counted } = await observations();
  assert.deepEqual(ours, {});
  assert.deepEqual((other as unknown as { attributes: object }).attributes, {});
  assert.equal(counted.ours[0]?.count, 1);
});

test('observeHttpClient: a port that the URL leaves out is that of its scheme', async (t) => {
  const { run, observations } = observedByBoth(t);
  // Nothing resolves it: RFC 2606.
  await run(() => assert.rejects(request('https://upstream.invalid/v1/messages')));
  const { counted, ours } = await observations();
  assert.equal(ours['server.port'], 443);
  assert.deepEqual(counted.ours, counted.theirs);
});
