/** Looks up headers in any case: k6 has `X-Correlation-Id`, Node `x-correlation-id`. */

/** @returns the value; undefined if the header is absent or repeated */
export function headerOf(
  headers: Readonly<Record<string, unknown>>,
  name: string,
): string | undefined {
  const wanted = name.toLowerCase();
  for (const [key, value] of Object.entries(headers)) {
    if (key.toLowerCase() === wanted) return typeof value === 'string' ? value : undefined;
  }
  return undefined;
}

/**
 * Reads one duration from a `server-timing` header: https://www.w3.org/TR/server-timing/
 * @returns milliseconds; undefined if the metric is absent or its `dur` is not a number from 0
 *   to a billion
 */
export function serverTimingMs(header: string | undefined, metric: string): number | undefined {
  for (const entry of (header ?? '').split(',')) {
    const [name, ...params] = entry.split(';').map((part) => part.trim());
    if (name !== metric) continue;
    const dur = params.find((param) => param.startsWith('dur='))?.slice('dur='.length);
    if (dur !== undefined && /^[0-9]{1,9}(\.[0-9]{1,9})?$/.test(dur)) return Number(dur);
  }
  return undefined;
}
