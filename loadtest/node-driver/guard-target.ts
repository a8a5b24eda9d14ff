/** Asks the service who its upstream is, before any load is made. */
import { REQUEST_TIMEOUT_MS } from '../calls/kinds.ts';
import { GUARD_TRIES, guardRequest, mayLoad, type Permission } from '../scenarios/guard.ts';
import type { LoadSettings } from '../scenarios/settings.ts';
import { Sender } from './sender.ts';

/** @returns whether the load may be made, and why */
export async function guardTarget({
  target,
  tokens,
  paidCalls,
}: LoadSettings): Promise<Permission> {
  const sender = new Sender({ baseUrl: target, timeoutMs: REQUEST_TIMEOUT_MS });
  try {
    for (let tries = 1; ; tries++) {
      const permission = mayLoad(await sender.send(guardRequest(tokens[0])), paidCalls);
      if (!permission.unknown || tries >= GUARD_TRIES) return permission;
    }
  } finally {
    await sender.close();
  }
}
