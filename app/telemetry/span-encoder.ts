/**
 * Makes an OTLP request of spans, redacted: the bytes are those of OpenTelemetry's serialiser for the spans as the
 * redactor would leave them, at a fraction of the cost (docs/adr/0047-spans-are-encoded-by-hand.md).
 * https://opentelemetry.io/docs/specs/otlp/ and its messages in opentelemetry-proto v1
 */
import type { Attributes, HrTime, Link, TraceFlags } from '@opentelemetry/api';
import type { Resource } from '@opentelemetry/resources';
import type { ReadableSpan, TimedEvent } from '@opentelemetry/sdk-trace';
import type { Redactor } from '../privacy/redactor.ts';
import { AttributeEncoder, writeAny } from './attribute-encoder.ts';
import { ProtobufWriter } from './protobuf-writer.ts';

/** A span of a call takes about so many bytes. */
const BYTES_OF_SPAN = 900;
const BYTES_OF_RESOURCE = 4_096;

/** Bits of `Span.flags` that OTLP adds to those of W3C. */
const HAS_IS_REMOTE = 0x100;
const IS_REMOTE = 0x200;

type Scope = ReadableSpan['instrumentationScope'];
/** Spans by resource and scope: a message for each. */
type Groups = Map<Resource, Map<Scope, ReadableSpan[]>>;

/** @returns a function that encodes spans as an `ExportTraceServiceRequest` */
export function createSpanEncoder(
  redactor: Redactor,
): (spans: readonly ReadableSpan[]) => Uint8Array {
  const attributes = new AttributeEncoder(redactor);
  return (spans) => {
    attributes.refresh();
    const writer = new ProtobufWriter(BYTES_OF_RESOURCE + spans.length * BYTES_OF_SPAN);
    const encoder = new SpanEncoder(writer, attributes);
    for (const [resource, scopes] of groupsOf(spans)) encoder.resourceSpans(resource, scopes);
    return writer.finish();
  };
}

function groupsOf(spans: readonly ReadableSpan[]): Groups {
  const groups: Groups = new Map();
  for (const span of spans) {
    const { resource, instrumentationScope: scope } = span;
    const scopes = groups.get(resource) ?? new Map<Scope, ReadableSpan[]>();
    const group = scopes.get(scope);
    if (group) group.push(span);
    else scopes.set(scope, [span]);
    groups.set(resource, scopes);
  }
  return groups;
}

/** Each method writes one message; its numbers of fields are those of the message. */
class SpanEncoder {
  readonly #out: ProtobufWriter;
  readonly #attributes: AttributeEncoder;

  constructor(out: ProtobufWriter, attributes: AttributeEncoder) {
    this.#out = out;
    this.#attributes = attributes;
  }

  resourceSpans(resource: Resource, scopes: ReadonlyMap<Scope, readonly ReadableSpan[]>): void {
    const out = this.#out;
    const begun = out.begin(1);
    const inner = out.begin(1);
    writeOwn(out, resource.attributes, 1);
    out.int(2, 0);
    out.end(inner);
    for (const [scope, spans] of scopes) this.#scopeSpans(scope, spans);
    if (resource.schemaUrl) out.string(3, resource.schemaUrl);
    out.end(begun);
  }

  #scopeSpans(scope: Scope, spans: readonly ReadableSpan[]): void {
    const out = this.#out;
    const begun = out.begin(2);
    const inner = out.begin(1);
    out.string(1, scope.name);
    if (scope.version) out.string(2, scope.version);
    out.end(inner);
    for (const span of spans) this.#span(span);
    if (scope.schemaUrl) out.string(3, scope.schemaUrl);
    out.end(begun);
  }

  #span(span: ReadableSpan): void {
    const out = this.#out;
    const begun = out.begin(2);
    const { traceId, spanId, traceState, traceFlags } = span.spanContext();
    const parent = span.parentSpanContext;
    out.hex(1, traceId);
    out.hex(2, spanId);
    const state = traceState?.serialize();
    if (state) out.string(3, state);
    if (parent?.spanId) out.hex(4, parent.spanId);
    this.#attributes.text(out, 5, span.name);
    // The API begins its kinds at 0, where the protocol has `unspecified`.
    out.int(6, span.kind + 1);
    this.#time(7, span.startTime);
    this.#time(8, span.endTime);
    this.#attributes.write(out, 9, span.attributes);
    out.int(10, span.droppedAttributesCount);
    for (const event of span.events) this.#event(event);
    out.int(12, span.droppedEventsCount);
    for (const link of span.links) this.#link(link);
    out.int(14, span.droppedLinksCount);
    this.#status(span.status);
    out.fixed32(16, flagsOf(traceFlags, parent?.isRemote));
    out.end(begun);
  }

  #event({ name, time, attributes, droppedAttributesCount = 0 }: TimedEvent): void {
    const out = this.#out;
    const begun = out.begin(11);
    this.#time(1, time);
    this.#attributes.text(out, 2, name);
    this.#attributes.write(out, 3, attributes);
    out.int(4, droppedAttributesCount);
    out.end(begun);
  }

  #link({ context, attributes, droppedAttributesCount = 0 }: Link): void {
    const out = this.#out;
    const begun = out.begin(13);
    out.hex(1, context.traceId);
    out.hex(2, context.spanId);
    const state = context.traceState?.serialize();
    if (state) out.string(3, state);
    this.#attributes.write(out, 4, attributes);
    out.int(5, droppedAttributesCount);
    out.fixed32(6, flagsOf(context.traceFlags, context.isRemote));
    out.end(begun);
  }

  #status({ code, message }: ReadableSpan['status']): void {
    const out = this.#out;
    const begun = out.begin(15);
    if (message) this.#attributes.text(out, 2, message);
    out.int(3, code);
    out.end(begun);
  }

  /** Nanoseconds since 1970 in 64 bits, of which a number holds 53. */
  #time(field: number, [seconds, nanos]: HrTime): void {
    const low = (Math.imul(seconds, 1e9) + nanos) >>> 0;
    // Without its lowest 32 bits it is a multiple of 2^32; rounding mends what a number of 53 bits has lost.
    const high = Math.round((seconds * 1e9 + nanos - low) / 2 ** 32) >>> 0;
    this.#out.fixed64(field, high, low);
  }
}

/** Attributes of the operator's own, which are not redacted. */
function writeOwn(out: ProtobufWriter, attributes: Attributes, field: number): void {
  for (const name of Object.keys(attributes)) {
    const begun = out.begin(field);
    out.string(1, name);
    const inner = out.begin(2);
    writeAny(out, attributes[name]);
    out.end(inner);
    out.end(begun);
  }
}

function flagsOf(traceFlags: TraceFlags, isRemote: boolean | undefined): number {
  const flags = (traceFlags & 0xff) | HAS_IS_REMOTE;
  return isRemote ? flags | IS_REMOTE : flags;
}
