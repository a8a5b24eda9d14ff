/** The committed configuration in the real collector: which traces it keeps, and what it sends on. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { after, before, describe, test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { eventually } from '../../app/testing/poll.ts';
import { findTool, ROOT } from '../local/paths.ts';
import { type SpanStore, startSpanStore } from '../local/span-store.ts';

const otelcol = findTool('otelcol');
const MS = 1_000_000n;

const hex = (bytes: number) => randomBytes(bytes).toString('hex');

interface SpanInput {
  readonly traceId: string;
  readonly spanId?: string;
  readonly parentSpanId?: string;
  readonly ms?: number;
  readonly error?: boolean;
}

function otlpSpan({ traceId, spanId = hex(8), parentSpanId = '', ms = 5, error }: SpanInput) {
  const end = BigInt(Date.now()) * MS;
  const text = (key: string, stringValue: string) => ({ key, value: { stringValue } });
  return {
    traceId,
    spanId,
    parentSpanId,
    name: 'chat some-model',
    kind: 3,
    startTimeUnixNano: String(end - BigInt(ms) * MS),
    endTimeUnixNano: String(end),
    attributes: [text('gen_ai.operation.name', 'chat'), text('claude.outcome', 'success')],
    status: { code: error ? 2 : 0 },
  };
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** The collector batches and samples before it exports, so it gets more time than the default. */
const SLOW = { timeoutMs: 20_000 } as const;

describe('the collector', {
  concurrency: false,
  skip: otelcol ? false : 'no otelcol here',
}, () => {
  let tempo: SpanStore;
  let others: Server;
  let collector: ChildProcess;
  let url: string;
  let log = '';
  const bodies: { readonly path: string; readonly body: Buffer }[] = [];

  before(async () => {
    tempo = await startSpanStore({ port: 0 });
    // This server stands in for Loki and Prometheus, so the tests see what they would get.
    others = createServer(async (request, response) => {
      const body = await buffer(request);
      const plain = request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body;
      bodies.push({ path: request.url ?? '', body: plain });
      response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end();
    }).listen(0, '127.0.0.1');
    await once(others, 'listening');
    const other = `http://127.0.0.1:${(others.address() as AddressInfo).port}`;
    const [port, health, metrics] = [await freePort(), await freePort(), await freePort()];
    url = `http://127.0.0.1:${port}`;
    const set = (path: string, value: string | number) => ['--config', `yaml:${path}: ${value}`];
    collector = spawn(
      otelcol ?? '',
      [
        ...['--config', join(ROOT, 'observability/collector/config.yaml')],
        ...set('receivers::otlp::protocols::http::endpoint', `127.0.0.1:${port}`),
        ...set('extensions::health_check::endpoint', `127.0.0.1:${health}`),
        ...set('exporters::otlp_http/tempo::endpoint', tempo.url),
        ...set('exporters::otlp_http/loki::endpoint', `${other}/otlp`),
        ...set('exporters::otlp_http/prometheus::endpoint', `${other}/api/v1/otlp`),
        ...set('connectors::span_metrics::metrics_flush_interval', '200ms'),
        '--config',
        `yaml:service::telemetry::metrics::readers: [{pull: {exporter: {prometheus: {host: 127.0.0.1, port: ${metrics}}}}}]`,
      ],
      { env: { TRACES_KEPT_PERCENT: '0' }, stdio: ['ignore', 'ignore', 'pipe'] },
    );
    collector.stderr?.on('data', (chunk) => {
      log += chunk;
    });
    await eventually(async () => {
      if (collector.exitCode !== null) throw new Error(`the collector ended: ${log}`);
      const answer = await fetch(`http://127.0.0.1:${health}`).catch(() => undefined);
      return answer?.ok;
    }, SLOW);
  });
  after(async () => {
    collector.kill('SIGTERM');
    await once(collector, 'exit');
    await tempo.close();
    others.close().closeAllConnections();
  });

  async function send(...spans: SpanInput[]): Promise<void> {
    const resource = {
      attributes: [{ key: 'service.name', value: { stringValue: 'claude-observatory' } }],
    };
    const scopeSpans = [{ spans: spans.map(otlpSpan) }];
    const response = await fetch(`${url}/v1/traces`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ resourceSpans: [{ resource, scopeSpans }] }),
    });
    assert.equal(response.status, 200, await response.text());
  }

  const kept = (traceId: string) => tempo.spans().filter((span) => span.traceId === traceId);

  test('keeps all spans of a failed and of a slow call, late ones too, and none of an ordinary one', async () => {
    const [failed, slow, ordinary] = [hex(16), hex(16), hex(16)];
    const root = hex(8);
    // The attempt failed, and the call succeeded after it.
    await send(
      { traceId: failed, parentSpanId: root, error: true },
      { traceId: failed, spanId: root },
    );
    await send({ traceId: slow, ms: 501 }, { traceId: ordinary, ms: 499 });
    await eventually(() => kept(failed).length === 2 && kept(slow).length === 1, SLOW);
    await send({ traceId: failed, parentSpanId: root }, { traceId: ordinary, parentSpanId: root });
    await eventually(() => kept(failed).length === 3, SLOW);
    // The ordinary trace was sent and judged before the last of the kept spans.
    assert.deepEqual(kept(ordinary), []);
  });

  test('sends on thousands of traces that are kept at once', async () => {
    const ids = Array.from({ length: 4_000 }, () => hex(16));
    for (let i = 0; i < ids.length; i += 500) {
      await send(...ids.slice(i, i + 500).map((traceId) => ({ traceId, error: true })));
    }
    const arrived = () => new Set(tempo.spans().map(({ traceId }) => traceId));
    await eventually(() => {
      const there = arrived();
      return ids.every((id) => there.has(id));
    }, SLOW);
  });

  test('puts the ID of a kept trace into the exemplars, and not that of a dropped one', async () => {
    const [slow, ordinary] = [hex(16), hex(16)];
    await send({ traceId: slow, ms: 600 }, { traceId: ordinary });
    const metrics = () => bodies.filter(({ path }) => path === '/api/v1/otlp/v1/metrics');
    const holds = (id: string) =>
      metrics().some(({ body }) => body.includes(Buffer.from(id, 'hex')));
    await eventually(() => holds(slow), SLOW);
    assert(!holds(ordinary));
    assert(metrics().some(({ body }) => body.includes('traces.span.metrics.duration')));
    assert(!metrics().some(({ body }) => body.includes('some-model')), 'a model became a label');
  });

  test('sends on log lines with their IDs', async () => {
    const traceId = hex(16);
    const record = {
      timeUnixNano: String(BigInt(Date.now()) * MS),
      body: { stringValue: 'call' },
      attributes: [{ key: 'correlation_id', value: { stringValue: `id-${traceId}` } }],
      traceId,
      spanId: hex(8),
    };
    await fetch(`${url}/v1/logs`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ resourceLogs: [{ scopeLogs: [{ logRecords: [record] }] }] }),
    });
    const sent = await eventually(
      () =>
        bodies.find(({ path, body }) => path === '/otlp/v1/logs' && body.includes(`id-${traceId}`)),
      SLOW,
    );
    assert(sent.body.includes(Buffer.from(traceId, 'hex')));
  });

  test('logs no warning', () => assert.equal(log, ''));
});
