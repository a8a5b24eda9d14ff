/**
 * Answers requests that never become one: what is not HTTP, what has too large headers, what does not
 * arrive in time, and CONNECT. Node would answer with an empty body, and neither count nor log them.
 */
import { randomBytes } from 'node:crypto';
import { type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { errorTypeOfStatus } from '../anthropic/errors.ts';
import { CORRELATION_HEADER } from '../telemetry/correlation.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { RefusedRequest } from '../telemetry/vocabulary.ts';
import { clientAddress } from './client-address.ts';
import type { Connections } from './connections.ts';

export interface RefusalDeps {
  readonly logger: Logger;
  /** Called for each refused request. */
  readonly onRefused: (reason: RefusedRequest) => void;
}

interface Refusal {
  readonly reason: RefusedRequest;
  readonly status: number;
  readonly message: string;
}

const MALFORMED: Refusal = {
  reason: 'malformed',
  status: 400,
  message: 'the request is not valid HTTP',
};

/** By the code of Node's error; whatever else the parser complains of is malformed. */
const REFUSALS: Readonly<Record<string, Refusal>> = {
  HPE_HEADER_OVERFLOW: {
    reason: 'too_large',
    status: 431,
    message: 'the request’s target and headers are too large',
  },
  HPE_CHUNK_EXTENSIONS_OVERFLOW: {
    reason: 'too_large',
    status: 413,
    message: 'the chunk extensions of the request body are too large',
  },
  ERR_HTTP_REQUEST_TIMEOUT: {
    reason: 'timeout',
    status: 408,
    message: 'the request did not arrive in time',
  },
};

const CONNECT: Refusal = {
  reason: 'method',
  status: 405,
  message: 'this is not a proxy',
};

/** How long a refused client may take to read the answer, milliseconds. */
const LINGER_MS = 1_000;
/** Whoever sends garbage must not fill the disk; the counter counts every request. */
const LINES_PER_SECOND = 10;

/** Takes over the server's events of requests that cannot be served. */
export function refuseBadRequests(
  server: Server,
  connections: Connections,
  { logger, onRefused }: RefusalDeps,
): void {
  const refused = new WeakSet<Duplex>();
  const mayLog = lineLimit(LINES_PER_SECOND);
  const refuse = (socket: Socket, refusal: Refusal) => {
    // The parser goes on complaining of what still arrives.
    if (refused.has(socket)) return;
    refused.add(socket);
    const { reason, status } = refusal;
    onRefused(reason);
    const correlationId = answer(socket, connections, refusal);
    if (!mayLog()) return;
    const line = { reason, status, correlation_id: correlationId };
    logger.info({ ...line, client_address: clientAddress(socket) }, 'request refused');
  };
  server.on('clientError', (error: NodeJS.ErrnoException, duplex) => {
    const socket = duplex as Socket;
    const isGone = error.syscall !== undefined || error.code === 'ECONNRESET' || !socket.writable;
    if (isGone) socket.destroy();
    else refuse(socket, REFUSALS[error.code ?? ''] ?? MALFORMED);
  });
  // Without descriptors a connection cannot be accepted; without a listener the process would end.
  server.on('error', (error) => {
    if (server.listening && mayLog()) logger.error({ err: error }, 'a connection was not accepted');
  });
  server.on('connect', (_request, duplex) => refuse(duplex as Socket, CONNECT));
  // An expectation that is not understood may be ignored (RFC 9110, 10.1.1). Node would answer
  // `100 Continue` before anybody has looked at the request; `readBody` says it instead.
  for (const event of ['checkExpectation', 'checkContinue']) {
    server.on(event, (request, response) => server.emit('request', request, response));
  }
}

/** @returns the correlation ID that the answer has; undefined where none could be given */
function answer(socket: Socket, connections: Connections, refusal: Refusal): string | undefined {
  const [response] = connections.responses(socket);
  if (response && !response.req.complete && !response.headersSent) {
    return answerRequest(response, refusal);
  }
  // Nothing may come into an answer that has begun, nor in place of the answer to a whole request.
  if (response) connections.end(socket);
  else if (connections.isAnswered(socket)) socket.destroy();
  else return answerOnSocket(socket, refusal);
  return undefined;
}

function answerOnSocket(socket: Socket, refusal: Refusal): string {
  const correlationId = newId();
  const body = bodyOf(refusal, correlationId);
  const { status } = refusal;
  socket.end(
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\nconnection: close\r\n` +
      'x-content-type-options: nosniff\r\n' +
      `content-type: application/json; charset=utf-8\r\ncontent-length: ${Buffer.byteLength(body)}\r\n` +
      `${CORRELATION_HEADER}: ${correlationId}\r\nrequest-id: ${correlationId}\r\n\r\n${body}`,
  );
  const limit = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once('close', () => clearTimeout(limit));
  return correlationId;
}

/** The head was fine, and its body is not: the request has its correlation and its access line already. */
function answerRequest(response: ServerResponse, refusal: Refusal): string {
  const correlationId = idOf(response) ?? newId();
  const body = bodyOf(refusal, correlationId);
  response.writeHead(refusal.status, {
    [CORRELATION_HEADER]: correlationId,
    'x-content-type-options': 'nosniff',
    connection: 'close',
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    'request-id': correlationId,
  });
  response.end(body);
  return correlationId;
}

/** @returns undefined where nobody has given it one, as on the port of metrics */
function idOf(response: ServerResponse & { locals?: { correlationId?: string } }) {
  return response.getHeader(CORRELATION_HEADER)?.toString() ?? response.locals?.correlationId;
}

function newId(): string {
  return randomBytes(16).toString('hex');
}

function bodyOf({ status, message }: Refusal, correlationId: string): string {
  const error = { type: errorTypeOfStatus(status), message };
  return JSON.stringify({ type: 'error', error, request_id: correlationId });
}

/** @returns whether one more line may be logged in this second */
function lineLimit(perSecond: number): () => boolean {
  let startedAtMs = Number.NEGATIVE_INFINITY;
  let lines = 0;
  return () => {
    const nowMs = performance.now();
    if (nowMs - startedAtMs >= 1_000) {
      startedAtMs = nowMs;
      lines = 0;
    }
    lines += 1;
    return lines <= perSecond;
  };
}
