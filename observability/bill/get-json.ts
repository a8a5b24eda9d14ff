/** Asks for JSON, and says what went wrong in words of our own: an answer or an address may hold a secret. */

/** Why something could not be read; a label, so one of this fixed set. */
export const READ_FAILURES = [
  'unreachable',
  'denied',
  'rate_limited',
  'error',
  'malformed',
  'too_long',
  'stale',
  'no_series',
] as const;
export type ReadFailure = (typeof READ_FAILURES)[number];

export class ReadError extends Error {
  readonly reason: ReadFailure;
  constructor(reason: ReadFailure, message: string) {
    super(message);
    this.name = 'ReadError';
    this.reason = reason;
  }
}

const TIMEOUT_MS = 30_000;
const MAX_BYTES = 8 * 1024 * 1024;

/**
 * @param from who is asked, for messages
 * @throws {ReadError} unless it answers 2xx, with JSON, within 30 s and 8 MiB
 */
export async function getJson(
  from: string,
  url: URL,
  headers: Readonly<Record<string, string>> = {},
): Promise<unknown> {
  const response = await fetch(url, {
    headers,
    // A redirect would take the key to another host.
    redirect: 'error',
    signal: AbortSignal.timeout(TIMEOUT_MS),
  }).catch(() => {
    throw new ReadError('unreachable', `${from} cannot be reached`);
  });
  if (!response.ok) {
    await response.body?.cancel();
    throw new ReadError(reasonOf(response.status), `${from} answered ${response.status}`);
  }
  const text = await textOf(from, response);
  try {
    return JSON.parse(text);
  } catch {
    throw new ReadError('malformed', `${from} answered something else than JSON`);
  }
}

function reasonOf(status: number): ReadFailure {
  if (status === 401 || status === 403) return 'denied';
  return status === 429 ? 'rate_limited' : 'error';
}

async function textOf(from: string, { body }: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of body ?? []) {
      bytes += chunk.length;
      if (bytes > MAX_BYTES) break;
      chunks.push(chunk);
    }
  } catch {
    throw new ReadError('unreachable', `${from} broke off its answer`);
  }
  if (bytes > MAX_BYTES) throw new ReadError('too_long', `${from} answered over 8 MiB`);
  return Buffer.concat(chunks).toString('utf8');
}
