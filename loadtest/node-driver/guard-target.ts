/** Asks the service who its upstream is, before any load is made. */
import { setTimeout as delay } from 'node:timers/promises';
import {
  GUARD_TRIES,
  GUARD_TRY_MS,
  guardRequest,
  mayLoad,
  type Permission,
} from '../scenarios/guard.ts';
import type { LoadSettings } from '../scenarios/settings.ts';
import { Sender } from './sender.ts';

export interface Asking {
  /** Told what is asked, before each time. */
  readonly say: (line: string) => void;
  /** Ends it: the load is then refused. */
  readonly signal: AbortSignal;
}

/** Before it asks again. */
const PAUSE_MS = 500;

/** @returns whether the load may be made, and why */
export async function guardTarget(
  { target, tokens, paidCalls }: LoadSettings,
  { say, signal }: Asking,
): Promise<Permission> {
  const sender = new Sender({ baseUrl: target, timeoutMs: GUARD_TRY_MS });
  signal.addEventListener('abort', () => sender.giveUp(), { once: true });
  try {
    for (let tries = 1; !signal.aborted; tries++) {
      say(`asking ${target} what its upstream is (${tries} of ${GUARD_TRIES}) …`);
      const answer = await sender.send(guardRequest(tokens[0]));
      if (signal.aborted) break;
      const permission = mayLoad(answer, target, paidCalls);
      if (!permission.unknown || tries >= GUARD_TRIES) return permission;
      await delay(PAUSE_MS, undefined, { signal }).catch(() => undefined);
    }
    return { allowed: false, unknown: false, reason: 'the run was ended before it began' };
  } finally {
    await sender.close();
  }
}
