/** One call of the chaos run, and what its caller saw of it. */
import { type Dispatcher, request } from 'undici';

/** How a call ended for its caller. */
export interface Seen {
  readonly good: boolean;
  /** `whole`, a status, `error event`, `cancelled` by the caller, or `lost`: no answer, or one that just ends. */
  readonly what: string;
  readonly ms: number;
  /** `performance.now()`. */
  readonly endedMs: number;
}

const body = (stream: boolean) =>
  JSON.stringify({
    model: 'claude-haiku-5-5',
    max_tokens: 16,
    messages: [{ role: 'user', content: 'Hello' }],
    stream,
  });
const BODIES = { whole: body(false), streamed: body(true) };

/** Never throws: what goes wrong is what is seen. */
export async function callOnce(
  url: string,
  stream: boolean,
  dispatcher: Dispatcher,
  signal?: AbortSignal,
): Promise<Seen> {
  const startedMs = performance.now();
  const what = await outcome(url, stream, dispatcher, signal);
  const endedMs = performance.now();
  return { good: what === 'whole', what, ms: endedMs - startedMs, endedMs };
}

async function outcome(
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
      body: stream ? BODIES.streamed : BODIES.whole,
    });
    const text = await answer.body.text();
    if (answer.statusCode !== 200) return String(answer.statusCode);
    if (stream && text.includes('event: error')) return 'error event';
    return text.includes(stream ? 'event: message_stop' : '"stop_reason"') ? 'whole' : 'lost';
  } catch {
    return signal?.aborted ? 'cancelled' : 'lost';
  }
}
