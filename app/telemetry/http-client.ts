/**
 * Observes every request of undici by its diagnostics channels, as the HTTP conventions say: its duration as a metric,
 * and its attributes on the span of the attempt that makes it. OpenTelemetry's own instrumentation adds a span to each
 * attempt that says little else, and builds its attributes for calls that are not traced, too (docs/adr/0043).
 * https://opentelemetry.io/docs/specs/semconv/http/http-spans/#http-client-span
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';
import {
  type Attributes,
  type Context,
  context,
  createContextKey,
  type Histogram,
  type Span,
} from '@opentelemetry/api';
import {
  ATTR_HTTP_REQUEST_METHOD,
  ATTR_NETWORK_PEER_ADDRESS,
  ATTR_NETWORK_PEER_PORT,
  ATTR_NETWORK_PROTOCOL_VERSION,
  ATTR_SERVER_ADDRESS,
  ATTR_SERVER_PORT,
  ATTR_URL_FULL,
} from '@opentelemetry/semantic-conventions';

/** A request, as undici publishes it: https://undici.nodejs.org/#/docs/api/DiagnosticsChannel */
interface Request {
  readonly origin: string | URL;
  readonly path: string;
  readonly method: string;
}

interface Observed {
  readonly startedAtMs: number;
  /** The address of the server, as labels. */
  readonly server: Attributes;
  /** Undefined unless an attempt makes the request, and its call is traced. */
  readonly span: Span | undefined;
}

const SPAN = createContextKey('the span that requests to an upstream belong to');

/** @returns a context whose requests put their attributes on a span; the context itself where nothing records them */
export function withRequestSpan(ctx: Context, span: Span): Context {
  return span.isRecording() ? ctx.setValue(SPAN, span) : ctx;
}

const PORTS: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443 };

function serverOf(origin: string | URL): Attributes {
  const { hostname, port, protocol } = new URL(origin);
  const known = port === '' ? PORTS[protocol] : Number(port);
  return { [ATTR_SERVER_ADDRESS]: hostname, ...(known && { [ATTR_SERVER_PORT]: known }) };
}

/** The upstreams and sources of keys are few; a process that asks more origins pays for them anew. */
const MAX_ORIGINS = 100;

/** Servers by their origin, which is parsed once. */
function createServers(): (origin: string | URL) => Attributes {
  const known = new Map<string, Attributes>();
  return (origin) => {
    const key = String(origin);
    const found = known.get(key);
    if (found) return found;
    const server = serverOf(origin);
    if (known.size < MAX_ORIGINS) known.set(key, server);
    return server;
  };
}

function recordingSpan(): Span | undefined {
  const span = context.active().getValue(SPAN) as Span | undefined;
  return span?.isRecording() ? span : undefined;
}

/** A message of undici's channels, as far as it is read. */
interface Message {
  readonly request: Request;
  /** Where the head of the request is being sent. */
  readonly socket: Socket;
}

/** @param duration seconds, by server @returns what listens to each channel */
function listenersOf(duration: Histogram): Readonly<Record<string, (message: Message) => void>> {
  const observed = new WeakMap<Request, Observed>();
  const find = createServers();
  const end = ({ request }: Message) => {
    const found = observed.get(request);
    if (!found) return;
    observed.delete(request);
    duration.record((performance.now() - found.startedAtMs) / 1_000, found.server);
  };
  return {
    'undici:request:create'({ request }) {
      const server = find(request.origin);
      const span = recordingSpan();
      span?.setAttributes({
        [ATTR_HTTP_REQUEST_METHOD]: request.method,
        [ATTR_URL_FULL]: request.origin + request.path,
        ...server,
      });
      observed.set(request, { startedAtMs: performance.now(), server, span });
    },
    'undici:client:sendHeaders'({ request, socket }) {
      observed.get(request)?.span?.setAttributes({
        [ATTR_NETWORK_PEER_ADDRESS]: socket.remoteAddress,
        [ATTR_NETWORK_PEER_PORT]: socket.remotePort,
        [ATTR_NETWORK_PROTOCOL_VERSION]: '1.1',
      });
    },
    // It is published at the end of every response, with trailers or without.
    'undici:request:trailers': end,
    'undici:request:error': end,
  };
}

/** @param duration seconds, by server @returns what ends the observation */
export function observeHttpClient(duration: Histogram): () => void {
  const listeners = Object.entries(listenersOf(duration)).map(([name, listener]) => {
    return { name, listener: (message: unknown) => listener(message as Message) };
  });
  for (const { name, listener } of listeners) subscribe(name, listener);
  return () => {
    for (const { name, listener } of listeners) unsubscribe(name, listener);
  };
}
