/** Which headers cross the service, by an allow-list for each direction. */
import { AppError } from '../errors.ts';

/** Anthropic's own headers: open lists, so that new ones work on their first day. */
const API_PREFIX = 'anthropic-';
/** It belongs to our key, and is neither the caller's to choose nor to know. */
const ORGANIZATION = 'anthropic-organization-id';
/** A server refuses headers of 8 to 16 kB, and its 431 would be our mistake: bytes of names and values. */
const MAX_UP_BYTES = 8_192;
const MAX_UP_COUNT = 32;
/** Of path and query together, characters. */
const MAX_TARGET = 2_048;
const PRINTABLE = /^[\t\x20-\x7e]*$/;
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

/** Headers of an upstream that reach the caller besides Anthropic's own. */
const DOWN: ReadonlySet<string> = new Set([
  'content-type',
  'request-id',
  'retry-after',
  'retry-after-ms',
  'x-should-retry',
  // It marks the simulator, so that load tests can refuse an upstream that costs money.
  'x-simulator',
]);

type Incoming = Readonly<Record<string, string | string[] | undefined>>;

/** @returns the API version that the caller asks for, if any */
export function versionOf({ 'anthropic-version': version }: Incoming): string | undefined {
  return typeof version === 'string' ? version : undefined;
}

/**
 * @returns what goes upstream, lower case, with the API version that Anthropic demands; the caller's
 *   credentials, cookies and all other headers do not
 * @throws {AppError} invalid_request, naming the header that is too much or holds what no header may
 */
export function headersUp(incoming: Incoming): Record<string, string> {
  const sent: Record<string, string> = { 'anthropic-version': DEFAULT_VERSION };
  let bytes = 0;
  let count = 0;
  for (const name in incoming) {
    const value = incoming[name];
    if (!goesUp(name) || typeof value !== 'string') continue;
    if (!PRINTABLE.test(value)) throw refused(name, 'must be printable ASCII');
    bytes += name.length + value.length;
    if (bytes > MAX_UP_BYTES) throw refused(name, `exceeds ${MAX_UP_BYTES} bytes of headers`);
    count += 1;
    if (count > MAX_UP_COUNT) throw refused(name, `exceeds ${MAX_UP_COUNT} headers for the API`);
    sent[name] = value;
  }
  return sent;
}

function goesUp(name: string): boolean {
  return name === 'accept' || isAnthropics(name);
}

function isAnthropics(name: string): boolean {
  return name.startsWith(API_PREFIX) && name !== ORGANIZATION;
}

function refused(name: string, problem: string): AppError {
  return new AppError('invalid_request', `${name.slice(0, 64)}: ${problem}`);
}

/** @returns what goes back to the caller */
export function headersDown(upstream: Readonly<Record<string, string>>): Record<string, string> {
  const sent: Record<string, string> = {};
  for (const name in upstream) {
    const value = upstream[name];
    if (value !== undefined && (DOWN.has(name) || isAnthropics(name))) sent[name] = value;
  }
  return sent;
}

/**
 * The target of the upstream's request: our own path with the caller's query. The caller's path is never
 * sent as it came: a target in absolute form (RFC 9112, 3.2.2) would take our key to another host.
 * @throws {AppError} invalid_request: longer than servers take, or not a URL's characters
 */
export function targetOf(path: string, { url }: { readonly url: string }): string {
  const mark = url.indexOf('?');
  const query = mark < 0 ? '' : url.slice(mark);
  if (path.length + query.length > MAX_TARGET) {
    throw refused(
      query.length > path.length ? 'query' : 'path',
      `exceeds ${MAX_TARGET} characters`,
    );
  }
  if (!/^[\x21-\x7e]*$/.test(query)) throw refused('query', 'must be percent-encoded');
  return path + query;
}
