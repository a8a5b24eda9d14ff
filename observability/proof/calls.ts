/** Calls of the proof of life: what becomes of them is for the metrics to tell. */
import type { Fault as InjectedFault } from '../../loadtest/simulator/faults.ts';
import { TOKENS, type World } from './world.ts';

export interface CallOptions {
  readonly path?: string;
  readonly model?: string;
  readonly stream?: boolean;
  /** Further fields of the message. */
  readonly fields?: Readonly<Record<string, unknown>>;
  /** In place of a message. */
  readonly body?: string;
  readonly token?: string;
  /** The caller gives up then. */
  readonly leaveAfterMs?: number;
  readonly headers?: Readonly<Record<string, string>>;
}

const PATIENCE_MS = 30_000;
/** The simulator answers with what it is told, long enough for the speed of a stream to be measured. */
const TEXT = 'All work and no play makes Jack a dull boy. '.repeat(40);

function messageBody(fields: Readonly<Record<string, unknown>>): string {
  const messages = [{ role: 'user', content: TEXT }];
  return JSON.stringify({ max_tokens: 1024, messages, ...fields });
}

/** Makes a call and reads its answer to the end, whatever it is. */
export async function call(world: World, options: CallOptions): Promise<void> {
  const { path = '/v1/messages', model = 'claude-haiku-5-5', stream = false } = options;
  const body = options.body ?? messageBody({ model, stream, ...options.fields });
  const headers = {
    'content-type': 'application/json',
    'anthropic-version': '2023-06-01',
    'x-api-key': options.token ?? TOKENS.search,
    ...options.headers,
  };
  const signal = AbortSignal.timeout(options.leaveAfterMs ?? PATIENCE_MS);
  const request = path === '/v1/models' ? {} : { method: 'POST', body };
  // A broken answer is what some faults are about.
  await fetch(world.service + path, { ...request, headers, signal })
    .then((answer) => answer.text())
    .catch(() => undefined);
}

/** Makes calls at once. */
export async function calls(world: World, count: number, options: CallOptions): Promise<void> {
  await Promise.all(Array.from({ length: count }, () => call(world, options)));
}

/** Makes calls while the simulator injects faults. */
export async function during(
  { simulator }: World,
  faults: readonly InjectedFault[],
  traffic: () => Promise<void>,
): Promise<void> {
  simulator.setFaults(faults);
  await traffic();
  simulator.setFaults([]);
}
