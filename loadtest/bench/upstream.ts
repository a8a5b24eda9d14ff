/**
 * The upstream of the benchmark: a bare HTTP server that answers the Messages API with bytes made beforehand. The
 * simulator of the load tests counts, limits and validates; here that would be measured too.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { completeAnswer, STREAM, STREAM_CHUNKS, STREAM_END, STREAM_START } from './answers.ts';

/** What a run changes between two series. */
export interface UpstreamBehaviour {
  /** How long an answer, or the first chunk of a stream, is waited for; 0 answers at once. */
  readonly delayMs: number;
  readonly answerBytes: number;
}

export interface Upstream {
  readonly server: Server;
  behave(behaviour: UpstreamBehaviour): void;
  /** Connections accepted so far. */
  connections(): number;
}

export const AT_ONCE: UpstreamBehaviour = { delayMs: 0, answerBytes: 1_000 };

const STREAM_HEADERS = { 'content-type': 'text/event-stream; charset=utf-8' } as const;

/** The two spellings of `JSON.stringify` and of Python's `json.dumps`. */
const ASKS_FOR_STREAM = ['"stream":true', '"stream": true'] as const;

export function createUpstream(): Upstream {
  let delayMs = 0;
  let body = completeAnswer(AT_ONCE.answerBytes);
  let accepted = 0;
  const answer = (response: ServerResponse, stream: boolean) => {
    if (stream) return void sendStream(response);
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length });
    response.end(body);
  };
  const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
    whenRead(request, (stream) => {
      if (delayMs === 0) answer(response, stream);
      else setTimeout(answer, delayMs, response, stream);
    });
  });
  server.on('connection', () => {
    accepted += 1;
  });
  return {
    server,
    behave(behaviour) {
      delayMs = behaviour.delayMs;
      body = completeAnswer(behaviour.answerBytes);
    },
    connections: () => accepted,
  };
}

/** Reads a request to its end; no parsing, as a part of it tells what it asks for. */
function whenRead(request: IncomingMessage, then: (stream: boolean) => void): void {
  let stream = false;
  request.on('data', (chunk: Buffer) => {
    stream ||= ASKS_FOR_STREAM.some((text) => chunk.includes(text));
  });
  request.on('end', () => then(stream));
}

/** The first chunk comes at once, the others at their times from then on: a late timer delays no later chunk. */
function sendStream(response: ServerResponse): void {
  response.writeHead(200, STREAM_HEADERS);
  response.write(STREAM_START);
  const startedMs = performance.now();
  let sent = 0;
  const next = () => {
    if (response.destroyed) return;
    response.write(STREAM_CHUNKS[sent] as Buffer);
    sent += 1;
    if (sent === STREAM_CHUNKS.length) return void response.end(STREAM_END);
    const dueMs = startedMs + sent * STREAM.everyMs;
    setTimeout(next, Math.max(0, dueMs - performance.now()));
  };
  next();
}
