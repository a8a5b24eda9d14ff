/** The service's configuration: the only reader of the environment, every bad setting reported at once. */
import { isIPv4 } from 'node:net';
import { inspect } from 'node:util';
import type { KeySpec } from '../keys/key-store.ts';
import { type CallerSettings, keyText, type UpstreamSettings } from './kinds.ts';
import { FORMER_SETTINGS, type Settings, settingsSchema } from './settings.ts';

/** A caller, with the sources of their own keys by upstream. */
export type CallerConfig = Omit<CallerSettings, 'keys' | 'signing' | 'tokens'> & {
  readonly keys: Readonly<Record<string, KeySpec>>;
  /** Source of the secrets that their requests must be signed with. */
  readonly signing: KeySpec | undefined;
  /** Source of tokens that are accepted besides those of `tokenDigests`. */
  readonly tokens: KeySpec | undefined;
};

export type UpstreamConfig = Omit<UpstreamSettings, 'keys' | 'signing'> & {
  readonly keys: KeySpec;
  readonly signing: KeySpec | undefined;
};

/** The configuration as the service uses it: grouped, with upstreams and callers resolved. */
export type Config = ReturnType<typeof toConfig>;

/** A name such as `127.example.com` is not one: it may resolve to any address. */
function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));
}

type Env = Readonly<Record<string, string | undefined>>;

/** A bad environment: `problems` has a line for each setting, never a value. */
export class ConfigError extends Error {
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(`bad configuration:\n${problems.map((p) => `  ${p}`).join('\n')}`);
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

/**
 * Reads the configuration from an environment. An empty value counts as not set, as in a `.env` file.
 * @throws {ConfigError} listing every bad setting at once
 */
export function readConfig(env: Env): Config {
  const set = Object.fromEntries(Object.entries(env).filter(([, value]) => value !== ''));
  const result = settingsSchema.safeParse(set);
  if (!result.success) {
    throw new ConfigError(
      result.error.issues.map(
        (issue) => `${String(issue.path[0] ?? 'environment')}: ${issue.message}`,
      ),
    );
  }
  const upstreams = upstreamsOf(result.data, set);
  const callers = callersOf(result.data, upstreams, set);
  const config = toConfig(result.data, upstreams, callers, formerSettings(set));
  return Object.freeze(hidden(config));
}

function toConfig(
  settings: Settings,
  upstreams: readonly UpstreamConfig[],
  callers: readonly CallerConfig[],
  former: readonly string[],
) {
  return {
    server: serverOf(settings),
    metrics: { host: settings.METRICS_HOST, port: settings.METRICS_PORT },
    stop: { delayMs: settings.DRAIN_DELAY_MS, limitMs: settings.SHUTDOWN_TIMEOUT_MS },
    upstreams,
    models: settings.CLAUDE_MODELS,
    keys: { pollMs: settings.KEY_POLL_MS },
    vault: hidden({
      address: settings.VAULT_ADDR.replace(/\/$/, ''),
      namespace: settings.VAULT_NAMESPACE,
      token: settings.VAULT_TOKEN,
      roleId: settings.VAULT_ROLE_ID,
      secretId: settings.VAULT_SECRET_ID,
    }),
    callers,
    /** Anybody who reaches the address may call. */
    isOpenToNetwork: callers.length === 0 && !isLoopback(settings.HOST),
    redisUrl: settings.REDIS_URL,
    calls: {
      deadlineMs: settings.CALL_DEADLINE_MS,
      attemptTimeoutMs: settings.ATTEMPT_TIMEOUT_MS,
      streamLimitMs: settings.STREAM_LIMIT_MS,
      firstEventTimeoutMs: settings.FIRST_EVENT_TIMEOUT_MS,
      maxRetries: settings.RETRY_MAX,
      connections: settings.POOL_CONNECTIONS,
      admissionLimit: settings.ADMISSION_LIMIT,
      pseudonymize: settings.MASK_PERSONAL_DATA,
    },
    logLevel: settings.LOG_LEVEL,
    telemetry: telemetryOf(settings),
    /** Settings of earlier releases that are still set, each with what took its place. */
    formerSettings: former,
  } as const;
}

function serverOf(settings: Settings) {
  return {
    host: settings.HOST,
    port: settings.PORT,
    reusePort: settings.REUSE_PORT,
    bodyLimitBytes: settings.BODY_LIMIT_BYTES,
    allowedHosts: settings.ALLOWED_HOSTS,
    bodyBudgetBytes: Math.max(settings.BODY_BUDGET_BYTES, roomFor(settings.BODY_LIMIT_BYTES)),
  };
}

/** @returns the budget in which the largest body fits: an eighth of it is kept for small ones */
function roomFor(bodyBytes: number): number {
  return Math.ceil((bodyBytes * 8) / 7);
}

/** Whoever prints the configuration, or the part of it that holds secrets, sees none. */
function hidden<T extends object>(config: T): T {
  const value = () => '[configuration]';
  return Object.defineProperties(config, { [inspect.custom]: { value }, toJSON: { value } });
}

function telemetryOf(settings: Settings) {
  return {
    disabled: settings.OTEL_SDK_DISABLED,
    trustInbound: settings.TRUST_INBOUND_TRACE,
    exportTraces: settings.OTEL_TRACES_EXPORTER === 'otlp',
    exportLogs: settings.OTEL_LOGS_EXPORTER === 'otlp',
    captureContent: settings.OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT,
    sampler: settings.OTEL_TRACES_SAMPLER,
    samplerRatio: settings.OTEL_TRACES_SAMPLER_ARG,
  } as const;
}

function formerSettings(set: Env): readonly string[] {
  return Object.entries(FORMER_SETTINGS)
    .filter(([name]) => set[name] !== undefined)
    .map(([name, successor]) => `${name} → ${successor}`);
}

/** @throws {ConfigError} naming each variable that is missing or bad, never its value */
function upstreamsOf(settings: Settings, env: Env): readonly UpstreamConfig[] {
  const { CLAUDE_UPSTREAMS, CLAUDE_UPSTREAM_NAME: name, CLAUDE_BASE_URL: url } = settings;
  if (!CLAUDE_UPSTREAMS) {
    const keys = specOf(settings.CLAUDE_KEYS, env);
    const signing = optionalSpec(settings.CLAUDE_SIGNING, env);
    const [variable] = missing(signing);
    if (variable) throw new ConfigError([`CLAUDE_SIGNING: needs a secret in ${variable}`]);
    const defaults = { priority: 0, weight: 1, models: {}, headers: {} };
    return [{ ...defaults, name, url, signatures: ['v2'], keys, signing }];
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

/** @throws {ConfigError} open to the network without ALLOW_ANYBODY, or keys for an unknown upstream */
function callersOf(
  { CALLERS = [], ALLOW_ANYBODY, HOST }: Settings,
  upstreams: readonly UpstreamConfig[],
  env: Env,
): readonly CallerConfig[] {
  if (CALLERS.length === 0 && !ALLOW_ANYBODY && !isLoopback(HOST)) {
    throw new ConfigError([
      'CALLERS: required unless HOST is a loopback address; set ALLOW_ANYBODY=true where something in front of the service authenticates callers',
    ]);
  }
  const known = new Set(upstreams.map(({ name }) => name));
  const problems = CALLERS.flatMap(({ name, keys }) =>
    Object.keys(keys)
      .filter((upstream) => !known.has(upstream))
      .map((upstream) => `CALLERS: ${name} has keys for ${upstream}, which is not an upstream`),
  );
  const all = CALLERS.map(({ keys, signing, tokens, ...one }) => {
    const specs = Object.entries(keys).map(
      ([name, source]) => [name, specOf(source, env)] as const,
    );
    return {
      ...one,
      keys: Object.fromEntries(specs),
      signing: optionalSpec(signing, env),
      tokens: optionalSpec(tokens, env),
    };
  });
  for (const { name, keys, signing, tokens } of all) {
    const variables = missing(...Object.values(keys), signing, tokens);
    problems.push(...variables.map((variable) => `CALLERS: ${name} needs a key in ${variable}`));
  }
  if (problems.length > 0) throw new ConfigError(problems);
  return all;
}

/** @returns every secret of the settings, which no log line, span or error may show. It never throws. */
export function secretsOf({ upstreams, callers, vault, redisUrl }: Config): readonly string[] {
  const specs = [
    ...upstreams.flatMap(({ keys, signing }) => [keys, signing]),
    ...callers.flatMap(({ keys, signing, tokens }) => [...Object.values(keys), signing, tokens]),
  ];
  const fromEnv = specs.flatMap((spec) => (spec?.kind === 'env' && spec.value) || []);
  const password = redisUrl && new URL(redisUrl).password;
  const headers = upstreams.flatMap((one) => Object.values(one.headers));
  // The key store names the keys inside a JSON value.
  const all = [...fromEnv, ...headers, vault.token, vault.secretId, password];
  // A short header is not a secret, and would be hidden wherever it occurs.
  return all.filter((text): text is string => (text ?? '').length >= 8);
}

/** @returns variables that hold no key: they will not change while the process lives */
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
  return kind === 'env' ? hidden({ kind, name, value: env[name] }) : { kind, name };
}
