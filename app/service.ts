/** The composition root: builds the parts of the service from its configuration and wires them. */
import type { RequestListener } from 'node:http';
import { createApp } from './app.ts';
import type { Callers } from './callers/callers.ts';
import { ConcurrencyLimiter } from './callers/concurrency.ts';
import { MAX_NONCES, MemoryNonces, RedisNonces } from './callers/nonces.ts';
import { Quotas } from './callers/quotas.ts';
import { createRedis } from './callers/redis.ts';
import { createClient } from './claude/client.ts';
import { createModelList, type ListModels } from './claude/model-list.ts';
import { ModelWatch } from './claude/model-watch.ts';
import { createPools, poolStates } from './claude/pool.ts';
import type { Config } from './config/config.ts';
import { toAppError } from './errors.ts';
import { Lifecycle } from './http/lifecycle.ts';
import { type VerifyCallersDeps, verifyCallers } from './http/middleware.ts';
import { ownerLabels } from './keys/key-owner.ts';
import { createKeyStore, type KeyStore } from './keys/key-store.ts';
import type { OwnKeys } from './pipeline/stage.ts';
import type { Redactor } from './privacy/redactor.ts';
import { observeGauges } from './telemetry/gauges.ts';
import { recordSignatureCheck } from './telemetry/instruments.ts';
import { createKeyProducer, createReadObserver } from './telemetry/key-gauges.ts';
import type { Logger } from './telemetry/logger.ts';
import { createRetirementProducer, ModelRetirements } from './telemetry/model-retirements.ts';
import type { Telemetry } from './telemetry/sdk.ts';
import { createSdkRecorder } from './telemetry/sdk-recorder.ts';
import { systemClock } from './time/clock.ts';
import { type Tuning, type TuningOverrides, tuned } from './tuning.ts';
import { RetryBudget } from './upstreams/retry-budget.ts';
import { UpstreamPool } from './upstreams/upstream-pool.ts';

const SYSTEM = { clock: systemClock, wallClock: Date.now, random: Math.random };

export interface ServiceDeps {
  readonly config: Config;
  /** Built before telemetry, which asks them whom to trust. */
  readonly callers: Callers;
  readonly logger: Logger;
  readonly redactor: Redactor;
  readonly telemetry: Pick<Telemetry, 'tracer' | 'instruments' | 'produce'>;
  readonly tuning?: TuningOverrides;
}

export interface Service {
  readonly app: RequestListener;
  readonly lifecycle: Lifecycle;
  /** Every key that may be sent now. */
  secrets(): readonly string[];
  /** Resolves when the keys were read, or could not be. */
  ready(): Promise<void>;
  /** Closes the pool; what is still in flight is cut off. */
  close(): Promise<void>;
}

/** Does not listen. Import this after telemetry has started, because it imports the HTTP server. */
export function createService(deps: ServiceDeps): Service {
  const { config, callers, logger, redactor } = deps;
  const { instruments } = deps.telemetry;
  const tuning = tuned(deps.tuning);
  const keys = createKeys(deps, tuning);
  const { close: closeCalls, gauges, ...calls } = createCalls(deps, tuning, keys);
  const { close: closeAdmission, ...admission } = createAdmission(deps, tuning, keys);
  observeGauges(instruments, { ...gauges, admission: admission.limiter });
  const lifecycle = new Lifecycle();
  const app = createApp(
    {
      callers,
      logger,
      redactor,
      lifecycle,
      ...calls,
      ...admission,
      allowedHosts: config.server.allowedHosts,
      onRefused: (reason) => instruments.refusedRequests.add(1, { reason }),
      onReplacedId: () => instruments.replacedIds.add(1),
      onUnauthenticated: () => instruments.unauthenticated.add(1),
    },
    {
      bodyLimit: config.server.bodyLimitBytes,
      bodyBudget: config.server.bodyBudgetBytes,
      batch: tuning.batch,
    },
  );
  return {
    app,
    lifecycle,
    secrets: keys.secrets,
    ready: keys.ready,
    async close() {
      closeAdmission();
      keys.close();
      await closeCalls();
    },
  };
}

function createKeys({ config, callers, logger, telemetry }: ServiceDeps, tuning: Tuning): KeyStore {
  const recordRead = createReadObserver(telemetry.instruments, logger);
  const { roleId, secretId = '', token = '', ...vault } = config.vault;
  const auth = roleId ? { roleId, secretId: async () => secretId } : { token: async () => token };
  const keys = createKeyStore(
    { ...config.keys, ...tuning.keys, vault: { ...vault, auth } },
    { ...SYSTEM, onRead: (owner, read) => recordRead(ownerLabels(owner), read) },
  );
  const read = () =>
    keys.pools().map(({ owner, pool }) => ({ labels: ownerLabels(owner), keys: pool.view() }));
  telemetry.produce(createKeyProducer(read, Date.now));
  for (const { name: caller, tokens } of config.callers) {
    if (!tokens) continue;
    const pool = keys.pool({ purpose: 'accept', caller }, tokens);
    callers.accept(caller, () => pool.valid());
  }
  return keys;
}

/** What calls are sent through: the connections, the upstreams with their circuits, the client. */
function createCalls(deps: ServiceDeps, tuning: Tuning, keys: KeyStore) {
  const { config, logger, telemetry } = deps;
  const { connections, maxRetries } = config.calls;
  const { close, ...pools } = createPools({ connections, ...tuning.pool });
  const budget = new RetryBudget(tuning.retryBudget);
  const upstreams = createUpstreams(deps, tuning, keys);
  const list = createModelList(tuning.modelList, { ...SYSTEM, ...pools, upstreams });
  const { retirements, watch } = createModelWatch(deps, tuning, list);
  void keys.ready().then(() => watch.start());
  const recorder = createSdkRecorder({
    tracer: telemetry.tracer,
    instruments: telemetry.instruments,
    logger,
    models: config.models,
    retirements,
    captureContent: config.telemetry.captureContent,
    now: systemClock.now,
    wallClock: Date.now,
  });
  const retry = { maxRetries, ...tuning.backoff };
  const client = createClient(
    { ...config.calls, ...tuning.stream, models: config.models, retry },
    { ...SYSTEM, ...pools, recorder, budget, upstreams },
  );
  return {
    client,
    recorder,
    health: { hasKey: keys.hasCallKey, upstreams: () => upstreams.states() },
    gauges: {
      pool: () => poolStates(pools.pool),
      poolLimit: () => connections * upstreams.origins(),
      upstreams: () => upstreams.states(),
      budget: () => budget.left(),
    },
    async close() {
      watch.stop();
      await close();
    },
  };
}

/** Learns when the models retire, from the service's own lists; the recorder adds what callers are told. */
function createModelWatch(
  { config, logger, telemetry }: ServiceDeps,
  { models }: Tuning,
  list: ListModels,
) {
  const retirements = new ModelRetirements(config.models);
  telemetry.produce(createRetirementProducer(retirements, Date.now));
  const watch = new ModelWatch(models, {
    ...SYSTEM,
    list,
    onList: (listed) => retirements.learnAll(listed),
    onFailure: (error) =>
      logger.warn({ reason: toAppError(error).message }, 'the list of models cannot be read'),
  });
  return { retirements, watch };
}

function createUpstreams(
  { config, logger }: ServiceDeps,
  { breaker }: Tuning,
  store: KeyStore,
): UpstreamPool {
  const upstreams = config.upstreams.map(({ url, keys, signing, ...upstream }) => ({
    ...upstream,
    baseUrl: url.replace(/\/$/, ''),
    keys: store.pool({ purpose: 'call', upstream: upstream.name }, keys),
    ...(signing && { signing: store.pool({ purpose: 'sign', upstream: upstream.name }, signing) }),
  }));
  return new UpstreamPool(upstreams, breaker, {
    ...SYSTEM,
    onCircuitChange(upstream, state) {
      if (state === 'open') logger.warn({ upstream }, 'circuit opened');
      if (state === 'closed') logger.info({ upstream }, 'circuit closed');
    },
  });
}

/** What is checked before a call: quotas, the concurrency limit, signatures, callers' own keys. */
function createAdmission(deps: ServiceDeps, tuning: Tuning, keys: KeyStore) {
  const { config, logger, telemetry } = deps;
  const { instruments } = telemetry;
  const redis = createRedis(config.redisUrl, logger);
  return {
    quotas: new Quotas({
      redis,
      onExceeded: (caller, reason) => instruments.callerRefusals.add(1, { caller, reason }),
    }),
    limiter: new ConcurrencyLimiter({ limit: config.calls.admissionLimit, ...tuning.admission }),
    ownKeys: ownKeysOf(config, keys),
    verify: verifyCallers({
      secrets: signingSecretsOf(config, keys),
      nonces: () =>
        redis ? new RedisNonces(redis) : new MemoryNonces({ maxEntries: MAX_NONCES }, systemClock),
      now: Date.now,
      onResult: (check) => recordSignatureCheck(instruments, check),
    }),
    close: () => redis?.disconnect(),
  };
}

/** Signing secrets of the callers that must sign their requests. */
function signingSecretsOf({ callers }: Config, store: KeyStore): VerifyCallersDeps['secrets'] {
  return new Map(
    callers.flatMap(({ name: caller, signing }) => {
      if (!signing) return [];
      const pool = store.pool({ purpose: 'verify', caller }, signing);
      const valid = () =>
        pool.valid().map(({ alias: id, secret }) => ({ id, secret: secret.reveal() }));
      return [[caller, valid] as const];
    }),
  );
}

function ownKeysOf({ callers }: Config, store: KeyStore): ReadonlyMap<string, OwnKeys> {
  return new Map(
    callers.map(({ name: caller, keys }) => {
      const pools = Object.entries(keys).map(
        ([upstream, spec]) =>
          [upstream, store.pool({ purpose: 'call', upstream, caller }, spec)] as const,
      );
      return [caller, new Map(pools)];
    }),
  );
}
