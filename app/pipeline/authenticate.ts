/** Stage: puts the upstream's key on each attempt, so that a retry can take another key. */
import { AppError } from '../errors.ts';
import type { Stage } from './stage.ts';

/** @returns the key to use now, or undefined where there is none */
export type KeySource = () => string | undefined | Promise<string | undefined>;

/**
 * @param keySource for a request without an upstream: a pipeline used on its own
 * @throws {AppError} no_key
 */
export function authenticate(keySource: KeySource = () => undefined): Stage {
  return async function authenticate(request, next) {
    const key = await (request.upstream?.key ?? keySource)();
    if (key === undefined) throw new AppError('no_key', 'the service has no key for the upstream');
    return next({ ...request, headers: { ...request.headers, 'x-api-key': key } });
  };
}
