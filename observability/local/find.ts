/** Finds one correlation ID everywhere: log lines, trace, the upstream's record. `make find ID=…`. */
import { setTimeout as delay } from 'node:timers/promises';
import { asTraceId } from '../../app/telemetry/correlation.ts';
import { lokiAndTempo } from './find-compose.ts';
import { get } from './find-http.ts';
import { fileAndSpanStore } from './find-processes.ts';
import { modeOf } from './mode.ts';
import { urlOf, usesSimulator } from './ports.ts';

const PATIENCE_MS = 6_000;
const POLL_MS = 300;

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

interface Section {
  readonly title: string;
  readonly lines: readonly string[];
}

async function upstreamSection(id: string): Promise<Section> {
  const query = new URLSearchParams({ correlation_id: id });
  const requests = await get(`${urlOf('SIMULATOR_PORT')}/__sim/requests?${query}`);
  const lines = (requests as object[]).map((request) => JSON.stringify(request));
  return { title: 'Requests that reached the upstream', lines };
}

async function look(id: string): Promise<Section[]> {
  const { logName, logLines, spans: spansOf } = SOURCES[modeOf()];
  const traceId = asTraceId(id);
  const spans = await spansOf(id, traceId);
  const traces = [...new Set(spans.map((s) => s.traceId))];
  return [
    { title: `Log lines (${logName})`, lines: await logLines(id, traceId) },
    { title: `Spans of trace ${traces.join(', ') || traceId || '?'}`, lines: tree(spans) },
    ...(usesSimulator() ? [await upstreamSection(id)] : []),
  ];
}

const isWhole = (sections: readonly Section[]) => sections.every(({ lines }) => lines.length > 0);

/** What was asked just now is on its way for some seconds: it is waited for. */
async function lookUntilWhole(id: string): Promise<Section[]> {
  const limitMs = performance.now() + PATIENCE_MS;
  for (;;) {
    const sections = await look(id);
    if (isWhole(sections) || performance.now() > limitMs) return sections;
    await delay(POLL_MS);
  }
}

function show({ title, lines }: Section): void {
  const body = lines.map((line) => `  ${line}`).join('\n') || '  nothing';
  process.stdout.write(`${title}\n${body}\n\n`);
}

async function find(id: string): Promise<boolean> {
  const sections = await lookUntilWhole(id);
  for (const section of sections) show(section);
  return isWhole(sections);
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
