/**
 * Where the compose stack keeps log lines and spans: Loki and Tempo, asked by their HTTP APIs.
 * https://grafana.com/docs/loki/v3.7.x/reference/loki-http-api/
 * https://grafana.com/docs/tempo/v3.0.x/api_docs/
 */
import type { Sources, StoredSpan } from './find.ts';
import { get } from './find-http.ts';
import { decodeExport } from './otlp.ts';
import { urlOf } from './ports.ts';

const DAY_MS = 86_400_000;
const LIMIT = 200;
const PROTOBUF = 'application/protobuf';
/** What a correlation ID may hold (docs/semantics.md); nothing in it ends a string. */
const ID = /^[A-Za-z0-9._:-]{1,128}$/;

/** Loki's answer to `query_range`: a stream's labels hold its lines' structured metadata. */
interface LokiAnswer {
  readonly data: {
    readonly result: readonly {
      readonly stream: Readonly<Record<string, string>>;
      /** Nanoseconds since 1970, line. */
      readonly values: readonly (readonly [string, string])[];
    }[];
  };
}

async function logLines(id: string, traceId: string | undefined): Promise<string[]> {
  if (!ID.test(id)) return [];
  const filter = traceId
    ? `correlation_id="${id}" or trace_id="${traceId}"`
    : `correlation_id="${id}"`;
  const query = new URLSearchParams({
    query: `{service_name=~".+"} | ${filter}`,
    // Nanoseconds.
    start: `${Date.now() - DAY_MS}000000`,
    limit: String(LIMIT),
    direction: 'forward',
  });
  const answer = (await get(
    `${urlOf('LOKI_PORT')}/loki/api/v1/query_range?${query}`,
  )) as LokiAnswer;
  return answer.data.result
    .flatMap(({ stream, values }) => values.map(([ns, msg]) => ({ ns: BigInt(ns), msg, stream })))
    .toSorted((a, b) => (a.ns < b.ns ? -1 : 1))
    .map(({ ns, msg, stream }) => JSON.stringify({ time: rfc3339(ns), msg, ...stream }));
}

function rfc3339(ns: bigint): string {
  return new Date(Number(ns / 1_000_000n)).toISOString();
}

/** The traces of an ID: the one that it names itself, and those that carry it as an attribute. */
async function spans(id: string, traceId: string | undefined): Promise<StoredSpan[]> {
  const traces = new Set(traceId ? [traceId] : []);
  if (ID.test(id)) for (const found of await search(id)) traces.add(found);
  return (await Promise.all([...traces].map(spansOfTrace))).flat();
}

async function search(id: string): Promise<string[]> {
  const query = new URLSearchParams({
    q: `{ span."correlation.id" = "${id}" }`,
    start: String(Math.floor((Date.now() - DAY_MS) / 1000)),
    end: String(Math.ceil(Date.now() / 1000)),
  });
  const answer = await get(`${urlOf('TEMPO_PORT')}/api/search?${query}`);
  const { traces = [] } = answer as { traces?: { traceID: string }[] };
  // Tempo leaves out leading zeros.
  return traces.map(({ traceID }) => traceID.padStart(32, '0'));
}

/** None when Tempo does not know the trace, or not yet. */
async function spansOfTrace(traceId: string): Promise<StoredSpan[]> {
  const url = `${urlOf('TEMPO_PORT')}/api/traces/${traceId}`;
  const response = await fetch(url, {
    // In protobuf a trace has the form of an export, so that one decoder serves.
    headers: { accept: PROTOBUF },
    signal: AbortSignal.timeout(5_000),
  });
  if (response.status === 404) return [];
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  return decodeExport(Buffer.from(await response.arrayBuffer()), PROTOBUF).map((span) => ({
    ...span,
    startNs: String(span.startNs),
    endNs: String(span.endNs),
  }));
}

export const lokiAndTempo: Sources = { logName: 'Loki', logLines, spans };
