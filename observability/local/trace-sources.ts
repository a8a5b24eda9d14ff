/**
 * Where a stack keeps log lines and spans: Loki and Tempo in compose, asked by their HTTP APIs, and a file
 * and the span store without Docker.
 * https://grafana.com/docs/loki/v3.7.x/reference/loki-http-api/
 * https://grafana.com/docs/tempo/v3.0.x/api_docs/
 */
import { open } from 'node:fs/promises';
import { decodeExport } from './otlp.ts';

const DAY_MS = 86_400_000;
/** Of one ID: a batch may have thousands. */
export const MAX_LINES = 200;
/** The end of a log file that is looked through: a load test writes a gigabyte. */
const MAX_LOG_BYTES = 64 * 1024 * 1024;
const TIMEOUT_MS = 5_000;
const PROTOBUF = 'application/protobuf';
/** The form of a correlation ID (docs/semantics.md); no character of it ends a string in a query. */
const ID = /^[A-Za-z0-9._:-]{1,128}$/;

/** A span as it is shown: its nanoseconds are text. */
export interface StoredSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly name: string;
  readonly startNs: string;
  readonly endNs: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** `traceId` is the trace that the correlation ID itself names, where it can name one. */
export interface TraceSources {
  readonly logName: string;
  logLines(id: string, traceId: string | undefined): Promise<string[]>;
  spans(id: string, traceId: string | undefined): Promise<StoredSpan[]>;
}

/** GET with a limit. @returns the JSON of the response @throws {Error} when it is not 2xx, or late */
export async function getJson(url: string): Promise<unknown> {
  const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  return response.json();
}

/** The sources of the stack without Docker: the service's log file and the span store, by its base URL. */
export function fileAndSpanStore({
  logFile,
  spanStore,
}: {
  readonly logFile: string;
  readonly spanStore: string;
}): TraceSources {
  return {
    logName: logFile,
    async logLines(id, traceId) {
      const lines = (await endOf(logFile)).split('\n');
      // Other fields have words that may be an ID too, such as `info`.
      const has = (line: string) =>
        line.includes(`"correlation_id":"${id}"`) || (traceId && line.includes(traceId));
      return lines.filter(has).slice(0, MAX_LINES);
    },
    async spans(id, traceId) {
      const query = { correlation_id: id, ...(traceId && { trace_id: traceId }) };
      return (await getJson(`${spanStore}/spans?${new URLSearchParams(query)}`)) as StoredSpan[];
    },
  };
}

/** @returns the last part of a file, from a line's beginning */
async function endOf(path: string): Promise<string> {
  const file = await open(path);
  try {
    const { size } = await file.stat();
    const start = Math.max(0, size - MAX_LOG_BYTES);
    const { buffer } = await file.read({ buffer: Buffer.alloc(size - start), position: start });
    const text = buffer.toString('utf8');
    return start === 0 ? text : text.slice(text.indexOf('\n') + 1);
  } finally {
    await file.close();
  }
}

/** Base URLs. */
interface Stores {
  readonly loki: string;
  readonly tempo: string;
}

/** The sources of the compose stack. */
export function lokiAndTempo({ loki, tempo }: Stores): TraceSources {
  return {
    logName: 'Loki',
    logLines: (id, traceId) => logLines(loki, id, traceId),
    async spans(id, traceId) {
      const traces = new Set(traceId ? [traceId] : []);
      if (ID.test(id)) for (const found of await searchTraces(tempo, id)) traces.add(found);
      return (await Promise.all([...traces].map((trace) => spansOfTrace(tempo, trace)))).flat();
    },
  };
}

/** Loki's answer to `query_range`: the labels of a stream hold the structured metadata of its lines. */
interface LokiAnswer {
  readonly data: {
    readonly result: readonly {
      readonly stream: Readonly<Record<string, string>>;
      /** Nanoseconds since 1970, and the line. */
      readonly values: readonly (readonly [string, string])[];
    }[];
  };
}

async function logLines(loki: string, id: string, traceId: string | undefined): Promise<string[]> {
  if (!ID.test(id)) return [];
  const filter = traceId
    ? `correlation_id="${id}" or trace_id="${traceId}"`
    : `correlation_id="${id}"`;
  const query = new URLSearchParams({
    query: `{service_name=~".+"} | ${filter}`,
    // Nanoseconds.
    start: `${Date.now() - DAY_MS}000000`,
    limit: String(MAX_LINES),
    direction: 'forward',
  });
  const url = `${loki}/loki/api/v1/query_range?${query}`;
  const { data } = (await getJson(url)) as LokiAnswer;
  return data.result
    .flatMap(({ stream, values }) => values.map(([ns, msg]) => ({ ns: BigInt(ns), msg, stream })))
    .toSorted((a, b) => (a.ns < b.ns ? -1 : 1))
    .map(({ ns, msg, stream }) => JSON.stringify({ time: rfc3339(ns), msg, ...stream }));
}

function rfc3339(ns: bigint): string {
  return new Date(Number(ns / 1_000_000n)).toISOString();
}

/** @returns the IDs of the traces whose spans carry the correlation ID as an attribute */
async function searchTraces(tempo: string, id: string): Promise<string[]> {
  const query = new URLSearchParams({
    q: `{ span."correlation.id" = "${id}" }`,
    start: String(Math.floor((Date.now() - DAY_MS) / 1000)),
    end: String(Math.ceil(Date.now() / 1000)),
  });
  const answer = await getJson(`${tempo}/api/search?${query}`);
  const { traces = [] } = answer as { traces?: { traceID: string }[] };
  // Tempo drops leading zeros.
  return traces.map(({ traceID }) => traceID.padStart(32, '0'));
}

/** @returns no spans when Tempo does not know the trace, or not yet */
async function spansOfTrace(tempo: string, traceId: string): Promise<StoredSpan[]> {
  const url = `${tempo}/api/traces/${traceId}`;
  const response = await fetch(url, {
    // In protobuf a trace has the form of an export, so one decoder serves both.
    headers: { accept: PROTOBUF },
    signal: AbortSignal.timeout(TIMEOUT_MS),
  });
  if (response.status === 404) return [];
  if (!response.ok) throw new Error(`${url} answered ${response.status}`);
  return decodeExport(Buffer.from(await response.arrayBuffer()), PROTOBUF).map((span) => ({
    ...span,
    startNs: String(span.startNs),
    endNs: String(span.endNs),
  }));
}
