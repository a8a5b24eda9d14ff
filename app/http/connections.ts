/** The connections of a server and the requests in progress on each, for refusals and for a stop. */
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http';
import { Server as NetServer, Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { InProgress } from '../time/in-progress.ts';
import { CLIENT_CLOSED_REQUEST } from './context.ts';

interface Connection {
  /** Those that have not ended, in the order of their requests. */
  readonly responses: InProgress<ServerResponse>;
  lastRequest: IncomingMessage | undefined;
  /** While the server closes: what closes this one when it has been idle for long enough. */
  linger: NodeJS.Timeout | undefined;
}

/**
 * How long a connection stays that is without a request as the server closes, milliseconds: its next request may be on
 * its way already, from a caller who was never told that it would be closed.
 */
export const LINGER_MS = 500;

/** How long a client who still sends may take to read their answer, milliseconds. */
const READING_MS = 2_000;

/**
 * Ends our side of a connection and goes on reading for a while: a close with bytes unread is a reset, which takes
 * along what the client has not read yet (RFC 9112, 9.6).
 */
export function endGently(socket: Socket): void {
  if (socket.writableEnded) return;
  socket.end();
  const limit = setTimeout(() => socket.destroy(), READING_MS);
  socket.once('close', () => clearTimeout(limit));
}

/** Whether its caller has been told that the connection closes after it. */
function hasAnnouncedClose(response: ServerResponse): boolean {
  return response.headersSent && response.getHeader('connection') === 'close';
}

export class Connections {
  readonly #server: Server;
  readonly #open = new Map<Socket, Connection>();
  /** Connections that are closed after their last response, whatever their clients go on sending. */
  readonly #ending = new WeakSet<Socket>();
  #accepted = 0;
  #isLeaving = false;
  #isClosing = false;

  /** @param app answers the server's requests, all but those that no answer could reach */
  constructor(server: Server, app: RequestListener) {
    this.#server = server;
    const close = (socket: Socket) => this.#close(socket);
    // Node calls it after the last answer. One function for all sockets, because each is made for a connection.
    function destroySoon(this: Socket) {
      close(this);
    }
    server.on('connection', (socket) => {
      this.#accepted += 1;
      socket.destroySoon = destroySoon;
      this.#open.set(socket, {
        responses: new InProgress(),
        lastRequest: undefined,
        linger: undefined,
      });
      socket.once('close', () => this.#open.delete(socket));
    });
    server.on('request', (request, response) => {
      if (this.#begin(request, response)) app(request, response);
    });
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
    if (this.responses(socket).length === 0) socket.destroySoon();
    this.#announceClose(socket);
  }

  /** From now on each answer tells its caller that its connection closes after it. */
  leave(): void {
    this.#isLeaving = true;
    for (const socket of this.#open.keys()) this.#announceClose(socket);
  }

  /**
   * Accepts no connections any more, and closes those there are: each one as it has had no request for `LINGER_MS`,
   * or after the answer that has announced it. Calls that come until then are served. Comes after `leave`.
   * Resolves when the server listens no more.
   */
  async close(): Promise<void> {
    this.#isClosing = true;
    await this.#acceptWaiting();
    // The method of HTTP servers would also close the connections without a request, at once.
    NetServer.prototype.close.call(this.#server);
    for (const [socket, connection] of this.#open) this.#closeOnceIdle(socket, connection);
  }

  destroyAll(): void {
    for (const socket of this.#open.keys()) socket.destroy();
  }

  #close(socket: Socket): void {
    const request = this.#open.get(socket)?.lastRequest;
    // Whoever was refused before their body was read is still sending it.
    const isUploading = request?.complete === false;
    if (isUploading) request.resume();
    if (isUploading || this.#ending.has(socket)) endGently(socket);
    else Socket.prototype.destroySoon.call(socket);
  }

  /** @returns whether the request is to be answered */
  #begin(request: IncomingMessage, response: ServerResponse): boolean {
    const { socket } = request;
    const connection = this.#open.get(socket);
    if (!connection) return true;
    const { responses } = connection;
    connection.lastRequest = request;
    if (!socket.writable || (responses.size > 0 && responses.all().some(hasAnnouncedClose))) {
      this.#passOver(request, response);
      return false;
    }
    responses.add(response);
    if (this.#isLeaving || this.#ending.has(socket)) this.#announceClose(socket);
    response.on('close', () => {
      responses.delete(response);
      if (responses.size > 0) return;
      if (this.#ending.has(socket)) socket.destroySoon();
      else if (this.#isClosing) this.#closeOnceIdle(socket, connection);
    });
    return true;
  }

  /**
   * What comes behind an answer that has announced the close may not be served (RFC 9112, 9.6): the call would be paid,
   * and its answer would reach nobody.
   */
  #passOver(request: IncomingMessage, response: ServerResponse): void {
    this.#ending.add(request.socket);
    // For the span and the metric of HTTP.
    response.statusCode = CLIENT_CLOSED_REQUEST;
    request.resume();
  }

  /**
   * The kernel resets connections that wait to be accepted when a server stops listening. A process that was busy, or
   * got no CPU, has many: they are accepted until a turn of the event loop brings none.
   */
  async #acceptWaiting(): Promise<void> {
    const untilMs = performance.now() + LINGER_MS;
    // The first turn may be the rest of one that has looked for connections already.
    for (let quiet = 0; quiet < 2 && performance.now() < untilMs; ) {
      const before = this.#accepted;
      await nextTurn();
      quiet = this.#accepted === before ? quiet + 1 : 0;
    }
  }

  /** Node closes after the first response that says so, and those behind it would be lost: only the last may. */
  #announceClose(socket: Socket): void {
    const responses = this.responses(socket);
    for (const response of responses) {
      if (response.headersSent) continue;
      if (response === responses.at(-1)) response.setHeader('connection', 'close');
      else response.removeHeader('connection');
    }
  }

  #closeOnceIdle(socket: Socket, connection: Connection): void {
    const close = () => {
      if (connection.responses.size === 0) socket.destroySoon();
    };
    clearTimeout(connection.linger);
    // Where the process got no CPU timers come first, so what has arrived meanwhile is read before the look.
    connection.linger = setTimeout(() => setImmediate(close), LINGER_MS).unref();
  }
}
