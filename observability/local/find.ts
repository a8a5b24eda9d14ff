/** Finds one correlation ID everywhere: log lines, trace, the upstream's record. `make find ID=…`. */
import { asTraceId } from '../../app/telemetry/correlation.ts';
import { lokiAndTempo } from './find-compose.ts';
import { get } from './find-http.ts';
import { fileAndSpanStore } from './find-processes.ts';
import { modeOf } from './mode.ts';
import { urlOf, usesSimulator } from './ports.ts';

/** A span as it is shown: the nanoseconds are text. */
export interface StoredSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly name: string;
  readonly startNs: string;
  readonly endNs: string;
  readonly attributes: Readonly<Record<string, unknown>>;
}

/** Where a stack keeps what is looked for. `traceId` is the ID's own, where it can be one. */
export interface Sources {
  readonly logName: string;
  logLines(id: string, traceId: string | undefined): Promise<string[]>;
  spans(id: string, traceId: string | undefined): Promise<StoredSpan[]>;
}

const SOURCES: Readonly<Record<ReturnType<typeof modeOf>, Sources>> = {
  compose: lokiAndTempo,
  processes: fileAndSpanStore,
};

/** The spans as an indented tree, each with its milliseconds and outcome. */
export function tree(spans: readonly StoredSpan[]): string[] {
  const known = new Set(spans.map(({ spanId }) => spanId));
  const below = (parentId: string, depth: number): string[] =>
    spans
      .filter((s) => (known.has(s.parentSpanId) ? s.parentSpanId : '') === parentId)
      .toSorted((a, b) => (BigInt(a.startNs) < BigInt(b.startNs) ? -1 : 1))
      .flatMap((span) => [describe(span, depth), ...below(span.spanId, depth + 1)]);
  return below('', 0);
}

function describe({ name, startNs, endNs, attributes }: StoredSpan, depth: number): string {
  const ms = Number(BigInt(endNs) - BigInt(startNs)) / 1e6;
  const facts = ['claude.outcome', 'http.response.status_code']
    .filter((key) => attributes[key] !== undefined)
    .map((key) => `${key}=${attributes[key]}`);
  return `${'  '.repeat(depth)}${name}  ${ms.toFixed(1)} ms  ${facts.join(' ')}`.trimEnd();
}

function section(title: string, lines: readonly string[]): boolean {
  process.stdout.write(
    `${title}\n${lines.map((line) => `  ${line}`).join('\n') || '  nothing'}\n\n`,
  );
  return lines.length > 0;
}

async function find(id: string): Promise<boolean> {
  const { logName, logLines, spans: spansOf } = SOURCES[modeOf()];
  const traceId = asTraceId(id);
  const spans = await spansOf(id, traceId);
  const traces = [...new Set(spans.map((s) => s.traceId))];
  const found = [section(`Log lines (${logName})`, await logLines(id, traceId))];
  found.push(section(`Spans of trace ${traces.join(', ') || traceId || '?'}`, tree(spans)));
  if (!usesSimulator()) return found.every(Boolean);
  const query = new URLSearchParams({ correlation_id: id });
  const requests = await get(`${urlOf('SIMULATOR_PORT')}/__sim/requests?${query}`);
  const seen = (requests as object[]).map((request) => JSON.stringify(request));
  found.push(section('Requests that reached the upstream', seen));
  return found.every(Boolean);
}

async function main(): Promise<number> {
  const id = process.env['ID'] || process.argv[2];
  if (!id) {
    process.stderr.write('usage: make find ID=<correlation ID>\n');
    return 64;
  }
  try {
    return (await find(id)) ? 0 : 1;
  } catch (error) {
    process.stderr.write(`find: is the stack up? (make status) ${(error as Error).message}\n`);
    return 1;
  }
}

if (import.meta.main) process.exitCode = await main();
