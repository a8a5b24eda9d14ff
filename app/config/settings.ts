/** Every setting of the service: its form, default and meaning. `.env.example` is generated from here. */
import { z } from 'zod';
import {
  alias,
  bytes,
  callers,
  count,
  flag,
  hosts,
  keySource,
  keyText,
  list,
  ms,
  port,
  upstreams,
  url,
} from './kinds.ts';

/** OTel's names; each `parentbased_*` means the same here, because a caller's flag is never obeyed. */
const SAMPLERS = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const;

const MODELS = ['claude-opus-5-5', 'claude-sonnet-5-5', 'claude-haiku-5-5'];

/** Where the service listens. */
const server = {
  HOST: z.string().min(1).default('127.0.0.1').describe('Address of the public API'),
  PORT: port.default(8080).describe('Port of the public API'),
  REUSE_PORT: flag
    .default(false)
    .describe('Several processes share PORT, and the kernel deals connections out to them'),
  METRICS_HOST: z.string().min(1).default('127.0.0.1').describe('Address of /metrics'),
  METRICS_PORT: port.default(9464).describe('Port of /metrics, never the public one'),
  BODY_LIMIT_BYTES: bytes
    .max(64 * 1024 * 1024)
    .default(32 * 1024 * 1024)
    .describe('Largest request body'),
  BODY_BUDGET_BYTES: bytes
    .default(40 * 1024 * 1024)
    .describe(
      'Request bodies held at once, at least the largest one; at worst a byte takes ten of memory',
    ),
  DRAIN_DELAY_MS: z.coerce
    .number()
    .int()
    .min(0)
    .max(600_000)
    .default(0)
    .describe('How long /readyz says 503 at a stop, while connections are still accepted'),
  SHUTDOWN_TIMEOUT_MS: ms
    .default(30_000)
    .describe('Limit for finishing calls at a stop, after that delay'),
};

/** Where calls go, and with which keys. */
const upstream = {
  CLAUDE_API_KEY: keyText
    .optional()
    .describe('API key for the upstream, or several as a JSON object of alias and key'),
  CLAUDE_KEYS: keySource
    .default('env:CLAUDE_API_KEY')
    .describe('Source of the API keys: env:NAME, file:/path, vault:mount/path or aws:secret-id'),
  CLAUDE_SIGNING: keySource
    .optional()
    .describe('Source of the secrets that sign requests to the upstream (docs/signing.md)'),
  CLAUDE_BASE_URL: url.default('https://api.anthropic.com').describe('Base URL of the upstream'),
  CLAUDE_UPSTREAM_NAME: alias.default('anthropic').describe('Label of the upstream in metrics'),
  CLAUDE_UPSTREAMS: upstreams
    .optional()
    .describe('Several upstreams in place of the one above, as JSON (docs/upstreams.md)'),
  CLAUDE_MODELS: list
    .default(MODELS)
    .describe('Models that get a label of their own; all others become "other"'),
  KEY_POLL_MS: ms
    .default(60_000)
    .describe('Interval at which key sources are read again, give or take a fifth'),
  VAULT_ADDR: url.default('http://127.0.0.1:8200').describe('Vault or OpenBao, for vault: sources'),
  VAULT_NAMESPACE: z.string().min(1).optional().describe('Vault namespace'),
  VAULT_TOKEN: z.string().min(1).optional().describe('Vault token'),
  VAULT_ROLE_ID: z.string().min(1).optional().describe('Vault AppRole, in place of a token'),
  VAULT_SECRET_ID: z.string().min(1).optional().describe('Secret ID of the AppRole'),
};

/** Who may call. */
const inbound = {
  CALLERS: callers.optional().describe('The callers and their tokens, as JSON (docs/callers.md)'),
  ALLOW_ANYBODY: flag
    .default(false)
    .describe('Start without CALLERS on an address other than loopback'),
  ALLOWED_HOSTS: hosts
    .default([])
    .describe(
      'Hosts besides localhost that are served without CALLERS, and where /metrics is; * is any',
    ),
  REDIS_URL: z
    .url({ protocol: /^rediss?$/ })
    .optional()
    .describe("Redis in which instances share callers' quotas and nonces"),
  TRUST_INBOUND_TRACE: flag
    .default(false)
    .describe("Callers' IDs and traceparent become trace context (only behind a trusted edge)"),
};

/** How a call is made. */
const calls = {
  CALL_DEADLINE_MS: ms
    .default(300_000)
    .describe('Limit of a whole call, retries included; of a stream, up to its first content'),
  STREAM_LIMIT_MS: ms
    .optional()
    .describe('Limit of a whole stream; without one it may last for as long as its events come'),
  ATTEMPT_TIMEOUT_MS: ms
    .default(120_000)
    .describe('Limit of one attempt at a complete (non-streaming) response'),
  FIRST_EVENT_TIMEOUT_MS: ms
    .default(10_000)
    .describe('Limit of one attempt at a stream, up to its first event'),
  POOL_CONNECTIONS: count.default(100).describe('Most connections to each upstream'),
  RETRY_MAX: z.coerce.number().int().min(0).max(10).default(3).describe('Most retries of a call'),
  ADMISSION_LIMIT: count
    .default(100)
    .describe('Calls served at once; keep it near POOL_CONNECTIONS'),
  MASK_PERSONAL_DATA: flag
    .default(false)
    .describe('Send pseudonyms for e-mail, card and phone numbers upstream (docs/redaction.md)'),
};

/**
 * What is logged, traced and exported. OTEL_* names and meanings:
 * https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
 */
const telemetry = {
  LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
    .default('info')
    .describe('Lowest level that is logged'),
  OTEL_SDK_DISABLED: flag
    .default(false)
    .describe('Neither spans nor metrics; the correlation ID still works'),
  OTEL_TRACES_EXPORTER: z.enum(['otlp', 'none']).default('otlp').describe('Where spans go'),
  OTEL_LOGS_EXPORTER: z
    .enum(['otlp', 'none'])
    .default('none')
    .describe('Where log lines go besides standard output'),
  // The exporters read it themselves; here it is checked, as they would ignore a bad one.
  OTEL_EXPORTER_OTLP_ENDPOINT: url
    .default('http://localhost:4318')
    .describe('OTLP over HTTP: base URL, to which /v1/traces and /v1/logs are appended'),
  OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT: flag
    .default(false)
    .describe('Prompts and responses go on spans, redacted like everything on a span'),
  OTEL_TRACES_SAMPLER: z
    .enum(SAMPLERS)
    .default('always_on')
    .describe(
      "Share of calls traced; parentbased_* means the same, a caller's flag is never obeyed",
    ),
  OTEL_TRACES_SAMPLER_ARG: z.coerce
    .number()
    .min(0)
    .max(1)
    .default(1)
    .describe('Ratio of the traceidratio samplers, 0 to 1'),
};

/** Every variable that the service reads, in the order of `.env.example`. Times are milliseconds. */
export const settingsSchema = z.object({
  ...server,
  ...upstream,
  ...inbound,
  ...calls,
  ...telemetry,
});

export type Settings = z.infer<typeof settingsSchema>;

/**
 * Settings of earlier releases, each with the constant that took its place. One that is still set is
 * named in a warning at the start.
 */
export const FORMER_SETTINGS: Readonly<Record<string, string>> = {
  SIGNATURE_VERSIONS: '`signatures` of an upstream in CLAUDE_UPSTREAMS',
  KEY_TIMEOUT_MS: 'KEY_TIMEOUT_MS in app/keys/refresher.ts',
  KEY_OVERLAP_MS: 'KEY_GRACE_PERIOD_MS in app/keys/key-store.ts',
  IDLE_TIMEOUT_MS: 'POOL_DEFAULTS in app/claude/pool.ts',
  CONNECT_TIMEOUT_MS: 'POOL_DEFAULTS in app/claude/pool.ts',
  KEEP_ALIVE_MS: 'POOL_DEFAULTS in app/claude/pool.ts',
  CONNECTION_MAX_AGE_MS: 'POOL_DEFAULTS in app/claude/pool.ts',
  RETRY_BASE_MS: 'BACKOFF_DEFAULTS in app/pipeline/retry.ts',
  RETRY_CAP_MS: 'BACKOFF_DEFAULTS in app/pipeline/retry.ts',
  RETRY_BUDGET_RATIO: 'RETRY_BUDGET_DEFAULTS in app/upstreams/retry-budget.ts',
  RETRY_BUDGET_CAPACITY: 'RETRY_BUDGET_DEFAULTS in app/upstreams/retry-budget.ts',
  HEDGE_AFTER_MS: 'nothing: hedging was removed',
  BREAKER_WINDOW_MS: 'BREAKER_DEFAULTS in app/upstreams/circuit-breaker.ts',
  BREAKER_MIN_ATTEMPTS: 'BREAKER_DEFAULTS in app/upstreams/circuit-breaker.ts',
  BREAKER_FAILURE_RATIO: 'BREAKER_DEFAULTS in app/upstreams/circuit-breaker.ts',
  BREAKER_OPEN_MS: 'BREAKER_DEFAULTS in app/upstreams/circuit-breaker.ts',
  BREAKER_PROBES: 'BREAKER_DEFAULTS in app/upstreams/circuit-breaker.ts',
  BREAKER_RAMP_MS: 'BREAKER_DEFAULTS in app/upstreams/circuit-breaker.ts',
  ADMISSION_QUEUE: 'ADMISSION_DEFAULTS in app/callers/concurrency.ts',
  ADMISSION_WAIT_MS: 'ADMISSION_DEFAULTS in app/callers/concurrency.ts',
  BATCH_MAX_ITEMS: 'BATCH_DEFAULTS in app/http/batch.ts',
  BATCH_CONCURRENCY: 'BATCH_DEFAULTS in app/http/batch.ts',
};
