/** Wires what stands before a call: quotas, the limit of calls at once, signatures, callers' own keys. */
import type { AppDeps } from './app.ts';
import { ConcurrencyLimiter } from './callers/concurrency.ts';
import { MAX_NONCES, MemoryNonces, RedisNonces } from './callers/nonces.ts';
import { Quotas } from './callers/quotas.ts';
import { createRedis } from './callers/redis.ts';
import type { Config } from './config/config.ts';
import { type VerifyCallersDeps, verifyCallers } from './http/middleware.ts';
import type { KeyStore } from './keys/key-store.ts';
import type { OwnKeys } from './pipeline/stage.ts';
import type { ServiceDeps } from './service.ts';
import type { GaugeSources } from './telemetry/gauges.ts';
import { recordSignatureCheck } from './telemetry/instruments.ts';
import { systemClock } from './time/clock.ts';

export interface CallerSide extends Pick<AppDeps, 'quotas' | 'limiter' | 'ownKeys' | 'verify'> {
  readonly gauges: Pick<GaugeSources, 'admission'>;
  close(): void;
}

/** @param keys gains the key pools of callers' own keys and signing secrets */
export function createCallerSide(
  { config, logger, telemetry: { instruments } }: ServiceDeps,
  keys: KeyStore,
): CallerSide {
  const redis = createRedis(config.REDIS_URL, logger);
  const limiter = new ConcurrencyLimiter({
    limit: config.ADMISSION_LIMIT,
    queue: config.ADMISSION_QUEUE,
    waitMs: config.ADMISSION_WAIT_MS,
  });
  return {
    quotas: new Quotas({
      redis,
      onExceeded: (caller, reason) => instruments.callerRefusals.add(1, { caller, reason }),
    }),
    limiter,
    gauges: { admission: () => limiter.counts() },
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
