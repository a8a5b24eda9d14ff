/** The connections of a server and the requests in progress on each, for refusals and for a stop. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

export class Connections {
  readonly #open = new Map<Socket, Set<ServerResponse>>();
  readonly #last = new WeakMap<Socket, IncomingMessage>();
  /** Connections that are closed after their last response. */
  readonly #ending = new WeakSet<Socket>();

  constructor(server: Server) {
    server.on('connection', (socket) => {
      this.#open.set(socket, new Set());
      socket.once('close', () => this.#open.delete(socket));
    });
    server.prependListener('request', (request, response) => this.#begin(request, response));
  }

  /** The responses that have not ended, in the order of their requests. */
  responses(socket: Socket): readonly ServerResponse[] {
    return [...(this.#open.get(socket) ?? [])];
  }

  /** Whether the body of a request still arrives that has had its answer. */
  isAnswered(socket: Socket): boolean {
    return this.#last.get(socket)?.complete === false && this.responses(socket).length === 0;
  }

  /** Closes a connection as soon as its last response has ended: at once where there is none. */
  end(socket: Socket): void {
    this.#ending.add(socket);
    const responses = this.responses(socket);
    if (responses.length === 0) socket.destroySoon();
    for (const response of responses) {
      if (!response.headersSent) response.setHeader('connection', 'close');
    }
  }

  /** `end` for every connection. A silent one, or one with half a request, has nothing to wait for. */
  endAll(): void {
    for (const socket of this.#open.keys()) this.end(socket);
  }

  destroyAll(): void {
    for (const socket of this.#open.keys()) socket.destroy();
  }

  #begin(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request;
    this.#last.set(socket, request);
    const responses = this.#open.get(socket);
    if (!responses) return;
    responses.add(response);
    if (this.#ending.has(socket)) response.setHeader('connection', 'close');
    response.once('close', () => {
      responses.delete(response);
      if (responses.size === 0 && this.#ending.has(socket)) socket.destroySoon();
    });
  }
}
