/** Makes one call and reports how it ended for its caller; chaos, soak and the proofs use it. */
import { type Dispatcher, request } from 'undici';

/** How a call ended for its caller. */
export interface CallEnd {
  /** Whether the caller got a complete answer. */
  readonly ok: boolean;
  /**
   * `complete`, a status such as `503`, `error event` in a stream, `cancelled` by the caller, or
   * `lost`: no answer, or one that breaks off without an error.
   */
  readonly ending: string;
  readonly durationMs: number;
  /** When it ended, on the clock of `performance.now()`. */
  readonly endedAtMs: number;
}

const bodyOf = (stream: boolean) =>
  JSON.stringify({
    model: 'claude-haiku-5-5',
    max_tokens: 16,
    messages: [{ role: 'user', content: 'Hello' }],
    stream,
  });

/** The bodies of a small message request, serialised once. */
export const BODIES = { complete: bodyOf(false), streaming: bodyOf(true) } as const;

/**
 * Never throws: whatever goes wrong is an ending.
 * @param url of the service, without a path
 * @param signal fires when the caller cancels
 */
export async function callOnce(
  url: string,
  stream: boolean,
  dispatcher: Dispatcher,
  signal?: AbortSignal,
): Promise<CallEnd> {
  const startedMs = performance.now();
  const ending = await endingOf(url, stream, dispatcher, signal);
  const endedAtMs = performance.now();
  return { ok: ending === 'complete', ending, durationMs: endedAtMs - startedMs, endedAtMs };
}

async function endingOf(
  url: string,
  stream: boolean,
  dispatcher: Dispatcher,
  signal?: AbortSignal,
): Promise<string> {
  try {
    const answer = await request(`${url}/v1/messages`, {
      method: 'POST',
      dispatcher,
      ...(signal && { signal }),
      headers: { 'content-type': 'application/json' },
      body: stream ? BODIES.streaming : BODIES.complete,
    });
    const text = await answer.body.text();
    if (answer.statusCode !== 200) return String(answer.statusCode);
    if (stream && text.includes('event: error')) return 'error event';
    const end = stream ? 'event: message_stop' : '"stop_reason"';
    return text.includes(end) ? 'complete' : 'lost';
  } catch {
    return signal?.aborted ? 'cancelled' : 'lost';
  }
}

/** @returns the number of calls by ending */
export function countEndings(calls: readonly CallEnd[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { ending } of calls) counts.set(ending, (counts.get(ending) ?? 0) + 1);
  return counts;
}
