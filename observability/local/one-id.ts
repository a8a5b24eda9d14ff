/** What `make find` and the console know of one ID beyond its lines and spans. */
import { getJson, type StoredSpan } from './trace-sources.ts';

/** Spans carry the correlation ID as this attribute. */
export const CORRELATION_ATTRIBUTE = 'correlation.id';

/**
 * The span of the caller's request ends last, and Claude's own spans come by another way: until it is here, the rest
 * may be missing. A request that no route took has none.
 */
export function isPartial(spans: readonly StoredSpan[]): boolean {
  return !spans.some(
    // Claude's spans have a route too, and what the model was asked for.
    ({ attributes }) => attributes['http.route'] && !attributes['gen_ai.operation.name'],
  );
}

/** @param simulator base URL @returns the requests with this correlation ID as the simulator saw them, keys masked */
export async function requestsOf(simulator: string, id: string): Promise<object[]> {
  const query = new URLSearchParams({ correlation_id: id });
  return (await getJson(`${simulator}/__sim/requests?${query}`)) as object[];
}
