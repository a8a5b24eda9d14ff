import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type Attributes,
  context,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api';
import { TraceState } from '@opentelemetry/core';
import { ProtobufTraceSerializer } from '@opentelemetry/otlp-transformer';
import { resourceFromAttributes } from '@opentelemetry/resources';
import {
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { decodeExport } from '../../observability/local/otlp.ts';
import { Redactor } from '../privacy/redactor.ts';
import { aLongText, keptBytes } from '../testing/heap.ts';
import { createSpanEncoder } from './span-encoder.ts';

const SECRET = 'planted-secret';
const PLANTED = [SECRET, 'bob@example.com', '4111 1111 1111 1111', 'sk-ant-api03-x'];
const ALL = PLANTED.join(' ');
const ID = '4111111111111111';
const NO_SECRETS: readonly string[] = [];
const redactor = new Redactor({ secrets: () => NO_SECRETS });

function setUp() {
  const exporter = new InMemorySpanExporter();
  const provider = new TracerProvider({
    resource: resourceFromAttributes({ 'service.name': 'a', owner: 'bob@example.com' }),
    spanProcessors: [new SimpleSpanProcessor({ exporter })],
  });
  return { provider, tracer: provider.getTracer('t', '1.2.3'), exporter };
}

/** Ends a span, and waits until it can be exported. */
async function ended(
  { exporter, provider }: ReturnType<typeof setUp>,
  ...spans: readonly Span[]
): Promise<ReadableSpan[]> {
  for (const span of spans) span.end();
  await provider.forceFlush();
  return exporter.getFinishedSpans();
}

const hexOf = (bytes: Uint8Array | undefined) => Buffer.from(bytes ?? []).toString('hex');
const official = (spans: ReadableSpan[]) => hexOf(ProtobufTraceSerializer.serializeRequest(spans));

/** The spans as the redactor leaves them. */
function redacted(spans: readonly ReadableSpan[], { value }: Redactor): ReadableSpan[] {
  return spans.map((span) => {
    const { name, attributes, events, status } = span;
    const shown = value({ name, attributes, events, status });
    const links = span.links.map((link) => {
      return Object.assign({ ...link }, { attributes: value(link.attributes ?? {}) });
    });
    return Object.create(span, Object.getOwnPropertyDescriptors({ ...shown, links }));
  });
}

/** Asserts that the bytes are those of the SDK's serialiser, also when names and texts are known. */
function assertSame(spans: ReadableSpan[], by: Redactor = redactor): void {
  const encode = createSpanEncoder(by);
  const expected = official(redacted(spans, by));
  assert.equal(hexOf(encode(spans)), expected);
  assert.equal(hexOf(encode(spans)), expected);
}

test('spans by hand: bytes are those of the SDK for each kind of value, at every length of its varints', async () => {
  const sdk = setUp();
  const lengths = [0, 1, 23, 24, 25, 63, 100, 127, 128, 129, 200, 16_383, 16_384, 70_000];
  const numbers = [0, -0, 1, 127, 128, 2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 39, -1, -(2 ** 40)];
  const others = [0.5, -1e-9, Number.NaN, Infinity, 2 ** 63, 1e300, 1e11 + 0.25];
  const attributes: Attributes = {
    texts: ['a', '', 'ö', '\ud800', '😀'],
    mixed: [1, 2, 3],
    flags: [true, false],
    none: [],
    one: ['end_turn'],
    another: [7],
    yes: true,
    no: false,
    ключ: 'значение',
    half: 'a\ud800',
    quote: 'a "quoted" \\ text\n',
    ...Object.fromEntries(lengths.map((length) => [`l${length}`, 'x'.repeat(length)])),
    ...Object.fromEntries(lengths.map((length) => [`u${length}`, 'é'.repeat(length)])),
    ...Object.fromEntries([...numbers, ...others].map((value, i) => [`n${i}`, value])),
  };
  assertSame(await ended(sdk, sdk.tracer.startSpan('all values', { attributes })));
});

test('spans by hand: bytes are those of the SDK for maps, bytes and values of no kind', async () => {
  const sdk = setUp();
  const span = sdk.tracer.startSpan('complex');
  const values = {
    map: { a: 1, b: ['x', { c: null }], d: 'y'.repeat(200) },
    bytes: new Uint8Array([0, 1, 255]),
    nothing: null,
  } as unknown as Attributes;
  span.setAttributes(values);
  assertSame(await ended(sdk, span));
});

test('spans by hand: bytes are those of the SDK for parents, kinds, events, links, status, trace state and scopes', async () => {
  const sdk = setUp();
  const remote = {
    traceId: '0af7651916cd43dd8448eb211c80319c',
    spanId: 'b7ad6b7169203331',
    traceFlags: 1,
    isRemote: true,
    traceState: new TraceState('vendor=value'),
  };
  const below = trace.setSpanContext(context.active(), remote);
  const spans = Object.values(SpanKind)
    .filter((kind) => typeof kind === 'number')
    .map((kind) => sdk.tracer.startSpan('k', { kind, links: [{ context: remote }] }, below));
  const other = sdk.provider.getTracer('other', '', { schemaUrl: 'https://example.com/1' });
  const child = other.startSpan('c', {}, trace.setSpan(below, spans[0] as Span));
  child.addEvent('first token');
  child.addEvent('with', { a: 1, b: 'two' }, 1_700_000_000_123);
  child.addLink({ context: remote, attributes: { why: 'retry' } });
  child.setStatus({ code: SpanStatusCode.ERROR, message: 'it failed' });
  const root = other.startSpan('root', { root: true });
  root.setStatus({ code: SpanStatusCode.OK });
  assertSame(await ended(sdk, ...spans, child, root));
});

test('spans by hand: bytes are those of the SDK at any nanosecond', async () => {
  const sdk = setUp();
  const seconds = [0, 1, 4, 1_700_000_000, 2 ** 31 - 1, 2 ** 31, 2 ** 32 - 1];
  const nanos = [0, 1, 294_967_295, 294_967_296, 999_999_999];
  for (const second of seconds) {
    for (const nano of nanos) {
      sdk.tracer.startSpan('t', { startTime: [second, nano] }).end([second, nano]);
    }
  }
  for (let i = 0; i < 2_000; i += 1) {
    const time: [number, number] = [1_700_000_000 + i * 7_919, (i * 499_979) % 1e9];
    sdk.tracer.startSpan('t', { startTime: time }).end(time);
  }
  assertSame(await ended(sdk));
});

test('spans by hand: no spans are no bytes', () => {
  assert.deepEqual([...createSpanEncoder(redactor)([])], []);
});

test('spans by hand: names, attributes, events, links and status messages are redacted, IDs and the resource are not', async () => {
  const by = new Redactor({ secrets: () => [SECRET] });
  const sdk = setUp();
  const span = sdk.tracer.startSpan(`GET ${ALL}`);
  span.setAttributes({
    'url.full': `https://u:p@host/?email=bob%40example.com&api_key=${ID}`,
    'user_agent.original': ALL,
    'http.request.header.cookie': ['short'],
    'db.password': 12,
    [`of bob@example.com`]: 1,
    list: PLANTED,
    headers: ['x-api-key', 'short'],
    only: [SECRET],
    'only.password': ['short'],
    'only.card': [Number(ID)],
    'correlation.id.list': [ID],
    request_id: [ID],
    'correlation.id': ID,
    'gen_ai.response.id': `${ID} ${SECRET}`,
    card: Number(ID),
    count: 7,
  });
  span.addEvent(ALL, { text: ALL, password: 'short' });
  span.recordException(new Error(ALL));
  span.addLink({ context: span.spanContext(), attributes: { text: ALL } });
  span.setStatus({ code: SpanStatusCode.ERROR, message: ALL });
  const spans = await ended(sdk, span);
  assertSame(spans, by);
  const text = Buffer.from(createSpanEncoder(by)(spans)).toString('latin1');
  for (const planted of [...PLANTED, 'u:p@', 'short']) {
    const times = text.split(planted).length - 1;
    assert.equal(times, planted === 'bob@example.com' ? 1 : 0, `${planted}: in the resource alone`);
  }
  assert.equal(text.split(ID).length - 1, 3);
  assert(text.includes('https://[redacted]@host/?email=[redacted:email]&api_key=[redacted]'));
});

test('spans by hand: a text that was clean is redacted when it becomes a known secret', async () => {
  let secrets: readonly string[] = [];
  const encode = createSpanEncoder(new Redactor({ secrets: () => secrets }));
  const sdk = setUp();
  const attributes = { 'planted-secret.name': SECRET, plain: 'model', list: [SECRET] };
  const spans = await ended(sdk, sdk.tracer.startSpan(SECRET, { attributes }));
  const shows = () => Buffer.from(encode(spans)).toString('latin1').split(SECRET).length - 1;
  assert.equal(shows(), 4);
  secrets = [SECRET];
  assert.equal(shows(), 0);
  assert.equal(shows(), 0);
  secrets = [];
  assert.equal(shows(), 4);
});

test('spans by hand: bytes are those of the SDK for 300 spans of hostile texts, of which few are known', async () => {
  const by = new Redactor({ secrets: () => NO_SECRETS });
  const sdk = setUp();
  const parts = [...PLANTED, 'a', '\u0000', '"', '\\', 'é', '\udc00', 'eyJ', 'Bearer abcdef', '😀'];
  const spans = Array.from({ length: 300 }, (_, i) => {
    const text = [0, 1, 2].map((j) => parts[(i * 7 + j * 5 + i * j) % parts.length]).join(' ');
    const attributes = { [`key${i % 50}`]: text, other: `${i} ${text}`, 'correlation.id': text };
    return sdk.tracer.startSpan(`name ${i % 3} ${text}`, { attributes });
  });
  assertSame(await ended(sdk, ...spans), by);
});

test('spans by hand: names that become one when they are redacted stand there once', async () => {
  const by = new Redactor({ secrets: () => NO_SECRETS });
  const sdk = setUp();
  const attributes = { 'of bob@example.com': 1, plain: 'x', 'of al@example.com': 2, password: 'y' };
  const spans = await ended(sdk, sdk.tracer.startSpan('s', { attributes }));
  assertSame(spans, by);
  const text = Buffer.from(createSpanEncoder(by)(spans)).toString('latin1');
  assert.equal(text.split('of [redacted:email]').length - 1, 1);
});

test('spans by hand: bytes are those of the SDK when there are more names and texts than are kept, of any length', async () => {
  const sdk = setUp();
  const spans = Array.from({ length: 2_500 }, (_, i) => {
    const length = 120 + (i % 20);
    const attributes = {
      [`name ${i}`]: `text ${i}`,
      [`${i} `.padEnd(length, 'n')]: `${i} `.padEnd(length, 't'),
      again: `again ${i % 7}`,
    };
    return sdk.tracer.startSpan(`span ${i}`, { attributes });
  });
  assertSame(await ended(sdk, ...spans));
});

test('spans by hand: what is kept of names and texts is bounded', async () => {
  const sdk = setUp();
  const long = (i: number) => {
    const text = aLongText(i);
    return { [text.slice(0, 100)]: text.slice(100, 200), [text]: text };
  };
  const many = (i: number) => ({ [`name ${i}`.padEnd(100)]: `text ${i}`.padEnd(100) });
  const encode = createSpanEncoder(redactor);
  const send = (attributes: Attributes) =>
    encode([sdk.tracer.startSpan('s', { attributes }) as unknown as ReadableSpan]);
  const kept = keptBytes(() => {
    for (let i = 0; i < 8_000; i += 1) send(many(i));
    for (let i = 0; i < 40; i += 1) send(long(i));
    return encode;
  });
  assert(kept < 2 ** 20, `${kept} bytes`);
});

test('spans by hand: half of a surrogate pair does not make known what it is shown as', async () => {
  const secrets = ['key-\ufffd-of-ours'];
  const encode = createSpanEncoder(new Redactor({ secrets: () => secrets }));
  const sdk = setUp();
  const start = (text: string) => sdk.tracer.startSpan('s', { attributes: { text } });
  const spans = await ended(sdk, start('key-\ud800-of-ours'), start('key-\ufffd-of-ours'));
  encode(spans);
  const [, second] = spans;
  assert(second);
  assert(
    Buffer.from(encode([second]))
      .toString()
      .includes('[redacted]'),
  );
});

test('spans by hand: times before 1970 and IDs that are no hexadecimal digits do not break the other spans', async () => {
  const sdk = setUp();
  const context = { traceId: 'not a trace ID, but 32 character', spanId: 'abc', traceFlags: 0 };
  const odd = sdk.tracer.startSpan('odd', { startTime: [-1, 5], links: [{ context }] });
  odd.end([-1, 5]);
  const spans = await ended(sdk, sdk.tracer.startSpan('even'));
  const bytes = Buffer.from(createSpanEncoder(redactor)(spans));
  const names = decodeExport(bytes, 'application/x-protobuf').map(({ name }) => name);
  assert.deepEqual(names, ['odd', 'even']);
});
