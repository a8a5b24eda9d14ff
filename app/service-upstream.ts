/** Wires what calls go out through: the pool, the keys, the upstreams with their circuits, the client. */
import { type ClaudeClient, type ClientDeps, createClient } from './claude/client.ts';
import { createPool, poolStates } from './claude/pool.ts';
import type { Config, UpstreamConfig } from './config/config.ts';
import type { Health } from './http/health.ts';
import { ownerLabels } from './keys/key-owner.ts';
import { createKeyStore, type KeyStore, type KeyStoreOptions } from './keys/key-store.ts';
import type { ServiceDeps } from './service.ts';
import type { GaugeSources } from './telemetry/gauges.ts';
import { createKeyProducer, createReadObserver } from './telemetry/key-gauges.ts';
import type { Recorder } from './telemetry/recorder.ts';
import { createSdkRecorder } from './telemetry/sdk-recorder.ts';
import { systemClock } from './time/clock.ts';
import { RetryBudget } from './upstreams/retry-budget.ts';
import { type Upstream, UpstreamPool } from './upstreams/upstream-pool.ts';

export interface UpstreamSide {
  readonly client: ClaudeClient;
  readonly health: Health;
  readonly recorder: Recorder;
  readonly keys: KeyStore;
  readonly gauges: Omit<GaugeSources, 'admission'>;
  /** Closes the pool; what is still in flight is cut off. */
  close(): Promise<void>;
}

export function createUpstreamSide(deps: ServiceDeps): UpstreamSide {
  const { config, logger, telemetry } = deps;
  const { tracer, instruments } = telemetry;
  const pool = poolOf(config);
  const keys = keysOf(deps);
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
  const upstreams = upstreamsOf(deps, keys);
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
    gauges: {
      pool: () => poolStates(pool),
      upstreams: () => upstreams.states(),
      budget: () => budget.left(),
    },
    async close() {
      keys.close();
      await pool.destroy();
    },
  };
}

function poolOf(config: Config) {
  return createPool({
    connections: config.POOL_CONNECTIONS,
    connectTimeoutMs: config.CONNECT_TIMEOUT_MS,
    keepAliveMs: config.KEEP_ALIVE_MS,
    idleTimeoutMs: config.IDLE_TIMEOUT_MS,
    maxAgeMs: config.CONNECTION_MAX_AGE_MS,
  });
}

function keysOf({ config, logger, telemetry }: ServiceDeps): KeyStore {
  const recordRead = createReadObserver(telemetry.instruments, logger);
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
      onRead: (owner, read) => recordRead(ownerLabels(owner), read),
    },
  );
  const read = () =>
    keys.pools().map(({ owner, pool }) => ({ labels: ownerLabels(owner), keys: pool.view() }));
  telemetry.produce(createKeyProducer(read, Date.now));
  return keys;
}

function upstreamsOf({ config, logger }: ServiceDeps, keys: KeyStore): UpstreamPool {
  return new UpstreamPool(
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
