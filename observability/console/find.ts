/** Everything that the stack knows of one ID: its spans, its log lines, and the requests that reached the upstream. */
import { asTraceId } from '../../app/telemetry/correlation.ts';
import { CORRELATION_ATTRIBUTE, isPartial, requestsOf } from '../local/one-id.ts';
import type { StoredSpan, TraceSources } from '../local/trace-sources.ts';
import type { Parts } from './ask.ts';
import { Refusal } from './refusal.ts';

/** The form of a correlation ID (docs/semantics.md); a trace ID has it too. */
const ID = /^[A-Za-z0-9._:-]{1,128}$/;

/** One source's answer, or why there is none. */
type Found<T> = { readonly items: readonly T[] } | { readonly error: string };

async function attempt<T>(what: string, look: () => Promise<readonly T[]>): Promise<Found<T>> {
  try {
    return { items: await look() };
  } catch (error) {
    return { error: `${what} cannot be asked: ${(error as Error).message}.` };
  }
}

/** A trace of other callers may have many correlation IDs; the requests are looked up by each. */
function correlationIds(id: string, spans: readonly StoredSpan[]): string[] {
  const found = spans.map(({ attributes }) => attributes[CORRELATION_ATTRIBUTE]);
  return [...new Set([id, ...found.filter((each) => typeof each === 'string')])];
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
  return { id, traces, spans, lines, requests, isPartial: isPartial(found) };
}
