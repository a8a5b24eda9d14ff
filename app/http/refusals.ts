/**
 * Answers requests that never become one: what is not HTTP, what has too large headers, what does not
 * arrive in time, and CONNECT. Node would answer with an empty body, and neither count nor log them.
 */
import { randomBytes } from 'node:crypto';
import { type Server, type ServerResponse, STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { AppError, type ErrorCode, errorBody } from '../errors.ts';
import { CORRELATION_HEADER } from '../telemetry/correlation.ts';
import type { Logger } from '../telemetry/logger.ts';
import type { RefusedRequest } from '../telemetry/vocabulary.ts';
import { clientAddress } from './client-address.ts';
import { type Connections, endGently } from './connections.ts';
import { abortRequest } from './context.ts';

export interface RefusalDeps {
  readonly logger: Logger;
  /** Called for each refused request. */
  readonly onRefused: (reason: RefusedRequest) => void;
}

interface Refusal {
  readonly reason: RefusedRequest;
  readonly code: ErrorCode;
  /** Where it is not that of the code. */
  readonly status?: number;
  readonly message: string;
}

const MALFORMED: Refusal = {
  reason: 'malformed',
  code: 'invalid_request',
  message: 'the request is not valid HTTP',
};

/** By the code of Node's error; whatever else the parser complains of is malformed. */
const REFUSALS: Readonly<Record<string, Refusal>> = {
  HPE_HEADER_OVERFLOW: {
    reason: 'too_large',
    code: 'headers_too_large',
    message: 'the request’s target and headers are too large',
  },
  HPE_CHUNK_EXTENSIONS_OVERFLOW: {
    reason: 'too_large',
    code: 'request_too_large',
    message: 'the chunk extensions of the request body are too large',
  },
  ERR_HTTP_REQUEST_TIMEOUT: {
    reason: 'timeout',
    code: 'request_timeout',
    message: 'the request did not arrive in time',
  },
  HPE_INVALID_EOF_STATE: {
    reason: 'malformed',
    code: 'invalid_request',
    message: 'the connection was closed within the request',
  },
};

const CONNECT: Refusal = {
  reason: 'method',
  code: 'invalid_request',
  status: 405,
  message: 'this is not a proxy',
};

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
    const { reason } = refusal;
    const { status } = statusAndError(refusal);
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
  const last = connections.responses(socket).at(-1);
  if (!last && connections.isAnswered(socket)) endGently(socket);
  else if (!last) return answerOnSocket(socket, refusal);
  // Nothing may come into an answer that has begun, nor in place of the answer to a whole request.
  else connections.end(socket);
  return last && !last.req.complete ? answerRequest(last, refusal) : undefined;
}

function answerOnSocket(socket: Socket, refusal: Refusal): string {
  const { correlationId, status, headers, body } = written(refusal);
  const head = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.write(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${head.join('')}\r\n${body}`);
  endGently(socket);
  return correlationId;
}

/**
 * The head was fine, and its body is not. The route of the request says so, because it might be about to answer;
 * the port of metrics has no such route.
 */
function answerRequest(response: ServerResponse, refusal: Refusal): string | undefined {
  const correlationId = abortRequest(response, statusAndError(refusal).error);
  if (correlationId !== undefined || response.headersSent) return correlationId;
  const answer = written(refusal, response.getHeader(CORRELATION_HEADER)?.toString());
  response.writeHead(answer.status, answer.headers).end(answer.body);
  return answer.correlationId;
}

function statusAndError({ code, status, message }: Refusal) {
  const error = new AppError(code, message);
  return { error, status: status ?? error.status };
}

function written(refusal: Refusal, correlationId = randomBytes(16).toString('hex')) {
  const { status, error } = statusAndError(refusal);
  // The messages are our own, and hold no secret.
  const body = JSON.stringify(errorBody(error, correlationId, (text) => text));
  const headers = {
    connection: 'close',
    'x-content-type-options': 'nosniff',
    'content-type': 'application/json; charset=utf-8',
    'content-length': Buffer.byteLength(body),
    [CORRELATION_HEADER]: correlationId,
    'request-id': correlationId,
  };
  return { correlationId, status, headers, body };
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
