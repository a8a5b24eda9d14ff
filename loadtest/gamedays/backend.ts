/** Where the collector sends everything: it takes all of it, until a fault lets it fall silent. */
import { once } from 'node:events';
import { createServer, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export class Backend {
  readonly #server: Server;
  readonly #waiting = new Set<ServerResponse>();
  #isSilent = false;

  private constructor() {
    this.#server = createServer((request, response) => {
      request.resume();
      if (this.#isSilent) this.#waiting.add(response);
      else response.end();
    });
  }

  static async start(): Promise<Backend> {
    const backend = new Backend();
    backend.#server.listen(0, '127.0.0.1');
    await once(backend.#server, 'listening');
    return backend;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Takes requests from now on and answers none. */
  fallSilent(): void {
    this.#isSilent = true;
  }

  /** Answers again, also those that wait. */
  recover(): void {
    this.#isSilent = false;
    for (const response of this.#waiting) response.end();
    this.#waiting.clear();
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }
}
