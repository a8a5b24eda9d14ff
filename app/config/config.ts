/** The service's settings: the only reader of the environment, one schema, every bad key reported. */
import { inspect } from 'node:util';
import { z } from 'zod';
import type { KeySpec } from '../keys/key-store.ts';
import {
  alias,
  type CallerSettings,
  callers,
  count,
  flag,
  keySource,
  keyText,
  list,
  ms,
  port,
  type UpstreamSettings,
  upstreams,
  url,
} from './schema.ts';

const SAMPLERS = [
  'always_on',
  'always_off',
  'traceidratio',
  'parentbased_always_on',
  'parentbased_always_off',
  'parentbased_traceidratio',
] as const;

/**
 * Every variable that the service reads, with its default and meaning. Times are milliseconds.
 * `.env.example` is compared with this table by a test, key by key.
 * OTEL_* names and meanings: https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/
 */
export const envSchema = z.object({
  HOST: z.string().min(1).default('127.0.0.1').describe('Address of the public API'),
  PORT: port.default(8080).describe('Port of the public API'),
  METRICS_HOST: z.string().min(1).default('127.0.0.1').describe('Address of /metrics'),
  METRICS_PORT: port.default(9464).describe('Port of /metrics, never the public one'),
  CLAUDE_API_KEY: keyText
    .optional()
    .describe('Key for the upstream, or several as JSON of alias and key'),
  CLAUDE_KEYS: keySource
    .default('env:CLAUDE_API_KEY')
    .describe('Where the keys are: env:NAME, file:/path, vault:mount/path, aws:secret-id'),
  CLAUDE_SIGNING: keySource
    .optional()
    .describe(
      'Where the secrets are that requests to the upstream are signed with (docs/signing.md)',
    ),
  SIGNATURE_VERSIONS: z
    .string()
    .transform((text) => text.split(','))
    .pipe(z.array(z.enum(['v1', 'v2'])).min(1))
    .default(['v2'])
    .describe('Versions that such requests bear: v2, or v1,v2 while the other end changes'),
  KEY_POLL_MS: ms.default(60_000).describe('How often keys are read again, a fifth more or less'),
  KEY_TIMEOUT_MS: ms.default(5_000).describe('Limit of one read of keys'),
  KEY_OVERLAP_MS: z.coerce
    .number()
    .int()
    .min(0)
    .max(86_400_000)
    .default(600_000)
    .describe('A key that has left its source is used so long where no other is well'),
  VAULT_ADDR: url.default('http://127.0.0.1:8200').describe('Vault or OpenBao, for vault: keys'),
  VAULT_NAMESPACE: z.string().min(1).optional().describe('Namespace in Vault'),
  VAULT_TOKEN: z.string().min(1).optional().describe('Token for Vault'),
  VAULT_ROLE_ID: z.string().min(1).optional().describe('AppRole in place of a token'),
  VAULT_SECRET_ID: z.string().min(1).optional().describe('Its secret ID'),
  CLAUDE_BASE_URL: url.default('https://api.anthropic.com').describe('The upstream'),
  CLAUDE_UPSTREAM_NAME: alias.default('anthropic').describe('Label of the upstream in metrics'),
  CLAUDE_UPSTREAMS: upstreams
    .optional()
    .describe('Several upstreams in place of the one above, as JSON (docs/upstreams.md)'),
  CLAUDE_MODELS: list
    .default(['claude-opus-5-5', 'claude-sonnet-5-5', 'claude-haiku-5-5'])
    .describe('Models that get a label of their own; all others are "other"'),
  CALLERS: callers
    .optional()
    .describe('Who may call, as JSON (docs/callers.md); without it anybody may'),
  ALLOW_ANYBODY: flag
    .default(false)
    .describe('Start without CALLERS also where NODE_ENV is production'),
  NODE_ENV: z.string().optional().describe('production refuses to start open to anybody'),
  REDIS_URL: z
    .url({ protocol: /^rediss?$/ })
    .optional()
    .describe("Where instances share callers' limits; without it each counts for itself"),
  MASK_PERSONAL_DATA: flag
    .default(false)
    .describe('Hide e-mail, card and phone numbers from the upstream (docs/redaction.md)'),
  LOG_LEVEL: z
    .enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'])
    .default('info')
    .describe('Lowest level that is written'),
  TRUST_INBOUND_TRACE: flag
    .default(false)
    .describe("Callers' IDs and traceparent become trace context (only behind a trusted edge)"),
  BODY_LIMIT_BYTES: count
    .max(64 * 1024 * 1024)
    .default(32 * 1024 * 1024)
    .describe('Largest request body'),
  CALL_DEADLINE_MS: ms.default(300_000).describe('Limit of a whole call, retries included'),
  ATTEMPT_TIMEOUT_MS: ms.default(120_000).describe('Limit of one attempt at a whole answer'),
  FIRST_EVENT_TIMEOUT_MS: ms
    .default(10_000)
    .describe('Limit of one attempt at a stream until its first event'),
  IDLE_TIMEOUT_MS: ms.default(60_000).describe('Longest silence of an upstream socket'),
  CONNECT_TIMEOUT_MS: ms.default(5_000).describe('Limit of connecting to the upstream'),
  KEEP_ALIVE_MS: ms
    .default(4_000)
    .describe("Idle pool sockets close after this; below the server's"),
  CONNECTION_MAX_AGE_MS: ms
    .default(60_000)
    .describe(
      'A connection takes no more calls after this: changes in DNS are followed under load',
    ),
  POOL_CONNECTIONS: count.default(100).describe('Most connections to the upstream'),
  RETRY_MAX: z.coerce.number().int().min(0).max(10).default(2).describe('Most retries of a call'),
  RETRY_BASE_MS: ms.default(500).describe('First back-off, doubled each time, full jitter'),
  RETRY_CAP_MS: ms.default(8_000).describe('Longest back-off'),
  RETRY_BUDGET_RATIO: z.coerce
    .number()
    .min(0)
    .max(1)
    .default(0.1)
    .describe('Retries earned by each success, of all calls together'),
  RETRY_BUDGET_CAPACITY: count
    .default(10)
    .describe('Retries that can be saved up, and at the start'),
  HEDGE_AFTER_MS: ms
    .optional()
    .describe(
      'A call without an answer after this is asked a second time; off where it is not set',
    ),
  BREAKER_WINDOW_MS: ms
    .default(10_000)
    .describe('Failures of an upstream are counted over this time'),
  BREAKER_MIN_ATTEMPTS: count
    .default(20)
    .describe(
      'With fewer attempts in that time its circuit stays closed; as many failures in a row open it',
    ),
  BREAKER_FAILURE_RATIO: z.coerce
    .number()
    .gt(0)
    .max(1)
    .default(0.5)
    .describe('Share of failures that opens its circuit'),
  BREAKER_OPEN_MS: ms.default(5_000).describe('How long a circuit stays open before it is tried'),
  BREAKER_PROBES: count.default(3).describe('Attempts that try it, and must all succeed'),
  BREAKER_RAMP_MS: ms.default(30_000).describe('From closing again to its full share of the calls'),
  ADMISSION_LIMIT: count.default(100).describe('Calls served at once; about POOL_CONNECTIONS'),
  ADMISSION_QUEUE: z.coerce
    .number()
    .int()
    .min(0)
    .max(10_000)
    .default(20)
    .describe('Calls that may wait for a place; all others are refused at once'),
  ADMISSION_WAIT_MS: ms.default(1_000).describe('How long they may wait before they are refused'),
  BATCH_MAX_ITEMS: count.default(100).describe('Most items of one batch'),
  BATCH_CONCURRENCY: count.default(10).describe('Items of one batch in flight at once'),
  SHUTDOWN_TIMEOUT_MS: ms.default(30_000).describe('Limit for finishing what is in flight'),
  OTEL_SDK_DISABLED: flag.default(false).describe('No spans, no metrics; correlation still works'),
  OTEL_SERVICE_NAME: z
    .string()
    .min(1)
    .max(255)
    .default('claude-observatory')
    .describe('Service name'),
  OTEL_TRACES_EXPORTER: z.enum(['otlp', 'none']).default('otlp').describe('Where spans go'),
  OTEL_LOGS_EXPORTER: z
    .enum(['otlp', 'none'])
    .default('none')
    .describe('Where log lines go besides standard output'),
  OTEL_EXPORTER_OTLP_ENDPOINT: url
    .default('http://localhost:4318')
    .describe('OTLP over HTTP, base URL; /v1/traces and /v1/logs are appended'),
  OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT: flag
    .default(false)
    .describe('Prompts and answers go on spans, redacted as all of a span is'),
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
});

/** A caller, his own keys by upstream. */
export type CallerConfig = Omit<CallerSettings, 'keys' | 'signing'> & {
  readonly keys: Readonly<Record<string, KeySpec>>;
  /** What his requests must be signed with. */
  readonly signing: KeySpec | undefined;
};

export type UpstreamConfig = Omit<UpstreamSettings, 'keys' | 'signing'> & {
  readonly keys: KeySpec;
  readonly signing: KeySpec | undefined;
};

/**
 * The settings as the service uses them: frozen plain data, keys as in the environment; besides them
 * the upstreams, however they were given.
 */
export type Config = Readonly<
  z.infer<typeof envSchema> & {
    readonly upstreams: readonly UpstreamConfig[];
    readonly callers: readonly CallerConfig[];
  }
>;

type Settings = z.infer<typeof envSchema>;
type Env = Readonly<Record<string, string | undefined>>;

/** A bad environment: `problems` has a line a key, never a value. */
export class ConfigError extends Error {
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(`bad configuration:\n${problems.map((p) => `  ${p}`).join('\n')}`);
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

/**
 * Reads the settings from an environment. An empty value counts as not set, as in a `.env` file.
 * @throws {ConfigError} listing every bad key at once
 */
export function readConfig(env: Env): Config {
  const set = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const result = envSchema.safeParse(set);
  if (result.success) {
    const upstreams = upstreamsOf(result.data, set);
    const callers = callersOf(result.data, upstreams, set);
    return Object.freeze(hidden({ ...result.data, upstreams, callers }));
  }
  throw new ConfigError(
    result.error.issues.map(
      (issue) => `${String(issue.path[0] ?? 'environment')}: ${issue.message}`,
    ),
  );
}

/** Whoever prints the settings sees no key. */
function hidden(config: Config): Config {
  return Object.defineProperty(config, inspect.custom, { value: () => '[settings]' });
}

/** @throws {ConfigError} naming each variable that is missing or bad, never its value */
function upstreamsOf(settings: Settings, env: Env): readonly UpstreamConfig[] {
  const { CLAUDE_UPSTREAMS, CLAUDE_UPSTREAM_NAME, CLAUDE_BASE_URL, CLAUDE_KEYS } = settings;
  if (!CLAUDE_UPSTREAMS) {
    const one = { name: CLAUDE_UPSTREAM_NAME, url: CLAUDE_BASE_URL };
    const keys = specOf(CLAUDE_KEYS, env);
    const signing = optionalSpec(settings.CLAUDE_SIGNING, env);
    const [variable] = missing(signing);
    if (variable) throw new ConfigError([`CLAUDE_SIGNING: needs a secret in ${variable}`]);
    return [{ ...one, priority: 0, weight: 1, models: {}, headers: {}, keys, signing }];
  }
  const all = CLAUDE_UPSTREAMS.map(({ keys, signing, ...one }) => ({
    ...one,
    keys: specOf(keys, env),
    signing: optionalSpec(signing, env),
  }));
  const problems = all.flatMap(({ name, keys, signing }) =>
    missing(keys, signing).map(
      (variable) => `CLAUDE_UPSTREAMS: ${name} needs a key in ${variable}`,
    ),
  );
  if (problems.length > 0) throw new ConfigError(problems);
  return all;
}

/** @throws {ConfigError} open where it must not be, or keys for an upstream that is not there */
function callersOf(
  { CALLERS = [], ALLOW_ANYBODY, NODE_ENV }: Settings,
  upstreams: readonly UpstreamConfig[],
  env: Env,
): readonly CallerConfig[] {
  if (NODE_ENV?.toLowerCase() === 'production' && CALLERS.length === 0 && !ALLOW_ANYBODY) {
    const ways =
      'name them, or say ALLOW_ANYBODY=true where something in front of it asks who calls';
    throw new ConfigError([`CALLERS: in production the service is not open to anybody: ${ways}`]);
  }
  const known = new Set(upstreams.map(({ name }) => name));
  const problems = CALLERS.flatMap(({ name, keys }) =>
    Object.keys(keys)
      .filter((upstream) => !known.has(upstream))
      .map((upstream) => `CALLERS: ${name} has keys for ${upstream}, which is no upstream`),
  );
  const all = CALLERS.map(({ keys, signing, ...one }) => {
    const specs = Object.entries(keys).map(
      ([name, source]) => [name, specOf(source, env)] as const,
    );
    return { ...one, keys: Object.fromEntries(specs), signing: optionalSpec(signing, env) };
  });
  for (const { name, keys, signing } of all) {
    const variables = missing(...Object.values(keys), signing);
    problems.push(...variables.map((variable) => `CALLERS: ${name} needs a key in ${variable}`));
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return all;
}

/** What of the settings nobody may see, in no log line, span or error. It never throws. */
export function secretsOf({ upstreams, callers, ...config }: Config): readonly string[] {
  const { VAULT_TOKEN, VAULT_SECRET_ID, REDIS_URL } = config;
  const specs = [
    ...upstreams.flatMap(({ keys, signing }) => [keys, signing]),
    ...callers.flatMap(({ keys, signing }) => [...Object.values(keys), signing]),
  ];
  const fromEnv = specs.flatMap((spec) => (spec?.kind === 'env' && spec.value) || []);
  const password = REDIS_URL && new URL(REDIS_URL).password;
  const headers = upstreams.flatMap((one) => Object.values(one.headers));
  // The keys inside a JSON value are the store's to name.
  const all = [...fromEnv, ...headers, VAULT_TOKEN, VAULT_SECRET_ID, password];
  // A short header says nothing secret, and would be hidden wherever it stands.
  return all.filter((text): text is string => (text ?? '').length >= 8);
}

/** Variables that hold no key: they will not change while the process lives. */
function missing(...specs: readonly (KeySpec | undefined)[]): readonly string[] {
  return specs.flatMap((spec) =>
    spec?.kind === 'env' && !keyText.safeParse(spec.value).success ? [spec.name] : [],
  );
}

function optionalSpec(source: string | undefined, env: Env): KeySpec | undefined {
  return source === undefined ? undefined : specOf(source, env);
}

function specOf(source: string, env: Env): KeySpec {
  const colon = source.indexOf(':');
  const kind = source.slice(0, colon) as KeySpec['kind'];
  const name = source.slice(colon + 1);
  return kind === 'env' ? { kind, name, value: env[name] } : { kind, name };
}
