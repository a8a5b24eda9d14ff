/** Decodes OTLP trace exports, protobuf or JSON, into plain spans. */
import protobuf from 'protobufjs';

/** A span as it was exported; its times are nanoseconds since 1970. */
export interface DecodedSpan {
  readonly traceId: string;
  readonly spanId: string;
  /** '' in a root span. */
  readonly parentSpanId: string;
  readonly name: string;
  readonly kind: number;
  readonly startNs: bigint;
  readonly endNs: bigint;
  readonly attributes: Readonly<Record<string, unknown>>;
  /** 0 unset, 1 ok, 2 error. */
  readonly status: number;
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly resource: Readonly<Record<string, unknown>>;
}

const field = (id: number, type: string) => ({ id, type });
const list = (id: number, type: string) => ({ id, type, rule: 'repeated' });

/**
 * The fields that are read, with their numbers in opentelemetry-proto v1: trace.proto, common.proto,
 * resource.proto, trace_service.proto. Decoding skips all others. They are copied because no installed
 * package ships the official files; the tests decode what the official exporter sends.
 */
const root = protobuf.Root.fromJSON({
  nested: {
    ExportTraceServiceRequest: { fields: { resourceSpans: list(1, 'ResourceSpans') } },
    ResourceSpans: {
      fields: { resource: field(1, 'Resource'), scopeSpans: list(2, 'ScopeSpans') },
    },
    Resource: { fields: { attributes: list(1, 'KeyValue') } },
    ScopeSpans: { fields: { spans: list(2, 'Span') } },
    Span: {
      fields: {
        traceId: field(1, 'bytes'),
        spanId: field(2, 'bytes'),
        parentSpanId: field(4, 'bytes'),
        name: field(5, 'string'),
        kind: field(6, 'int32'),
        startTimeUnixNano: field(7, 'fixed64'),
        endTimeUnixNano: field(8, 'fixed64'),
        attributes: list(9, 'KeyValue'),
        links: list(13, 'Link'),
        status: field(15, 'Status'),
      },
    },
    Link: { fields: { traceId: field(1, 'bytes'), spanId: field(2, 'bytes') } },
    Status: { fields: { code: field(3, 'int32') } },
    KeyValue: { fields: { key: field(1, 'string'), value: field(2, 'AnyValue') } },
    AnyValue: {
      oneofs: {
        value: {
          oneof: ['stringValue', 'boolValue', 'intValue', 'doubleValue', 'arrayValue'],
        },
      },
      fields: {
        stringValue: field(1, 'string'),
        boolValue: field(2, 'bool'),
        intValue: field(3, 'int64'),
        doubleValue: field(4, 'double'),
        arrayValue: field(5, 'ArrayValue'),
      },
    },
    ArrayValue: { fields: { values: list(1, 'AnyValue') } },
  },
});
const requestType = root.lookupType('ExportTraceServiceRequest');

/** An export in OTLP's JSON form; `toObject` gives the same for protobuf, except for byte fields. */
interface ExportJson {
  readonly resourceSpans?: readonly {
    readonly resource?: { readonly attributes?: readonly KeyValue[] };
    readonly scopeSpans?: readonly { readonly spans?: readonly SpanJson[] }[];
  }[];
}

interface SpanJson {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name?: string;
  readonly kind?: number;
  readonly startTimeUnixNano?: string;
  readonly endTimeUnixNano?: string;
  readonly attributes?: readonly KeyValue[];
  readonly links?: readonly { readonly traceId: string; readonly spanId: string }[];
  readonly status?: { readonly code?: number };
}

interface AnyValue {
  readonly stringValue?: string;
  readonly boolValue?: boolean;
  readonly intValue?: string | number;
  readonly doubleValue?: number;
  readonly arrayValue?: { readonly values?: readonly AnyValue[] };
}

interface KeyValue {
  readonly key: string;
  readonly value?: AnyValue;
}

/**
 * Decodes one export.
 * @throws {Error} when the bytes are not an export
 */
export function decodeExport(body: Buffer, contentType: string): DecodedSpan[] {
  if (contentType.includes('json')) {
    return spansOf(JSON.parse(body.toString('utf8')) as ExportJson, (hex) => hex.toLowerCase());
  }
  const message = requestType.toObject(requestType.decode(body), { longs: String, bytes: String });
  return spansOf(message as ExportJson, (base64) => Buffer.from(base64, 'base64').toString('hex'));
}

/** @param id converts an ID of this encoding to hex */
function spansOf(message: ExportJson, id: (encoded: string) => string): DecodedSpan[] {
  return (message.resourceSpans ?? []).flatMap(({ resource, scopeSpans }) => {
    const shared = attributesOf(resource?.attributes);
    return (scopeSpans ?? []).flatMap(({ spans }) =>
      (spans ?? []).map((s) => decode(s, shared, id)),
    );
  });
}

function decode(
  span: SpanJson,
  resource: DecodedSpan['resource'],
  id: (encoded: string) => string,
): DecodedSpan {
  return {
    traceId: id(span.traceId),
    spanId: id(span.spanId),
    parentSpanId: id(span.parentSpanId ?? ''),
    name: span.name ?? '',
    kind: span.kind ?? 0,
    startNs: BigInt(span.startTimeUnixNano ?? 0),
    endNs: BigInt(span.endTimeUnixNano ?? 0),
    attributes: attributesOf(span.attributes),
    status: span.status?.code ?? 0,
    links: (span.links ?? []).map((l) => ({ traceId: id(l.traceId), spanId: id(l.spanId) })),
    resource,
  };
}

function attributesOf(attributes: readonly KeyValue[] = []): Record<string, unknown> {
  return Object.fromEntries(attributes.map(({ key, value }) => [key, plainValue(value)]));
}

function plainValue(value: AnyValue = {}): unknown {
  if (value.intValue !== undefined) return Number(value.intValue);
  if (value.arrayValue) return (value.arrayValue.values ?? []).map(plainValue);
  return value.stringValue ?? value.boolValue ?? value.doubleValue;
}
