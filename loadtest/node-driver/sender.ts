/**
 * Makes the requests of calls, and measures them as their caller would. It works on undici's lowest layer, which costs
 * neither a promise nor a stream for each answer, and has one timer for the time limits of all requests.
 */
import { type Dispatcher, Pool } from 'undici';
import {
  type Answer,
  type Broken,
  type LoadRequest,
  MAX_ANSWER_BYTES,
  type StreamTimes,
} from '../calls/kinds.ts';
import { brokenBy } from './broken-by.ts';

export interface SenderOptions {
  /** http(s), with a path before that of each request where there is one, without a slash at its end. */
  readonly baseUrl: string;
  /** A request that takes longer is given up. */
  readonly timeoutMs: number;
  /** Of all answers that are under way, in bytes; default 512 MiB. Beyond it the driver is short of memory. */
  readonly maxHeldBytes?: number;
}

/** Of the answers that are under way. */
class Memory {
  readonly maxBytes: number;
  bytes = 0;

  constructor(maxBytes: number) {
    this.maxBytes = maxBytes;
  }
}

/** How often requests that are too old are looked for. */
const SWEEP_MS = 100;

export class Sender {
  readonly #pool: Pool;
  readonly #prefix: string;
  readonly #timeoutMs: number;
  readonly #memory: Memory;
  /** The oldest is the first. */
  readonly #pending = new Set<Exchange>();
  readonly #sweep: NodeJS.Timeout;

  constructor({ baseUrl, timeoutMs, maxHeldBytes = 512 * 1024 * 1024 }: SenderOptions) {
    const { origin, pathname } = new URL(baseUrl);
    this.#prefix = pathname.replace(/\/$/, '');
    this.#timeoutMs = timeoutMs;
    this.#memory = new Memory(maxHeldBytes);
    // As many connections as there are requests in flight: waiting for a free one would hide a slow service.
    this.#pool = new Pool(origin, { headersTimeout: 0, bodyTimeout: 0, allowH2: false });
    this.#sweep = setInterval(() => this.#cutLate(), SWEEP_MS).unref();
  }

  /** Never rejects: an answer that does not arrive is `broken`. Follows no redirect. */
  send({ method, path, headers, body, hangUpAfterMs }: LoadRequest): Promise<Answer> {
    return new Promise((resolve) => {
      const settle = (answer: Answer) => {
        this.#pending.delete(exchange);
        resolve(answer);
      };
      const exchange = new Exchange(settle, this.#memory, hangUpAfterMs);
      this.#pending.add(exchange);
      const options = { method, path: this.#prefix + path, headers, body: body ?? null };
      this.#pool.dispatch(options, exchange);
    });
  }

  /** Ends what is in flight for its callers. */
  giveUp(): void {
    for (const exchange of this.#pending) exchange.cut('timeout');
  }

  async close(): Promise<void> {
    clearInterval(this.#sweep);
    await this.#pool.destroy();
  }

  #cutLate(): void {
    const begunBefore = performance.now() - this.#timeoutMs;
    for (const exchange of this.#pending) {
      if (exchange.startedMs > begunBefore) return;
      exchange.cut('timeout');
    }
  }
}

/** Begins the data of each text that a stream brings; the quotes keep it apart from the text itself. */
const TEXT = Buffer.from('"text_delta"');
const NOTHING = Buffer.alloc(0);

/** One request and its answer. */
class Exchange implements Dispatcher.DispatchHandler {
  readonly startedMs = performance.now();
  readonly #settle: (answer: Answer) => void;
  readonly #memory: Memory;
  readonly #hangUp: NodeJS.Timeout | undefined;
  #controller: Dispatcher.DispatchController | undefined;
  #isSettled = false;
  #status = 0;
  #headers: Answer['headers'] = {};
  #isStream = false;
  #chunks: Buffer[] = [];
  #bytes = 0;
  #firstMs: number | undefined;
  #textMs: number | undefined;
  #lastMs = 0;
  #longestGapMs = 0;
  #tail: Buffer = NOTHING;

  constructor(settle: (answer: Answer) => void, memory: Memory, hangUpAfterMs?: number) {
    this.#settle = settle;
    this.#memory = memory;
    if (hangUpAfterMs !== undefined) {
      this.#hangUp = setTimeout(() => this.cut('hung_up'), hangUpAfterMs);
    }
  }

  /** Ends it for the caller, and the connection with it. */
  cut(broken: Broken): void {
    if (this.#isSettled) return;
    this.#end(broken);
    this.#controller?.abort(new Error(broken));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    // It was given up before there was a connection for it.
    if (this.#isSettled) controller.abort(new Error('given up'));
  }

  onResponseStart(
    _: Dispatcher.DispatchController,
    status: number,
    headers: Answer['headers'],
  ): void {
    this.#status = status;
    this.#headers = headers;
    this.#isStream = String(headers['content-type'] ?? '').startsWith('text/event-stream');
  }

  onResponseData(_: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#isSettled) return;
    this.#bytes += chunk.length;
    this.#memory.bytes += chunk.length;
    const isTooLarge = this.#bytes > MAX_ANSWER_BYTES;
    if (isTooLarge || this.#memory.bytes > this.#memory.maxBytes) {
      this.#chunks = [];
      this.cut(isTooLarge ? 'answer_too_large' : 'driver_ENOMEM');
      return;
    }
    this.#chunks.push(chunk);
    if (this.#isStream) this.#time(chunk);
  }

  onResponseEnd(): void {
    this.#end();
  }

  onResponseError(_: Dispatcher.DispatchController, error: Error): void {
    this.#end(brokenBy(error));
  }

  #time(chunk: Buffer): void {
    const nowMs = performance.now();
    if (this.#firstMs === undefined) this.#firstMs = nowMs;
    else this.#longestGapMs = Math.max(this.#longestGapMs, nowMs - this.#lastMs);
    this.#lastMs = nowMs;
    if (this.#textMs !== undefined) return;
    const seen = this.#tail.length > 0 ? Buffer.concat([this.#tail, chunk]) : chunk;
    if (seen.includes(TEXT)) this.#textMs = nowMs;
    else this.#tail = seen.subarray(Math.max(0, seen.length - TEXT.length + 1));
  }

  #end(broken?: Broken): void {
    if (this.#isSettled) return;
    this.#isSettled = true;
    clearTimeout(this.#hangUp);
    const body = Buffer.concat(this.#chunks).toString();
    // Undici may hold the exchange for as long as its connection lasts.
    this.#chunks = [];
    this.#memory.bytes -= this.#bytes;
    const stream = this.#times();
    this.#settle({
      status: this.#status,
      headers: this.#headers,
      body,
      durationMs: performance.now() - this.startedMs,
      ...(stream && { stream }),
      ...(broken && { broken }),
    });
  }

  #times(): StreamTimes | undefined {
    if (this.#firstMs === undefined) return undefined;
    return {
      firstEventMs: this.#firstMs - this.startedMs,
      firstTextMs: this.#textMs === undefined ? undefined : this.#textMs - this.startedMs,
      longestGapMs: this.#longestGapMs,
    };
  }
}
