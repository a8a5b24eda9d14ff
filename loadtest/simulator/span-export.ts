/** Sends the simulator's spans to a collector in batches; a collector that is away costs spans and nothing else. */
import { type ExportedSpan, exportOf } from './claude-spans.ts';

const FLUSH_MS = 200;
const MAX_BATCH = 512;
/** Spans that wait; further ones are dropped. */
const MAX_QUEUE = 8_192;
const TIMEOUT_MS = 5_000;

export class SpanExport {
  readonly #url: string;
  #queue: ExportedSpan[] = [];
  #timer: NodeJS.Timeout | undefined;
  #sending: Promise<void> = Promise.resolve();

  /** @param endpoint of OTLP/HTTP, without `/v1/traces` */
  constructor(endpoint: string) {
    this.#url = `${endpoint.replace(/\/$/, '')}/v1/traces`;
  }

  readonly add = (span: ExportedSpan): void => {
    if (this.#queue.length >= MAX_QUEUE) return;
    this.#queue.push(span);
    this.#timer ??= setTimeout(() => this.#flush(), FLUSH_MS);
  };

  /** Sends what is left. */
  async close(): Promise<void> {
    this.#flush();
    await this.#sending;
  }

  #flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const spans = this.#queue;
    this.#queue = [];
    for (let from = 0; from < spans.length; from += MAX_BATCH) {
      const batch = spans.slice(from, from + MAX_BATCH);
      this.#sending = this.#sending.then(() => this.#send(batch));
    }
  }

  async #send(spans: readonly ExportedSpan[]): Promise<void> {
    try {
      const response = await fetch(this.#url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: exportOf(spans),
        signal: AbortSignal.timeout(TIMEOUT_MS),
      });
      await response.arrayBuffer();
    } catch {
      // The simulator serves calls whether or not anybody watches.
    }
  }
}
