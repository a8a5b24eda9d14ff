import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SpanStatusCode } from '@opentelemetry/api';
import {
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace';
import { Redactor } from '../privacy/redactor.ts';
import { redactingExporter } from './redacting-exporter.ts';

const SECRET = 'planted-secret';
const PLANTED = [SECRET, 'bob@example.com', '4111 1111 1111 1111', 'sk-ant-api03-x'];
const ALL = PLANTED.join(' ');
const ID = '4111111111111111';

function setUp() {
  const memory = new InMemorySpanExporter();
  const exporter = redactingExporter(memory, new Redactor({ secrets: () => [SECRET] }));
  const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] });
  const finished = async () => {
    await provider.forceFlush();
    return memory.getFinishedSpans();
  };
  return { tracer: provider.getTracer('t'), finished, provider };
}

/** Everything that is exported of a span except its context. */
function shown({ name, attributes, events, links, status }: ReadableSpan): string {
  return JSON.stringify({ name, attributes, events, links, status });
}

test('redactingExporter: names, attributes, events, links and status messages are redacted, IDs are not', async () => {
  const { tracer, finished } = setUp();
  const span = tracer.startSpan(`GET ${ALL}`);
  span.setAttributes({
    'url.full': `https://u:p@host/?email=bob%40example.com&api_key=${ID}`,
    'user_agent.original': ALL,
    'http.request.header.cookie': ['short'],
    list: PLANTED,
    'correlation.id': ID,
    count: 7,
  });
  span.addEvent(ALL, { text: ALL });
  span.recordException(new Error(ALL));
  span.addLink({ context: span.spanContext(), attributes: { text: ALL } });
  span.setStatus({ code: SpanStatusCode.ERROR, message: ALL });
  span.end();
  const [out] = await finished();
  assert(out);
  for (const text of [...PLANTED, 'bob', 'u:p@', 'short']) assert(!shown(out).includes(text), text);
  assert.equal(out.attributes['correlation.id'], ID);
  assert.equal(out.attributes['count'], 7);
  assert.equal(
    out.attributes['url.full'],
    'https://[redacted]@host/?email=[redacted:email]&api_key=[redacted]',
  );
  assert.deepEqual(out.spanContext(), span.spanContext());
  assert.equal(out.status.code, SpanStatusCode.ERROR);
});

test('redactingExporter: a clean span leaves as it is, and in another span only the redacted parts differ', async () => {
  const { tracer, finished } = setUp();
  const clean = tracer.startSpan('POST', { attributes: { 'http.route': '/v1/messages' } });
  const dirty = tracer.startSpan('POST', { attributes: { 'user_agent.original': SECRET } });
  clean.end();
  dirty.end();
  const [first, second] = await finished();
  assert.equal(first, clean);
  assert(second);
  const given = dirty as unknown as ReadableSpan;
  const names = Object.keys(second) as (keyof ReadableSpan)[];
  for (const name of names.filter((name) => name !== 'spanContext' && name !== 'attributes'))
    assert.deepEqual(second[name], given[name], name);
});
