/**
 * A small OTLP receiver that keeps the last spans in memory and finds them by trace or correlation ID, in
 * place of a trace store where there is no Docker (docs/adr/0007). As a program it reads OTLP_PORT,
 * default 4318.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { buffer } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { type DecodedSpan, decodeExport } from './otlp.ts';

const CAPACITY = 50_000;
const MAX_EXPORT_BYTES = 64 * 1024 * 1024;
/** Who opens `/spans` without an ID sees that something arrives. */
const NEWEST = 100;
const unzip = promisify(gunzip);

export interface SpanStore {
  readonly url: string;
  /** Oldest first. */
  spans(): readonly DecodedSpan[];
  close(): Promise<void>;
}

/** Starts a receiver of `POST /v1/traces`; port 0 takes a free one. @throws {Error} EADDRINUSE */
export async function startSpanStore({
  port,
  host = '127.0.0.1',
  capacity = CAPACITY,
}: {
  readonly port: number;
  readonly host?: string;
  /** Maximum number of spans kept; beyond it, the older half is dropped. */
  readonly capacity?: number;
}): Promise<SpanStore> {
  let kept: DecodedSpan[] = [];
  const add = (spans: readonly DecodedSpan[]) => {
    kept.push(...spans);
    // Spans are dropped in halves: a shift for each one would move the whole array each time.
    if (kept.length > capacity) kept = kept.slice(-capacity / 2);
  };
  const server = createServer((request, response) => {
    serve(request, response, add, () => kept).catch((error: Error) =>
      json(response, 400, { error: error.message }),
    );
  });
  server.listen(port, host);
  await once(server, 'listening');
  return {
    url: `http://${host}:${(server.address() as AddressInfo).port}`,
    spans: () => kept,
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  add: (spans: readonly DecodedSpan[]) => void,
  all: () => readonly DecodedSpan[],
): Promise<void> {
  const { pathname, searchParams } = new URL(request.url ?? '/', 'http://store');
  if (request.method === 'POST' && pathname === '/v1/traces') {
    const type = request.headers['content-type'] ?? '';
    add(decodeExport(await bodyOf(request), type));
    // An empty message means complete success: ExportTraceServiceResponse has no required field.
    response.writeHead(200, { 'content-type': type });
    response.end(type.includes('json') ? '{}' : '');
    return;
  }
  if (pathname === '/healthz') return json(response, 200, { status: 'ok', spans: all().length });
  if (pathname === '/spans') return json(response, 200, find(all(), searchParams));
  json(response, 404, { error: 'see POST /v1/traces, GET /spans?trace_id=&correlation_id=' });
}

async function bodyOf(request: IncomingMessage): Promise<Buffer> {
  if (Number(request.headers['content-length'] ?? 0) > MAX_EXPORT_BYTES) {
    throw new Error('the export is too large');
  }
  const body = await buffer(request);
  if (request.headers['content-encoding'] !== 'gzip') return body;
  return unzip(body, { maxOutputLength: MAX_EXPORT_BYTES });
}

function find(spans: readonly DecodedSpan[], query: URLSearchParams): readonly DecodedSpan[] {
  const traceId = query.get('trace_id');
  const correlationId = query.get('correlation_id');
  if (traceId === null && correlationId === null) return spans.slice(-NEWEST);
  const traces = new Set(
    spans.filter((s) => s.attributes['correlation.id'] === correlationId).map((s) => s.traceId),
  );
  return spans.filter((s) => s.traceId === traceId || traces.has(s.traceId));
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(JSON.stringify(body, (_, v) => (typeof v === 'bigint' ? v.toString() : v)));
}

async function main(port: number): Promise<void> {
  const store = await startSpanStore({ port });
  process.stdout.write(`${JSON.stringify({ msg: 'listening', url: store.url })}\n`);
  await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
  await store.close();
}

if (import.meta.main) await main(Number(process.env['OTLP_PORT'] || 4318));
