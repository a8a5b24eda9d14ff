/** Sends the simulator's spans to a collector in batches; one that is away, slow or silent costs spans and nothing else. */
import { type ExportedSpan, exportOf } from './claude-spans.ts';

const FLUSH_MS = 200;
const MAX_BATCH = 512;

export interface SpanExportOptions {
  /** Spans that wait; further ones are dropped. */
  readonly maxQueue: number;
  /** Of one request, to its answer. */
  readonly timeoutMs: number;
  /** Of `close`. */
  readonly closeMs: number;
}

const DEFAULTS: SpanExportOptions = { maxQueue: 8_192, timeoutMs: 5_000, closeMs: 3_000 };

export class SpanExport {
  readonly #url: string;
  readonly #options: SpanExportOptions;
  readonly #closing = new AbortController();
  #isClosed = false;
  #queue: ExportedSpan[] = [];
  #timer: NodeJS.Timeout | undefined;
  /** Sends until nothing waits: a batch goes out once the one before it is answered, so that few are held. */
  #sender: Promise<void> | undefined;
  #dropped = 0;

  /** @param endpoint of OTLP/HTTP, without `/v1/traces` */
  constructor(endpoint: string, options: Partial<SpanExportOptions> = {}) {
    this.#url = `${endpoint.replace(/\/$/, '')}/v1/traces`;
    this.#options = { ...DEFAULTS, ...options };
  }

  /** How many spans found no room, or were not accepted by the collector. */
  get dropped(): number {
    return this.#dropped;
  }

  readonly add = (span: ExportedSpan): void => {
    if (this.#isClosed || this.#queue.length >= this.#options.maxQueue) {
      this.#dropped += 1;
      return;
    }
    this.#queue.push(span);
    this.#timer ??= setTimeout(() => this.#flush(), FLUSH_MS);
  };

  /** Sends what is left within `closeMs`, and drops the rest. */
  async close(): Promise<void> {
    this.#isClosed = true;
    const deadline = setTimeout(() => this.#closing.abort(), this.#options.closeMs);
    this.#flush();
    await this.#sender;
    clearTimeout(deadline);
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    // Over an empty queue it would end before it is kept here, and nothing would be sent again.
    if (this.#queue.length > 0) this.#sender ??= this.#sendAll();
  }

  async #sendAll(): Promise<void> {
    while (this.#queue.length > 0) {
      const batch = this.#queue.splice(0, MAX_BATCH);
      if (!(await this.#send(batch))) this.#dropped += batch.length;
    }
    this.#sender = undefined;
  }

  /** @returns whether the collector has accepted them */
  async #send(spans: readonly ExportedSpan[]): Promise<boolean> {
    const { signal } = this.#closing;
    if (signal.aborted) return false;
    try {
      const response = await fetch(this.#url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: exportOf(spans),
        signal: AbortSignal.any([signal, AbortSignal.timeout(this.#options.timeoutMs)]),
      });
      await response.body?.cancel();
      return response.ok;
    } catch {
      // The simulator serves calls whether or not anybody watches.
      return false;
    }
  }
}
