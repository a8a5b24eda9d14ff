/** Which headers cross the service, by an allow-list for each direction. */
import { AppError } from '../errors.ts';

/** Headers of a caller that go upstream; their credentials and cookies never do. */
const UP = ['anthropic-version', 'anthropic-beta', 'accept'] as const;
const DEFAULT_VERSION = '2023-06-01';

/** How long the caller will wait, in milliseconds from now; it is not sent upstream. */
const DEADLINE_HEADER = 'x-deadline-ms';
const MAX_DEADLINE_MS = 3_600_000;

/** @returns the caller's own deadline, where they set one @throws {AppError} invalid_request */
export function deadlineOf(incoming: Incoming): { deadlineMs?: number } {
  const text = incoming[DEADLINE_HEADER];
  if (text === undefined) return {};
  const deadlineMs = typeof text === 'string' && /^[0-9]{1,7}$/.test(text) ? Number(text) : 0;
  if (deadlineMs >= 1 && deadlineMs <= MAX_DEADLINE_MS) return { deadlineMs };
  const problem = `must be a whole number of milliseconds from 1 to ${MAX_DEADLINE_MS}`;
  throw new AppError('invalid_request', `${DEADLINE_HEADER}: ${problem}`);
}

/** Headers of an upstream that reach the caller besides `anthropic-ratelimit-*`; the organisation ID does not. */
const DOWN: ReadonlySet<string> = new Set([
  'content-type',
  'request-id',
  'retry-after',
  'retry-after-ms',
  'x-should-retry',
  // It marks the simulator, so that load tests can refuse an upstream that costs money.
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
