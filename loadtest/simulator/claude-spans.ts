/**
 * The spans that the Claude API exports about its requests, as far as they are published: one of kind SERVER for
 * each message, in the caller's trace (docs/claude-spans.md). They go out by OTLP/HTTP in JSON.
 * https://platform.claude.com/docs/en/api/opentelemetry/spans
 */
import { randomBytes } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Message } from './content.ts';
import type { MessageRequest } from './requests.ts';
import { fullUsage } from './usage.ts';

export const PLATFORM = 'claude-platform';
const SCOPE = 'com.anthropic.claude-platform';
const NAME = 'anthropic.messages.create';
/** SPAN_KIND_SERVER of OTLP. */
const SERVER = 2;
const STATUS = { unset: 0, ok: 1, error: 2 } as const;

/** https://www.w3.org/TR/trace-context/#traceparent-header */
const TRACEPARENT = /^[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})/;
const SAMPLED = 1;

interface Parent {
  readonly traceId: string;
  readonly spanId: string;
}

type Value = string | number | boolean | undefined;

/** @returns a span as OTLP has it in JSON: https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding */
function exported(
  { traceId, spanId }: Parent,
  [startMs, endMs]: readonly [number, number],
  status: keyof typeof STATUS,
  attributes: Readonly<Record<string, Value>>,
) {
  const nanoseconds = (ms: number) => String(BigInt(Math.round(ms * 1e3)) * 1000n);
  return {
    traceId,
    spanId: randomBytes(8).toString('hex'),
    parentSpanId: spanId,
    name: NAME,
    kind: SERVER,
    startTimeUnixNano: nanoseconds(startMs),
    endTimeUnixNano: nanoseconds(endMs),
    attributes: Object.entries(attributes).flatMap(([key, value]) =>
      value === undefined ? [] : [{ key, value: anyValue(value) }],
    ),
    status: { code: STATUS[status] },
  };
}

export type ExportedSpan = ReturnType<typeof exported>;

function anyValue(value: Exclude<Value, undefined>) {
  if (typeof value === 'string') return { stringValue: value };
  if (typeof value === 'boolean') return { boolValue: value };
  return Number.isInteger(value) ? { intValue: String(value) } : { doubleValue: value };
}

/** @returns the body of an export */
export function exportOf(spans: readonly ExportedSpan[]): string {
  const attributes = [{ key: 'service.name', value: { stringValue: PLATFORM } }];
  const scopeSpans = [{ scope: { name: SCOPE }, spans }];
  return JSON.stringify({ resourceSpans: [{ resource: { attributes }, scopeSpans }] });
}

/** The span of one request for a message, from its arrival until its last byte is sent or its caller has left. */
export class ClaudeSpan {
  readonly #parent: Parent;
  /** Since 1970; the duration comes from the finer clock, as in the SDK. */
  readonly #startMs = Date.now();
  readonly #startedAtMs = performance.now();
  readonly #attributes: Record<string, Value> = {
    'gen_ai.provider.name': 'anthropic',
    'gen_ai.operation.name': 'chat',
    'http.request.method': 'POST',
    'http.route': '/v1/messages',
  };
  #failed = false;
  #isDiscarded = false;
  /** The work has ended when the last byte is handed on; its caller may have read it before `close` fires. */
  #durationMs: number | undefined;

  constructor(parent: Parent, requestId: string, response: ServerResponse, done: Done) {
    this.#parent = parent;
    this.#attributes['anthropic.request.id'] = requestId;
    response.once('prefinish', () => {
      this.#durationMs = this.#elapsedMs();
    });
    response.once('close', () => {
      if (!this.#isDiscarded) done(this.#end(response));
    });
  }

  /** What the request asks for. */
  asked(request: MessageRequest): void {
    Object.assign(this.#attributes, {
      'gen_ai.request.model': request.model,
      'gen_ai.request.max_tokens': request.max_tokens,
      'gen_ai.request.stream': request.stream === true || undefined,
    });
  }

  /** What it gets. */
  answered({ id, model, stopReason, tokens }: Message): void {
    const usage = fullUsage(tokens);
    Object.assign(this.#attributes, {
      'gen_ai.response.id': id,
      'gen_ai.response.model': model,
      'gen_ai.usage.input_tokens': tokens.input,
      'gen_ai.usage.output_tokens': usage.output_tokens,
      'gen_ai.usage.cache_read.input_tokens': usage.cache_read_input_tokens,
      'gen_ai.usage.cache_write.input_tokens': usage.cache_creation_input_tokens,
      'gen_ai.usage.reasoning.output_tokens': tokens.thinking,
      'anthropic.usage.cache_creation.ephemeral_5m_input_tokens': tokens.cache.written5m,
      'anthropic.usage.cache_creation.ephemeral_1h_input_tokens': tokens.cache.written1h,
      'anthropic.response.service_tier': usage.service_tier,
      'anthropic.message.stop_reason': stopReason,
    });
  }

  /** The first content of a stream was sent; later calls are ignored. */
  firstChunk(): void {
    this.#attributes['gen_ai.response.time_to_first_chunk'] ??= this.#elapsedMs() / 1000;
  }

  #elapsedMs(): number {
    return performance.now() - this.#startedAtMs;
  }

  /** @param type of the API's error */
  fail(type: string): void {
    this.#failed = true;
    this.#attributes['error.type'] = type;
  }

  /** The request did not reach Claude: what stands before it has answered, or broken the connection. */
  discard(): void {
    this.#isDiscarded = true;
  }

  /** A caller who leaves has cancelled the work, which is neither a success nor an error. */
  #end(response: ServerResponse): ExportedSpan {
    const status = this.#failed ? 'error' : response.writableFinished ? 'ok' : 'unset';
    const code = response.headersSent ? response.statusCode : undefined;
    const organization = response.getHeader('anthropic-organization-id');
    const endMs = this.#startMs + (this.#durationMs ?? this.#elapsedMs());
    return exported(this.#parent, [this.#startMs, endMs], status, {
      ...this.#attributes,
      'anthropic.organization.id': organization === undefined ? undefined : String(organization),
      'http.response.status_code': code,
    });
  }
}

type Done = (span: ExportedSpan) => void;

/**
 * Begins the span of a request whose key is accepted. It joins the trace of `traceparent`; without one it has a trace of its own.
 * @returns undefined if the request is for no message, or its caller's trace is not sampled
 */
export function startClaudeSpan(
  { method, headers }: IncomingMessage,
  path: string,
  requestId: string,
  { response, done }: { readonly response: ServerResponse; readonly done: Done },
): ClaudeSpan | undefined {
  if (method !== 'POST' || path !== '/v1/messages') return undefined;
  const [, traceId, spanId, flags = '01'] = TRACEPARENT.exec(String(headers['traceparent'])) ?? [];
  if ((Number.parseInt(flags, 16) & SAMPLED) === 0) return undefined;
  const parent =
    traceId && spanId
      ? { traceId, spanId }
      : { traceId: randomBytes(16).toString('hex'), spanId: '' };
  return new ClaudeSpan(parent, requestId, response, done);
}
