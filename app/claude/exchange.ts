/**
 * One request over an undici dispatcher, without the stream that undici makes of every body: a complete answer
 * becomes text as its last byte arrives, any other is read chunk by chunk.
 */
import { type Dispatcher, errors } from 'undici';

/** So many bytes of a body are held while nobody reads it; the rest waits in the socket. */
const MAX_HELD_BYTES = 64 * 1024;
const BOM = Buffer.from('\ufeff');

export interface Head {
  readonly status: number;
  /** Lower-case names; values that came several times are joined. */
  readonly headers: Record<string, string>;
}

/** A response: its body as text, or as chunks that throw what the network throws. */
export interface Exchanged extends Head {
  readonly data: string | AsyncIterable<Uint8Array>;
}

export interface ExchangeOptions {
  /** Ends the exchange at any time, even while it waits for a connection; it fails with the signal's reason. */
  readonly signal: AbortSignal | undefined;
  /** Sees the head as it arrives. @returns whether the body is read as text, else it is passed on as chunks */
  readonly onHead: (head: Head) => boolean;
}

/** @throws what undici throws, or the signal's reason */
export function exchange(
  dispatcher: Dispatcher,
  request: Dispatcher.DispatchOptions,
  options: ExchangeOptions,
): Promise<Exchanged> {
  return new Promise((resolve, reject) => {
    dispatcher.dispatch(request, new Exchange(options, resolve, reject));
  });
}

type Chunk = IteratorResult<Uint8Array, undefined>;
const END: Chunk = { done: true, value: undefined };

class Exchange implements Dispatcher.DispatchHandler, AsyncIterableIterator<Uint8Array> {
  readonly #options: ExchangeOptions;
  readonly #resolve: (response: Exchanged) => void;
  readonly #reject: (error: unknown) => void;
  #controller: Dispatcher.DispatchController | undefined;
  #head: Head | undefined;
  /** Whether the body is collected; undefined before the head. */
  #isText: boolean | undefined;
  /** The chunks that have arrived and are not read yet. */
  #chunks: Buffer[] = [];
  #heldBytes = 0;
  /** It is resolved with the next chunk, for whoever waits for that. */
  #reader: PromiseWithResolvers<Chunk> | undefined;
  #hasEnded = false;
  /** Why the body broke off; thrown once, after what had arrived before. */
  #failure: { readonly error: unknown } | undefined;

  constructor(
    options: ExchangeOptions,
    resolve: (response: Exchanged) => void,
    reject: (error: unknown) => void,
  ) {
    this.#options = options;
    this.#resolve = resolve;
    this.#reject = reject;
    // undici looks at the signal of a request only once it has a connection for it.
    options.signal?.addEventListener('abort', this.#onAbort);
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.#controller = controller;
    if (this.#hasEnded) controller.abort(new errors.RequestAbortedError());
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    received: Readonly<Record<string, string | string[] | undefined>>,
  ): void {
    // An interim response: the final one follows.
    if (status < 200 || this.#hasEnded) return;
    this.#head = { status, headers: flatten(received) };
    this.#isText = this.#options.onHead(this.#head);
    if (!this.#isText) this.#resolve({ ...this.#head, data: this });
  }

  onResponseData(controller: Dispatcher.DispatchController, chunk: Buffer): void {
    if (this.#hasEnded) return;
    if (this.#reader) {
      this.#reader.resolve({ done: false, value: chunk });
      this.#reader = undefined;
      return;
    }
    this.#chunks.push(chunk);
    this.#heldBytes += chunk.length;
    if (!this.#isText && this.#heldBytes >= MAX_HELD_BYTES) controller.pause();
  }

  onResponseEnd(): void {
    if (this.#hasEnded) return;
    this.#end();
    if (this.#isText && this.#head) this.#resolve({ ...this.#head, data: textOf(this.#chunks) });
    else this.#reader?.resolve(END);
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: unknown): void {
    this.#fail(error);
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<Chunk> {
    if (this.#chunks.length > 0) return Promise.resolve({ done: false, value: this.#takeHeld() });
    if (this.#failure) {
      const { error } = this.#failure;
      this.#failure = undefined;
      return Promise.reject(error);
    }
    if (this.#hasEnded) return Promise.resolve(END);
    const reader = Promise.withResolvers<Chunk>();
    this.#reader = reader;
    // undici may deliver what it has held back before this call returns.
    this.#controller?.resume();
    return reader.promise;
  }

  /** Chunks that arrived together are passed on as one, as a stream does, so that each later step runs once for all. */
  #takeHeld(): Buffer {
    const held = joined(this.#chunks);
    this.#chunks = [];
    this.#heldBytes = 0;
    return held;
  }

  /** Whoever stops reading ends the exchange. */
  return(): Promise<Chunk> {
    this.#chunks = [];
    this.#failure = undefined;
    if (!this.#hasEnded) {
      this.#end();
      this.#controller?.abort(new errors.RequestAbortedError());
      this.#reader?.resolve(END);
    }
    return Promise.resolve(END);
  }

  readonly #onAbort = () => {
    // Whoever gave up reads no more.
    this.#chunks = [];
    this.#fail(this.#options.signal?.reason);
    this.#controller?.abort(new errors.RequestAbortedError());
  };

  #fail(error: unknown): void {
    if (this.#hasEnded) return;
    this.#end();
    if (this.#isText === false && this.#reader) this.#reader.reject(error);
    else if (this.#isText === false) this.#failure = { error };
    else this.#reject(error);
  }

  #end(): void {
    this.#hasEnded = true;
    this.#options.signal?.removeEventListener('abort', this.#onAbort);
  }
}

function joined(chunks: readonly Buffer[]): Buffer {
  const [only] = chunks;
  return chunks.length === 1 && only ? only : Buffer.concat(chunks);
}

/** A byte order mark is none of the text. */
function textOf(chunks: readonly Buffer[]): string {
  const bytes = joined(chunks);
  const start = bytes.length >= BOM.length && BOM.equals(bytes.subarray(0, BOM.length)) ? 3 : 0;
  return bytes.toString('utf8', start);
}

function flatten(
  headers: Readonly<Record<string, string | string[] | undefined>>,
): Record<string, string> {
  const flat: Record<string, string> = {};
  for (const name in headers) {
    const value = headers[name];
    if (value !== undefined) flat[name] = Array.isArray(value) ? value.join(', ') : value;
  }
  return flat;
}
