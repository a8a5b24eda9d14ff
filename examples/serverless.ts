/** A handler for a platform that freezes the process between calls, and may end it without a word while it is frozen. */
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto';
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import { createClaude, type MessagesBody } from 'claude-observatory/pipeline';
import { createTelemetry } from 'claude-observatory/telemetry';

// The two can be changed to measure what they are for: docs/serverless.md.
const { KEEP_ALIVE_MS = '0', FLUSH = 'true', CLAUDE_BASE_URL, OTLP_URL } = process.env;
const url = CLAUDE_BASE_URL ?? 'https://api.anthropic.com';
const exporter = new OTLPTraceExporter(OTLP_URL ? { url: OTLP_URL } : {});
const provider = new TracerProvider({ spanProcessors: [new BatchSpanProcessor({ exporter })] });
const { telemetry } = createTelemetry({ tracer: provider.getTracer('serverless') });

// Outside of the handler: circuits, the retry budget and the state of keys outlive a freeze, connections do not.
const claude = createClaude({
  upstreams: [{ name: 'direct', url, keys: 'env:CLAUDE_API_KEY' }],
  pool: { keepAliveMs: Number(KEEP_ALIVE_MS) },
  deadlineMs: 25_000,
  telemetry,
});

export async function handler(body: MessagesBody): Promise<{ status: number; body: string }> {
  try {
    const { status, data } = await claude.messages(body);
    return { status, body: typeof data === 'string' ? data : '' };
  } finally {
    if (FLUSH === 'true') await provider.forceFlush();
  }
}
