/** Wires what calls go out through: the pool, the keys, the upstreams with their circuits, the client. */
import { type ClaudeClient, type ClientDeps, createClient } from './claude/client.ts';
import { createPool, poolStates } from './claude/pool.ts';
import type { Config, UpstreamConfig } from './config/config.ts';
import type { Health } from './http/health.ts';
import { createKeyStore, type KeyStore, type KeyStoreOptions } from './keys/key-store.ts';
import type { ServiceDeps } from './service.ts';
import { createKeyProducer, createReadObserver } from './telemetry/key-gauges.ts';
import type { Instruments } from './telemetry/metric-catalogue.ts';
import type { Recorder } from './telemetry/recorder.ts';
import { createSdkRecorder } from './telemetry/sdk-recorder.ts';
import { CIRCUIT_STATES } from './telemetry/vocabulary.ts';
import { systemClock } from './time/clock.ts';
import { RetryBudget } from './upstreams/retry-budget.ts';
import { type Upstream, UpstreamPool } from './upstreams/upstream-pool.ts';

export interface UpstreamSide {
  readonly client: ClaudeClient;
  readonly health: Health;
  readonly recorder: Recorder;
  readonly keys: KeyStore;
  /** Closes the pool; what is still in flight is cut off. */
  close(): Promise<void>;
}

export function createUpstreamSide(deps: ServiceDeps): UpstreamSide {
  const { config, logger, telemetry } = deps;
  const { tracer, instruments } = telemetry;
  const pool = watchedPool(config, instruments);
  const keys = watchedKeys(deps);
  const recorder = createSdkRecorder({
    tracer,
    instruments,
    logger,
    models: config.CLAUDE_MODELS,
    captureContent: config.OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT,
    now: systemClock.now,
  });
  const budget = new RetryBudget({
    ratio: config.RETRY_BUDGET_RATIO,
    capacity: config.RETRY_BUDGET_CAPACITY,
  });
  instruments.retryBudget.addCallback((result) => result.observe(budget.left()));
  const upstreams = watchedUpstreams(deps, keys);
  const client = clientOf(config, {
    recorder,
    clock: systemClock,
    wallClock: Date.now,
    random: Math.random,
    budget,
    upstreams,
    pool,
  });
  return {
    client,
    recorder,
    health: {
      hasKey: () =>
        keys.pools().some(({ owner, pool }) => owner.purpose === 'call' && pool.valid().length > 0),
      upstreams: () => upstreams.states(),
    },
    keys,
    async close() {
      keys.close();
      await pool.destroy();
    },
  };
}

function watchedPool(config: Config, instruments: Instruments) {
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
  return pool;
}

function watchedKeys({ config, logger, telemetry }: ServiceDeps): KeyStore {
  const keys = createKeyStore(
    {
      pollMs: config.KEY_POLL_MS,
      timeoutMs: config.KEY_TIMEOUT_MS,
      gracePeriodMs: config.KEY_OVERLAP_MS,
      vault: vaultOptions(config),
    },
    {
      clock: systemClock,
      wallClock: Date.now,
      random: Math.random,
      onRead: createReadObserver(telemetry.instruments, logger),
    },
  );
  telemetry.produce(createKeyProducer(keys, Date.now));
  return keys;
}

function watchedUpstreams(
  { config, logger, telemetry: { instruments } }: ServiceDeps,
  keys: KeyStore,
): UpstreamPool {
  const upstreams = new UpstreamPool(
    config.upstreams.map((upstream) => toUpstream(upstream, keys)),
    {
      windowMs: config.BREAKER_WINDOW_MS,
      minAttempts: config.BREAKER_MIN_ATTEMPTS,
      failureRatio: config.BREAKER_FAILURE_RATIO,
      openMs: config.BREAKER_OPEN_MS,
      probes: config.BREAKER_PROBES,
      slowStartMs: config.BREAKER_RAMP_MS,
    },
    {
      clock: systemClock,
      random: Math.random,
      onCircuitChange(upstream, state) {
        if (state === 'open') logger.warn({ upstream }, 'circuit opened');
        if (state === 'closed') logger.info({ upstream }, 'circuit closed');
      },
    },
  );
  instruments.circuit.addCallback((result) => {
    for (const { name: upstream, state: now } of upstreams.states()) {
      for (const state of CIRCUIT_STATES)
        result.observe(Number(state === now), { upstream, state });
    }
  });
  return upstreams;
}

function clientOf(config: Config, deps: ClientDeps): ClaudeClient {
  return createClient(
    {
      callDeadlineMs: config.CALL_DEADLINE_MS,
      attemptTimeoutMs: config.ATTEMPT_TIMEOUT_MS,
      firstEventTimeoutMs: config.FIRST_EVENT_TIMEOUT_MS,
      pseudonymize: config.MASK_PERSONAL_DATA,
      signatures: config.SIGNATURE_VERSIONS,
      retry: {
        maxRetries: config.RETRY_MAX,
        baseMs: config.RETRY_BASE_MS,
        capMs: config.RETRY_CAP_MS,
      },
    },
    deps,
  );
}

function toUpstream(
  { url, keys, signing, ...upstream }: UpstreamConfig,
  store: KeyStore,
): Upstream {
  const { name } = upstream;
  return {
    ...upstream,
    baseUrl: url.replace(/\/$/, ''),
    keys: store.pool({ purpose: 'call', upstream: name }, keys),
    ...(signing && { signing: store.pool({ purpose: 'sign', upstream: name }, signing) }),
  };
}

function vaultOptions(config: Config): KeyStoreOptions['vault'] {
  const { VAULT_ADDR, VAULT_NAMESPACE, VAULT_TOKEN, VAULT_ROLE_ID, VAULT_SECRET_ID } = config;
  const auth = VAULT_ROLE_ID
    ? { roleId: VAULT_ROLE_ID, secretId: async () => VAULT_SECRET_ID ?? '' }
    : { token: async () => VAULT_TOKEN ?? '' };
  return { address: VAULT_ADDR.replace(/\/$/, ''), namespace: VAULT_NAMESPACE, auth };
}
