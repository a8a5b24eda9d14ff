/** Everything that the stack knows of one ID: its spans, its log lines, and the requests that reached the upstream. */
import { asTraceId } from '../../app/telemetry/correlation.ts';
import { CORRELATION_ATTRIBUTE, isPartial, requestsOf } from '../local/one-id.ts';
import { MAX_LINES, type StoredSpan, type TraceSources } from '../local/trace-sources.ts';
import type { Parts } from './ask.ts';
import { outcomeOf, Refusal } from './refusal.ts';

/** The form of a correlation ID (docs/semantics.md); a trace ID has it too. */
const ID = /^[A-Za-z0-9._:-]{1,128}$/;
/** Each is a question to the simulator, and a trace may have thousands. */
const MAX_IDS = 50;

/** One source's answer, or why there is none. */
type Found<T> = { readonly items: readonly T[] } | { readonly error: string };

function reasonOf(error: Error): string {
  // `fetch failed`, and nothing else, is what Node says of a server that is not there.
  const isFetch = error instanceof TypeError || error.name === 'TimeoutError';
  return isFetch ? `it ${outcomeOf(error)}` : error.message;
}

async function attempt<T>(what: string, look: () => Promise<readonly T[]>): Promise<Found<T>> {
  try {
    return { items: await look() };
  } catch (error) {
    return { error: `${what} cannot be asked: ${reasonOf(error as Error)}.` };
  }
}

/** A trace of other callers may have many correlation IDs; the requests are looked up by each. */
function correlationIds(id: string, spans: readonly StoredSpan[]): string[] {
  const found = spans.map(({ attributes }) => attributes[CORRELATION_ATTRIBUTE]);
  return [...new Set([id, ...found.filter((each) => typeof each === 'string')])].slice(0, MAX_IDS);
}

/** @param id a correlation ID or a trace ID @throws {Refusal} for text that is neither */
export async function findData(
  { parts, sources }: { readonly parts: Parts; readonly sources: TraceSources },
  id: string,
) {
  if (!ID.test(id)) {
    throw new Refusal(400, 'That is no ID: an ID has 1 to 128 letters, digits and . _ : - alone.');
  }
  const traceId = asTraceId(id);
  const spans = await attempt('The trace store', () => sources.spans(id, traceId));
  const found = 'items' in spans ? spans.items : [];
  const simulator = parts.simulator?.asked ?? '';
  const [lines, requests] = await Promise.all([
    attempt('The log', () => sources.logLines(id, traceId)),
    attempt('The simulator', async () => {
      const ids = correlationIds(id, found);
      return (await Promise.all(ids.map((each) => requestsOf(simulator, each)))).flat();
    }),
  ]);
  const traces = [...new Set(found.map((span) => span.traceId))];
  const mostLines = MAX_LINES;
  return { id, traces, spans, lines, requests, mostLines, isPartial: isPartial(found) };
}
