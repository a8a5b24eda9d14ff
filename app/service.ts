/** Wires the service's parts from its settings: pool, client, Express app. It does not listen. */
import type { Express } from 'express';
import { createApp } from './app.ts';
import { createClient } from './claude/client.ts';
import { createPool, poolStates } from './claude/transport.ts';
import { systemClock } from './clock.ts';
import type { CallerConfig, Config, UpstreamConfig } from './config.ts';
import { createAdmission } from './http/admission.ts';
import { createCallers, type KnownCaller, knownCaller } from './http/callers.ts';
import { createGate } from './http/gate.ts';
import { createLimits } from './http/limits.ts';
import { createMemoryNonces } from './http/nonces.ts';
import { createRedis } from './http/redis.ts';
import { createRedisNonces, verifyCaller } from './http/verify-caller.ts';
import { type KeyOwner, SHARED, SIGNING } from './keys/key-spec.ts';
import type { KeyRing } from './keys/ring.ts';
import { createKeyStore, type KeyStore, type KeyStoreOptions } from './keys/store.ts';
import { createRetryBudget } from './pipeline/retry-budget.ts';
import { createUpstreams, type Upstream } from './pipeline/upstreams.ts';
import { createKeyProducer, createReadObserver } from './telemetry/key-metrics.ts';
import type { Logger } from './telemetry/logger.ts';
import { CIRCUIT_STATES } from './telemetry/recorder.ts';
import type { Telemetry } from './telemetry/sdk.ts';
import { createSdkRecorder } from './telemetry/sdk-recorder.ts';
import { countSignatures } from './telemetry/signatures.ts';

export interface ServiceDeps {
  readonly config: Config;
  readonly logger: Logger;
  readonly telemetry: Pick<Telemetry, 'tracer' | 'instruments' | 'produce'>;
}

export interface Service {
  readonly app: Express;
  /** Set `draining` to refuse new calls and leave the balancer's list. */
  readonly lifecycle: { draining: boolean };
  /** Every key that may go out now. */
  secrets(): readonly string[];
  /** Resolves when the keys were read, or could not be. */
  ready(): Promise<void>;
  /** Closes the pool; what is still in flight is cut off. */
  close(): Promise<void>;
}

/** Of each caller who signs, some 15 MB; at the limit his requests are refused. */
const MAX_NONCES = 100_000;

/** Import this after telemetry has started: it brings Express in. */
export function createService({ config, logger, telemetry }: ServiceDeps): Service {
  const { tracer, instruments } = telemetry;
  const pool = createPool({
    connections: config.POOL_CONNECTIONS,
    connectTimeoutMs: config.CONNECT_TIMEOUT_MS,
    keepAliveMs: config.KEEP_ALIVE_MS,
    idleTimeoutMs: config.IDLE_TIMEOUT_MS,
    maxAgeMs: config.CONNECTION_MAX_AGE_MS,
  });
  instruments.pool.addCallback((result) => {
    for (const [state, n] of Object.entries(poolStates(pool))) result.observe(n, { state });
  });
  const recorder = createSdkRecorder({
    tracer,
    instruments,
    logger,
    models: config.CLAUDE_MODELS,
    captureContent: config.OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT,
    now: systemClock.now,
  });
  const keys = createKeyStore(
    {
      pollMs: config.KEY_POLL_MS,
      timeoutMs: config.KEY_TIMEOUT_MS,
      overlapMs: config.KEY_OVERLAP_MS,
      vault: vaultOptions(config),
    },
    {
      clock: systemClock,
      wallClock: Date.now,
      random: Math.random,
      onRead: createReadObserver(instruments, logger),
    },
  );
  telemetry.produce(createKeyProducer(keys, Date.now));
  const budget = createRetryBudget({
    ratio: config.RETRY_BUDGET_RATIO,
    capacity: config.RETRY_BUDGET_CAPACITY,
  });
  const upstreams = createUpstreams(
    config.upstreams.map((upstream) => toUpstream(upstream, keys)),
    {
      windowMs: config.BREAKER_WINDOW_MS,
      minAttempts: config.BREAKER_MIN_ATTEMPTS,
      failureRatio: config.BREAKER_FAILURE_RATIO,
      openMs: config.BREAKER_OPEN_MS,
      probes: config.BREAKER_PROBES,
      rampMs: config.BREAKER_RAMP_MS,
    },
    { clock: systemClock, random: Math.random },
  );
  instruments.circuit.addCallback((result) => {
    for (const { name: upstream, state: now } of upstreams.states()) {
      for (const state of CIRCUIT_STATES)
        result.observe(Number(state === now), { upstream, state });
    }
  });
  instruments.retryBudget.addCallback((result) => result.observe(budget.left()));
  const client = createClient(
    {
      callDeadlineMs: config.CALL_DEADLINE_MS,
      attemptTimeoutMs: config.ATTEMPT_TIMEOUT_MS,
      firstEventTimeoutMs: config.FIRST_EVENT_TIMEOUT_MS,
      maskPersonalData: config.MASK_PERSONAL_DATA,
      signatures: config.SIGNATURE_VERSIONS,
      hedgeAfterMs: config.HEDGE_AFTER_MS,
      retry: {
        maxRetries: config.RETRY_MAX,
        baseMs: config.RETRY_BASE_MS,
        capMs: config.RETRY_CAP_MS,
      },
    },
    {
      recorder,
      clock: systemClock,
      wallClock: Date.now,
      random: Math.random,
      budget,
      upstreams,
      hasKey: () =>
        keys.rings().some(({ owner, ring }) => !isSigning(owner) && ring.valid().length > 0),
      pool,
    },
  );
  const lifecycle = { draining: false };
  const admission = createAdmission({
    limit: config.ADMISSION_LIMIT,
    queue: config.ADMISSION_QUEUE,
    waitMs: config.ADMISSION_WAIT_MS,
  });
  instruments.admission.addCallback((result) => {
    for (const [state, n] of Object.entries(admission.counts())) result.observe(n, { state });
  });
  const callers = createCallers(config.callers.map((caller) => toCaller(caller, keys)));
  const redis = createRedis(config.REDIS_URL, logger);
  const limits = createLimits({
    redis,
    onRefused: (caller, by) => instruments.callerRefusals.add(1, { caller, by }),
  });
  const app = createApp({
    client,
    callers,
    gate: createGate(admission, limits),
    logger,
    config,
    lifecycle,
    verify: verifyCaller({
      secrets: callersSecrets(config, keys),
      nonces: () =>
        redis
          ? createRedisNonces(redis)
          : createMemoryNonces({ maxEntries: MAX_NONCES }, systemClock),
      now: Date.now,
      onResult: countSignatures(instruments),
    }),
    onReplacedId: () => instruments.replacedIds.add(1),
    onUnauthenticated: () => instruments.unauthenticated.add(1),
  });
  return {
    app,
    lifecycle,
    secrets: keys.secrets,
    ready: keys.ready,
    async close() {
      keys.close();
      redis?.disconnect();
      await pool.destroy();
    },
  };
}

function toUpstream(
  { url, keys, signing, ...upstream }: UpstreamConfig,
  store: KeyStore,
): Upstream {
  const { name } = upstream;
  return {
    ...upstream,
    baseUrl: url.replace(/\/$/, ''),
    keys: store.ring({ upstream: name, caller: SHARED }, keys),
    ...(signing && { signing: store.ring({ upstream: name, caller: SIGNING }, signing) }),
  };
}

/** What the requests of those callers must be signed with who must sign. */
function callersSecrets({ callers }: Config, store: KeyStore): ReadonlyMap<string, KeyRing> {
  return new Map(
    callers.flatMap(({ name: caller, signing }) =>
      signing ? [[caller, store.ring({ upstream: SIGNING, caller }, signing)] as const] : [],
    ),
  );
}

function toCaller({ keys, signing: _, ...settings }: CallerConfig, store: KeyStore): KnownCaller {
  const rings = Object.entries(keys).map(
    ([upstream, spec]) =>
      [upstream, store.ring({ upstream, caller: settings.name }, spec)] as const,
  );
  return knownCaller(settings, new Map(rings));
}

/** Of upstreams the caller, of callers the upstream says that it is no key. */
function isSigning({ upstream, caller }: KeyOwner): boolean {
  return upstream === SIGNING || caller === SIGNING;
}

function vaultOptions(config: Config): KeyStoreOptions['vault'] {
  const { VAULT_ADDR, VAULT_NAMESPACE, VAULT_TOKEN, VAULT_ROLE_ID, VAULT_SECRET_ID } = config;
  const auth = VAULT_ROLE_ID
    ? { roleId: VAULT_ROLE_ID, secretId: async () => VAULT_SECRET_ID ?? '' }
    : { token: async () => VAULT_TOKEN ?? '' };
  return { address: VAULT_ADDR.replace(/\/$/, ''), namespace: VAULT_NAMESPACE, auth };
}
