/** Wires what calls come in through: who calls, how much of it, and with what signature. */
import type { AppDeps } from './app.ts';
import { createCallers, type KnownCaller, knownCaller } from './callers/callers.ts';
import { createAdmission } from './callers/concurrency.ts';
import { createMemoryNonces } from './callers/nonces.ts';
import { createLimits } from './callers/quotas.ts';
import { createRedis } from './callers/redis.ts';
import type { CallerConfig, Config } from './config/config.ts';
import { createGate } from './http/gate.ts';
import { createRedisNonces, verifyCaller } from './http/verify-caller.ts';
import type { KeyPool } from './keys/key-pool.ts';
import type { KeyStore } from './keys/key-store.ts';
import type { ServiceDeps } from './service.ts';
import type { GaugeSources } from './telemetry/gauges.ts';
import { recordSignatureCheck } from './telemetry/instruments.ts';
import { systemClock } from './time/clock.ts';

/** Of each caller who signs, some 15 MB; at the limit his requests are refused. */
const MAX_NONCES = 100_000;

export interface CallerSide extends Pick<AppDeps, 'callers' | 'gate' | 'verify'> {
  readonly gauges: Pick<GaugeSources, 'admission'>;
  close(): void;
}

/** @param keys gains the pools of callers' own keys and signing secrets */
export function createCallerSide(
  { config, logger, telemetry: { instruments } }: ServiceDeps,
  keys: KeyStore,
): CallerSide {
  const redis = createRedis(config.REDIS_URL, logger);
  const limits = createLimits({
    redis,
    onRefused: (caller, by) => instruments.callerRefusals.add(1, { caller, reason: by }),
  });
  const admission = createAdmission({
    limit: config.ADMISSION_LIMIT,
    queue: config.ADMISSION_QUEUE,
    waitMs: config.ADMISSION_WAIT_MS,
  });
  return {
    callers: createCallers(config.callers.map((caller) => toCaller(caller, keys))),
    gate: createGate(admission, limits),
    verify: verifyCaller({
      secrets: callersSecrets(config, keys),
      nonces: () =>
        redis
          ? createRedisNonces(redis)
          : createMemoryNonces({ maxEntries: MAX_NONCES }, systemClock),
      now: Date.now,
      onResult: (check) => recordSignatureCheck(instruments, check),
    }),
    gauges: { admission: () => admission.counts() },
    close: () => redis?.disconnect(),
  };
}

/** What the requests of those callers must be signed with who must sign. */
function callersSecrets({ callers }: Config, store: KeyStore): ReadonlyMap<string, KeyPool> {
  return new Map(
    callers.flatMap(({ name: caller, signing }) =>
      signing ? [[caller, store.pool({ purpose: 'verify', caller }, signing)] as const] : [],
    ),
  );
}

function toCaller({ keys, signing: _, ...settings }: CallerConfig, store: KeyStore): KnownCaller {
  const rings = Object.entries(keys).map(
    ([upstream, spec]) =>
      [upstream, store.pool({ purpose: 'call', upstream, caller: settings.name }, spec)] as const,
  );
  return knownCaller(settings, new Map(rings));
}
