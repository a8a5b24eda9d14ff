/** The connections of a server and the requests in progress on each, for refusals and for a stop. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { InProgress } from '../time/in-progress.ts';

interface Connection {
  /** Those that have not ended, in the order of their requests. */
  readonly responses: InProgress<ServerResponse>;
  lastRequest: IncomingMessage | undefined;
}

/** How long a client who still sends may take to read their answer, milliseconds. */
const LINGER_MS = 2_000;

/**
 * Ends our side of a connection and goes on reading for a while: a close with bytes unread is a reset, which takes
 * along what the client has not read yet (RFC 9112, 9.6).
 */
export function endGently(socket: Socket): void {
  socket.end();
  const limit = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once('close', () => clearTimeout(limit));
}

export class Connections {
  readonly #open = new Map<Socket, Connection>();
  /** Connections that are closed after their last response. */
  readonly #ending = new WeakSet<Socket>();

  constructor(server: Server) {
    const close = (socket: Socket) => this.#close(socket);
    // Node calls it after the last answer. One function for all sockets, because each is made for a connection.
    function destroySoon(this: Socket) {
      close(this);
    }
    server.on('connection', (socket) => {
      socket.destroySoon = destroySoon;
      this.#open.set(socket, { responses: new InProgress(), lastRequest: undefined });
      socket.once('close', () => this.#open.delete(socket));
    });
    server.prependListener('request', (request, response) => this.#begin(request, response));
  }

  /** The responses that have not ended, in the order of their requests. */
  responses(socket: Socket): readonly ServerResponse[] {
    return this.#open.get(socket)?.responses.all() ?? [];
  }

  /** Whether the body of a request still arrives that has had its answer. */
  isAnswered(socket: Socket): boolean {
    const connection = this.#open.get(socket);
    return connection?.lastRequest?.complete === false && connection.responses.size === 0;
  }

  /** Closes a connection as soon as its last response has ended: at once where there is none. */
  end(socket: Socket): void {
    this.#ending.add(socket);
    const last = this.responses(socket).at(-1);
    if (!last) socket.destroySoon();
    // Node closes after the first response that says so, and those behind it would be lost.
    else if (!last.headersSent) last.setHeader('connection', 'close');
  }

  /** `end` for every connection. A silent one, or one with half a request, has nothing to wait for. */
  endAll(): void {
    for (const socket of this.#open.keys()) this.end(socket);
  }

  destroyAll(): void {
    for (const socket of this.#open.keys()) socket.destroy();
  }

  #close(socket: Socket): void {
    const request = this.#open.get(socket)?.lastRequest;
    if (!request || request.complete) return void Socket.prototype.destroySoon.call(socket);
    // Whoever was refused before their body was read is still sending it.
    request.resume();
    endGently(socket);
  }

  #begin(request: IncomingMessage, response: ServerResponse): void {
    const { socket } = request;
    const connection = this.#open.get(socket);
    if (!connection) return;
    const { responses } = connection;
    connection.lastRequest = request;
    responses.add(response);
    if (this.#ending.has(socket)) response.setHeader('connection', 'close');
    response.on('close', () => {
      responses.delete(response);
      if (responses.size === 0 && this.#ending.has(socket)) socket.destroySoon();
    });
  }
}
