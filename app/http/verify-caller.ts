/** Callers whose requests must be signed: their signature is checked with their own secrets. */
import type { RequestHandler } from 'express';
import type { Redis } from 'ioredis';
import type { NonceStore } from '../callers/nonces.ts';
import type { KeyPool } from '../keys/key-pool.ts';
import type { SignatureCheck } from '../telemetry/vocabulary.ts';
import { localsOf } from './context.ts';
import { verifySignature } from './verify-signature.ts';

export interface VerifyCallerDeps {
  /** By the caller's name; who is not in it need not sign. */
  readonly secrets: ReadonlyMap<string, KeyPool>;
  /** A store for each caller: whoever fills his own locks out nobody else. */
  readonly nonces: () => NonceStore;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  readonly onResult: (check: SignatureCheck) => void;
}

/**
 * Must stand behind authentication and behind what reads the body.
 * @returns undefined where nobody must sign
 * @throws as `verifySignature`
 */
export function verifyCaller({
  secrets,
  nonces,
  ...deps
}: VerifyCallerDeps): RequestHandler | undefined {
  if (secrets.size === 0) return undefined;
  const verifiers = new Map(
    [...secrets].map(([name, pool]) => {
      const store = nonces();
      const ofCaller = {
        seen: (nonce: string, ttlMs: number) => store.seen(`${name} ${nonce}`, ttlMs),
      };
      const valid = () =>
        pool.valid().map(({ alias: id, secret }) => ({ id, secret: secret.reveal() }));
      return [name, verifySignature({ ...deps, secrets: valid, nonces: ofCaller })];
    }),
  );
  return (request, response, next) => {
    const verify = verifiers.get(localsOf(response).caller.name);
    return verify ? verify(request, response, next) : next();
  };
}

/** Nonces that all instances share. A command that fails refuses the request. */
export function createRedisNonces(redis: Redis): NonceStore {
  return {
    async seen(nonce, ttlMs) {
      const set = await redis.set(`claude-observatory:nonce:${nonce}`, '1', 'PX', ttlMs, 'NX');
      return set === null;
    },
  };
}
