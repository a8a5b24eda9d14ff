/** Finds one correlation ID in the log lines, the trace and the simulator's record: `make find ID=…`. */
import { setTimeout as delay } from 'node:timers/promises';
import { asTraceId } from '../../app/telemetry/correlation.ts';
import { urlOf } from './components.ts';
import { isPartial, requestsOf } from './one-id.ts';
import { Processes } from './processes.ts';
import { readSettings, type Settings } from './settings.ts';
import {
  fileAndSpanStore,
  lokiAndTempo,
  type StoredSpan,
  type TraceSources,
} from './trace-sources.ts';

/** The lines and spans of a recent call take a few seconds to arrive. */
const LOOK_FOR_MS = 6_000;
const POLL_MS = 300;

/** @returns the spans as an indented tree, each with its milliseconds and outcome */
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
  /** More is on its way. */
  readonly isPartial?: boolean;
}

async function simulatorSection(id: string, { ports }: Settings): Promise<Section> {
  const requests = await requestsOf(urlOf('SIMULATOR_PORT', ports), id);
  const lines = requests.map((request) => JSON.stringify(request));
  return { title: 'Requests that reached the upstream', lines };
}

/** Where the stack that is up keeps lines and spans. */
function sourcesOf({ mode, ports, runDir }: Settings): TraceSources {
  if (mode === 'compose') {
    return lokiAndTempo({ loki: urlOf('LOKI_PORT', ports), tempo: urlOf('TEMPO_PORT', ports) });
  }
  const logFile = new Processes(runDir).logFile('service');
  return fileAndSpanStore({ logFile, spanStore: urlOf('OTLP_PORT', ports) });
}

async function look(id: string, sources: TraceSources, settings: Settings): Promise<Section[]> {
  const traceId = asTraceId(id);
  const spans = await sources.spans(id, traceId);
  const traces = [...new Set(spans.map((span) => span.traceId))];
  return [
    { title: `Log lines (${sources.logName})`, lines: await sources.logLines(id, traceId) },
    {
      title: `Spans of trace ${traces.join(', ') || traceId || '?'}`,
      lines: tree(spans),
      isPartial: isPartial(spans),
    },
    ...(settings.simulator ? [await simulatorSection(id, settings)] : []),
  ];
}

function isComplete(sections: readonly Section[]): boolean {
  return sections.every(({ lines }) => lines.length > 0);
}

function show({ title, lines }: Section): void {
  const body = lines.map((line) => `  ${line}`).join('\n') || '  nothing';
  process.stdout.write(`${title}\n${body}\n\n`);
}

/** Shows what is there once all of it has arrived, or after the limit. @returns whether every section has lines */
async function find(id: string, settings: Settings): Promise<boolean> {
  const sources = sourcesOf(settings);
  const limitMs = performance.now() + LOOK_FOR_MS;
  let sections = await look(id, sources, settings);
  const isAllHere = () => isComplete(sections) && !sections.some((section) => section.isPartial);
  while (!isAllHere() && performance.now() <= limitMs) {
    await delay(POLL_MS);
    sections = await look(id, sources, settings);
  }
  for (const section of sections) show(section);
  return isComplete(sections);
}

async function main(id: string | undefined): Promise<number> {
  if (!id) {
    process.stderr.write('usage: make find ID=<correlation ID>\n');
    return 64;
  }
  try {
    return (await find(id, readSettings(process.env))) ? 0 : 1;
  } catch (error) {
    process.stderr.write(`find: is the stack up? (make status) ${(error as Error).message}\n`);
    return 1;
  }
}

if (import.meta.main) process.exitCode = await main(process.env['ID'] || process.argv[2]);
