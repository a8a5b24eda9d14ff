/** What metrics say of the keys: state, age, limits left, and how their sources are. */
import type { ObservableResult } from '@opentelemetry/api';
import type { KeyOwner } from '../keys/key-spec.ts';
import type { Read } from '../keys/refresh.ts';
import { KEY_STATES, type KeyView } from '../keys/ring.ts';
import type { KeyStore } from '../keys/store.ts';
import type { Logger } from './logger.ts';
import type { Instruments } from './metrics.ts';

/** Shows the keys that `store` has at each scrape. */
export function observeKeys(instruments: Instruments, store: KeyStore, now: () => number): void {
  const each =
    (see: (result: ObservableResult, view: KeyView, owner: KeyOwner) => void) =>
    (result: ObservableResult) => {
      for (const { owner, ring } of store.rings()) {
        for (const view of ring.view()) see(result, view, owner);
      }
    };
  instruments.keyState.addCallback(
    each((result, { alias: key, state: is }, owner) => {
      for (const state of KEY_STATES)
        result.observe(Number(state === is), { ...owner, key, state });
    }),
  );
  instruments.keyAge.addCallback(
    each((result, { alias: key, sinceMs }, owner) => {
      result.observe((now() - sinceMs) / 1000, { ...owner, key });
    }),
  );
  instruments.rateLimitRemaining.addCallback(
    each((result, { alias: key, limits }, owner) => {
      for (const [family, limit] of limits) {
        const left = now() >= limit.resetAtMs ? limit.limit : limit.remaining;
        result.observe(left, { ...owner, key, family });
      }
    }),
  );
  instruments.rateLimitMax.addCallback(
    each((result, { alias: key, limits }, owner) => {
      for (const [family, { limit }] of limits) result.observe(limit, { ...owner, key, family });
    }),
  );
}

/** Counts a read of a source; says a failure, and when it is over. */
export function createReadObserver(
  instruments: Instruments,
  logger: Logger,
): (owner: KeyOwner, read: Read) => void {
  const down = new Set<string>();
  return (owner, read) => {
    const { source } = read;
    const who = `${owner.upstream} ${owner.caller} ${source}`;
    instruments.keySourceUp.record(Number(read.ok), owner);
    if (!read.ok) {
      const { failure: reason, error } = read;
      instruments.keySourceFailures.add(1, { ...owner, reason });
      logger.error({ ...owner, source, reason, problem: error.message }, 'keys could not be read');
      down.add(who);
      return;
    }
    if (read.changed) {
      instruments.keyRotations.add(1, owner);
      logger.info({ ...owner, source }, 'keys have changed');
    }
    if (down.delete(who)) logger.info({ ...owner, source }, 'keys can be read again');
  };
}
