/** The calls of a game day: an open loop for each shape of call, which goes on through the fault. */
import { setTimeout as delay } from 'node:timers/promises';
import { Agent, type Dispatcher, request } from 'undici';
import { judgeComplete, judgeStream } from '../calls/verdict.ts';

/** One kind of call, made again and again. */
export interface Shape {
  readonly perSecond: number;
  readonly stream?: boolean;
  readonly model?: string;
  /** Of its caller. */
  readonly token?: string;
  /** Further fields of the message; a function makes each call's own. */
  readonly fields?: Fields | ((n: number) => Fields);
}
type Fields = Readonly<Record<string, unknown>>;

/** Both kinds of calls that the smoke load makes, 20 a second in all. */
export const EVERYDAY: readonly Shape[] = [{ perSecond: 10 }, { perSecond: 10, stream: true }];

/** How calls ended for their callers, by `good` or what came in its place. */
export type Tally = Readonly<Record<string, number>>;

const TICK_MS = 10;
const CALL_TIMEOUT_MS = 60_000;
/** More than any game day has in flight; beyond it calls are counted and not made. */
const MOST_IN_FLIGHT = 1_000;

export class Traffic {
  readonly #url: string;
  readonly #agent = new Agent({ connections: MOST_IN_FLIGHT });
  readonly #inFlight = new Set<Promise<void>>();
  #loops = new AbortController();
  #counts: Record<string, number> = {};
  #made = 0;

  /** @param url of the service, without a path */
  constructor(url: string) {
    this.#url = url;
  }

  /** Makes these calls from now on, in place of the former ones. */
  make(shapes: readonly Shape[]): void {
    this.#loops.abort();
    this.#loops = new AbortController();
    for (const shape of shapes) void this.#loop(shape, this.#loops.signal);
  }

  /** Calls that have not ended. */
  get waiting(): number {
    return this.#inFlight.size;
  }

  /** @returns how the calls ended that ended since this was last asked */
  take(): Tally {
    const counts = this.#counts;
    this.#counts = {};
    return counts;
  }

  async stop(): Promise<void> {
    this.#loops.abort();
    await this.#agent.destroy();
    await Promise.all(this.#inFlight);
  }

  /** Begins calls when they are due, whether or not earlier ones have ended. */
  async #loop(shape: Shape, signal: AbortSignal): Promise<void> {
    const startedMs = performance.now();
    let begun = 0;
    while (!signal.aborted) {
      const due = ((performance.now() - startedMs) / 1_000) * shape.perSecond;
      for (; begun < due; begun++) this.#begin(shape);
      await delay(TICK_MS);
    }
  }

  #begin(shape: Shape): void {
    if (this.#inFlight.size >= MOST_IN_FLIGHT) {
      this.#count('not made');
      return;
    }
    this.#made += 1;
    const call = this.#call(shape, this.#made).then((ending) => this.#count(ending));
    this.#inFlight.add(call);
    void call.finally(() => this.#inFlight.delete(call));
  }

  #count(ending: string): void {
    this.#counts[ending] = (this.#counts[ending] ?? 0) + 1;
  }

  /** @returns how it ended; never rejects */
  async #call(shape: Shape, n: number): Promise<string> {
    try {
      const answer = await request(`${this.#url}/v1/messages`, {
        ...requestOf(shape, n),
        dispatcher: this.#agent,
        signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
      });
      const text = await answer.body.text();
      const judge = shape.stream ? judgeStream : judgeComplete;
      const verdict = judge(answer.statusCode, text);
      return verdict.ok ? 'good' : verdict.reason.replace('status_', '');
    } catch {
      return 'no answer';
    }
  }
}

function requestOf(shape: Shape, n: number): Omit<Dispatcher.RequestOptions, 'path' | 'origin'> {
  const { stream = false, model = 'claude-haiku-5-5', token, fields } = shape;
  return {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'anthropic-version': '2023-06-01',
      ...(token && { 'x-api-key': token }),
    },
    body: JSON.stringify({
      model,
      max_tokens: 64,
      stream,
      messages: [{ role: 'user', content: 'Say hello in one short sentence.' }],
      ...(typeof fields === 'function' ? fields(n) : fields),
    }),
  };
}
