/** Measures what is left of a connection and of spans when the process freezes between calls: docs/serverless.md. */
import { setTimeout as delay } from 'node:timers/promises';
import { DEFAULT_KEY, startSimulator } from '../../loadtest/simulator/server.ts';
import { type SpanStore, startSpanStore } from '../../observability/local/span-store.ts';
import { quantile, table } from './figures.ts';
import { startFrozenProcess, startGateway } from './frozen-process.ts';

const BODY = {
  model: 'claude-haiku-5-5',
  max_tokens: 16,
  messages: [{ role: 'user', content: 'Hello' }],
};

export interface Setting {
  /** How long the pool keeps an idle connection, milliseconds. */
  readonly keepAliveMs: number;
  /** Whether the handler exports its spans before it returns. */
  readonly flush: boolean;
  /** How long each freeze lasts at least, milliseconds. */
  readonly freezeMs?: number;
}

export interface Frozen {
  /** Calls that were answered with 200. */
  readonly answered: number;
  /** Connections that were open when the process was frozen, over all freezes. */
  readonly heldOverFreezes: number;
  readonly connections: number;
  /** Attempts that met a connection which was no longer one, and so were made again. */
  readonly failedAttempts: number;
  readonly durationsMs: readonly number[];
  /** Calls whose span had arrived when the process was ended in its last freeze. */
  readonly traced: number;
}

/** Calls, freezes, lets the network forget its connections, thaws with the next call, and ends the process frozen. */
export async function measureFrozen(setting: Setting, calls: number): Promise<Frozen> {
  const [simulator, store] = await Promise.all([startSimulator(), startSpanStore({ port: 0 })]);
  const gateway = await startGateway(simulator.port);
  const frozen = startFrozenProcess({
    CLAUDE_BASE_URL: gateway.url,
    CLAUDE_API_KEY: DEFAULT_KEY,
    OTLP_URL: `${store.url}/v1/traces`,
    KEEP_ALIVE_MS: String(setting.keepAliveMs),
    FLUSH: String(setting.flush),
  });
  const answers: { status: number; ms: number }[] = [];
  let heldOverFreezes = 0;
  try {
    for (let i = 0; i < calls; i++) {
      answers.push(await frozen.call(BODY));
      await frozen.freeze();
      heldOverFreezes += await gateway.held();
      await delay(setting.freezeMs ?? 0);
      gateway.forget();
    }
  } finally {
    await frozen.end();
    gateway.close();
    await simulator.close();
    await store.close();
  }
  return {
    answered: answers.filter(({ status }) => status === 200).length,
    heldOverFreezes,
    connections: gateway.opened(),
    // The first call loads the code.
    durationsMs: answers.slice(1).map(({ ms }) => ms),
    ...seenBy(store),
  };
}

function seenBy(store: SpanStore): Pick<Frozen, 'failedAttempts' | 'traced'> {
  const spans = store.spans();
  const failed = spans.filter(
    ({ name, attributes }) =>
      name === 'attempt' && attributes['claude.outcome'] === 'network_error',
  );
  const traced = spans.filter(({ name }) => name.startsWith('chat ')).length;
  return { failedAttempts: failed.length, traced };
}

const SETTINGS: readonly (Setting & { readonly name: string })[] = [
  { name: 'kept for 4 s, as in the service', keepAliveMs: 4_000, flush: true },
  { name: 'that, frozen for 5 s', keepAliveMs: 4_000, flush: true, freezeMs: 5_000 },
  { name: 'kept for 1 ms', keepAliveMs: 1, flush: true },
  { name: 'not kept, as in the example', keepAliveMs: 0, flush: true },
  { name: 'not kept, and spans not flushed', keepAliveMs: 0, flush: false },
];

/** @returns what stands on the page @param count of calls in each row, but for long freezes */
export async function measure(count = 60): Promise<string> {
  const rows: string[][] = [];
  for (const { name, ...setting } of SETTINGS) {
    const calls = setting.freezeMs ? count / 6 : count;
    const { durationsMs, ...frozen } = await measureFrozen(setting, calls);
    const [p50, max] = [quantile(durationsMs, 0.5), quantile(durationsMs, 1)];
    rows.push([
      name,
      `${frozen.answered} of ${calls}`,
      `${frozen.heldOverFreezes}`,
      `${frozen.connections}`,
      setting.flush ? `${frozen.failedAttempts}` : 'unknown',
      `${p50.toFixed(1)} / ${max.toFixed(0)} ms`,
      `${frozen.traced} of ${calls}`,
    ]);
  }
  const head = ['connections', 'answered', 'open at a freeze', 'opened', 'failed attempts'];
  return table([...head, 'call, P50 / longest', 'traced'], rows);
}
