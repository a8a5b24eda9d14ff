import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { context, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { ExportResultCode } from '@opentelemetry/core';
import { PrometheusExporter, PrometheusSerializer } from '@opentelemetry/exporter-prometheus';
import { emptyResource } from '@opentelemetry/resources';
import { MeterProvider } from '@opentelemetry/sdk-metrics';
import {
  BatchSpanProcessor,
  InMemorySpanExporter,
  RandomIdGenerator,
  type ReadableSpan,
  type SpanExporter,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { CellInstruments } from './cells.ts';
import { createProducer } from './produced-gauges.ts';
import { createTracerProvider } from './tracing.ts';

const REMOTE = {
  traceId: '0af7651916cd43dd8448eb211c80319c',
  spanId: 'b7ad6b7169203331',
  traceFlags: 1,
  isRemote: true,
};

function setUp(samplingRatio = 1) {
  const cells = new CellInstruments([0, 0]);
  const reader = new PrometheusExporter({
    preventServerStart: true,
    metricProducers: [createProducer(() => cells.read([1, 0]), Date.now)],
  });
  const meterProvider = new MeterProvider({ readers: [reader] });
  const exporter = new InMemorySpanExporter();
  const idGenerator = new RandomIdGenerator();
  const resource = emptyResource();
  const options = { resource, exporter, idGenerator, samplingRatio, meterProvider, cells };
  const ours = () => createTracerProvider(options);
  const sdk = () => {
    const processor = new BatchSpanProcessor({ exporter, selfObsMeterProvider: meterProvider });
    return new TracerProvider({ meterProvider, spanProcessors: [processor] });
  };
  /** @returns what is shown of metrics, by line */
  async function lines(pattern: RegExp) {
    const { resourceMetrics } = await reader.collect();
    const text = new PrometheusSerializer('', false, undefined, true, true).serialize(
      resourceMetrics,
    );
    return text
      .split('\n')
      .filter((line) => pattern.test(line))
      .toSorted();
  }
  const counts = () => lines(/otel_sdk_span_/);
  return { ours, sdk, lines, counts, exporter };
}

function startSome(provider: TracerProvider): void {
  const [one, two] = [provider.getTracer('one'), provider.getTracer('two')];
  const root = one.startSpan('root', {}, ROOT_CONTEXT);
  const below = trace.setSpan(context.active(), root);
  two.startSpan('child', {}, below).end();
  two.startSpan('joined', {}, trace.setSpanContext(ROOT_CONTEXT, REMOTE)).end();
  two.startSpan('live', {}, below);
  two.startSpan('root', {}, ROOT_CONTEXT).end();
  root.end();
}

test('createTracerProvider: spans are counted as the SDK counts them, those of several tracers together', async () => {
  const [own, official] = [setUp(), setUp()];
  startSome(own.ours());
  startSome(official.sdk());
  const counts = await own.counts();
  assert.deepEqual(counts, await official.counts());
  const started = /^otel_sdk_span_started_total\{[^}]*origin="none"[^}]*\} 2$/;
  assert(
    counts.some((line) => started.test(line)),
    counts.join('\n'),
  );
});

test('createTracerProvider: a span that is not sampled is counted as dropped, and is not live', async () => {
  const { ours, counts } = setUp(0);
  ours().getTracer('t').startSpan('s', {}, ROOT_CONTEXT);
  const lines = (await counts()).filter((line) => !line.startsWith('#'));
  assert.equal(lines.length, 1);
  assert.match(lines[0] ?? '', /^otel_sdk_span_started_total\{[^}]*result="DROP"[^}]*\} 1$/);
});

function withEnvironment(t: TestContext, variables: Readonly<Record<string, string>>): void {
  for (const [name, value] of Object.entries(variables)) {
    const before = process.env[name];
    process.env[name] = value;
    t.after(() => {
      if (before === undefined) delete process.env[name];
      else process.env[name] = before;
    });
  }
}

/** A span that has two of everything. */
async function exported(t: TestContext, variables: Readonly<Record<string, string>>) {
  withEnvironment(t, variables);
  const { ours, exporter } = setUp();
  const provider = ours();
  const attributes = { first: 'text', second: 'text' };
  const links = [
    { context: REMOTE, attributes },
    { context: REMOTE, attributes },
  ];
  const span = provider.getTracer('t').startSpan('s', { attributes, links });
  span.addEvent('first', attributes).addEvent('second', attributes).end();
  await provider.forceFlush();
  return exporter.getFinishedSpans()[0] ?? assert.fail('no span');
}

const sizes = ({ attributes, events, links }: ReadableSpan) => ({
  attributes: Object.keys(attributes).length,
  texts: String(attributes['first']).length,
  events: events.length,
  perEvent: Object.keys(events.at(-1)?.attributes ?? {}).length,
  links: links.length,
  perLink: Object.keys(links.at(-1)?.attributes ?? {}).length,
});
const ALL = { attributes: 2, texts: 4, events: 2, perEvent: 2, links: 2, perLink: 2 };

const LIMITS: readonly [Readonly<Record<string, string>>, Partial<typeof ALL>][] = [
  [{}, {}],
  [{ OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT: '1' }, { attributes: 1 }],
  [{ OTEL_ATTRIBUTE_COUNT_LIMIT: '1' }, { attributes: 1 }],
  [{ OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT: '2', OTEL_ATTRIBUTE_COUNT_LIMIT: '1' }, {}],
  [{ OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT: '3' }, { texts: 3 }],
  [{ OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT: '3' }, { texts: 3 }],
  [{ OTEL_SPAN_EVENT_COUNT_LIMIT: '1' }, { events: 1 }],
  [{ OTEL_SPAN_LINK_COUNT_LIMIT: '1' }, { links: 1 }],
  [{ OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT: '1' }, { perEvent: 1 }],
  [{ OTEL_SPAN_ATTRIBUTE_PER_EVENT_COUNT_LIMIT: '1' }, { perEvent: 1 }],
  [{ OTEL_LINK_ATTRIBUTE_COUNT_LIMIT: '1' }, { perLink: 1 }],
  [{ OTEL_SPAN_ATTRIBUTE_PER_LINK_COUNT_LIMIT: '1' }, { perLink: 1 }],
  [{ OTEL_SPAN_EVENT_COUNT_LIMIT: '-1' }, {}],
  [{ OTEL_SPAN_EVENT_COUNT_LIMIT: 'many' }, {}],
];
for (const [variables, limited] of LIMITS) {
  test(`createTracerProvider: the limits of ${JSON.stringify(variables)} are kept`, async (t) => {
    assert.deepEqual(sizes(await exported(t, variables)), { ...ALL, ...limited });
  });
}

test('createTracerProvider: batches, their delay and the queue are of the size that the environment says', async (t) => {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  withEnvironment(t, {
    OTEL_BSP_MAX_EXPORT_BATCH_SIZE: '2',
    OTEL_BSP_MAX_QUEUE_SIZE: '3',
    OTEL_BSP_SCHEDULE_DELAY: '70',
  });
  const { ours, exporter, lines } = setUp();
  const tracer = ours().getTracer('t');
  const batches: number[] = [];
  const { promise: first, resolve } = Promise.withResolvers<void>();
  const receive: SpanExporter['export'] = (spans, done) => {
    batches.push(spans.length);
    // The second is never answered, so that what follows has to wait.
    if (batches.length === 1) resolve(done({ code: ExportResultCode.SUCCESS }));
  };
  t.mock.method(exporter, 'export', receive);
  tracer.startSpan('s').end();
  t.mock.timers.tick(69);
  assert.deepEqual(batches, []);
  t.mock.timers.tick(1);
  await first;
  await new Promise(setImmediate);
  for (let i = 0; i < 10; i += 1) tracer.startSpan('s').end();
  assert.deepEqual(batches, [1, 2]);
  const [dropped] = await lines(/^otel_sdk_processor_span_processed_total\{.*queue_full/);
  assert.match(dropped ?? '', / 5$/, 'three of the ten wait');
});
