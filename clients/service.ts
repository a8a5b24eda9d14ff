/** The service as these clients meet it: a process in front of the simulator, with a caller of its own. */
import { createHash } from 'node:crypto';
import { useSimulatedService } from '../app/testing/simulated-service.ts';

/** What the clients send as their API key. */
export const TOKEN = 'token-of-the-clients-0123456789';

export const MODEL = 'claude-haiku-5-5';

export function useService() {
  const token_sha256 = createHash('sha256').update(TOKEN).digest('hex');
  return useSimulatedService({ CALLERS: JSON.stringify([{ name: 'clients', token_sha256 }]) });
}
