/** Which headers cross the service: allow-lists, both ways. What is not listed stays behind. */

/** Of a caller's; his credentials and cookies never go upstream. */
const UP = ['anthropic-version', 'anthropic-beta', 'accept'] as const;
const DEFAULT_VERSION = '2023-06-01';

/** Of an upstream's, besides `anthropic-ratelimit-*`; the organisation ID is not for callers. */
const DOWN: ReadonlySet<string> = new Set([
  'content-type',
  'request-id',
  'retry-after',
  'retry-after-ms',
  'x-should-retry',
  // Marks the simulator, so that load tests can refuse an upstream that costs money.
  'x-simulator',
]);
const RATE_LIMIT_PREFIX = 'anthropic-ratelimit-';

type Incoming = Readonly<Record<string, string | string[] | undefined>>;

/** @returns what goes upstream, lower case, with the API version that Anthropic demands */
export function headersUp(incoming: Incoming): Record<string, string> {
  const sent: Record<string, string> = { 'anthropic-version': DEFAULT_VERSION };
  for (const name of UP) {
    const value = incoming[name];
    if (typeof value === 'string') sent[name] = value;
  }
  return sent;
}

/** @returns what goes back to the caller */
export function headersDown(upstream: Readonly<Record<string, string>>): Record<string, string> {
  const sent: Record<string, string> = {};
  for (const [name, value] of Object.entries(upstream)) {
    if (DOWN.has(name) || name.startsWith(RATE_LIMIT_PREFIX)) sent[name] = value;
  }
  return sent;
}
