/** For tests: the service as a process of its own, between the simulator and a store of its spans. */
import type { TestContext } from 'node:test';
import { startSimulator } from '../../loadtest/simulator/server.ts';
import { startSpanStore } from '../../observability/local/span-store.ts';
import { eventually } from './poll.ts';
import { type ServiceProcess, startService } from './service-process.ts';

export type Simulator = Awaited<ReturnType<typeof startSimulator>>;
export type SpanStore = Awaited<ReturnType<typeof startSpanStore>>;
export type Span = ReturnType<SpanStore['spans']>[number];

/** The key that the simulator accepts. */
export const KEY = 'sim-key-for-local-use';

/** Spans of a call that took one attempt: server, call and attempt. */
export const SPANS_PER_CALL = 3;

/** A request body, whose prompt the simulator repeats in its response. */
export function bodyOf({ prompt = 'hello', stream = false } = {}): string {
  const messages = [{ role: 'user', content: prompt }];
  return JSON.stringify({ stream, model: 'claude-sonnet-5-5', max_tokens: 16, messages });
}

export function ask(
  url: string,
  headers: Readonly<Record<string, string>> = {},
  body = bodyOf(),
): Promise<Response> {
  return fetch(`${url}/v1/messages`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body,
  });
}

export interface ObservedService {
  readonly simulator: Simulator;
  readonly service: ServiceProcess;
  readonly store: SpanStore;
  close(): Promise<void>;
}

/** Starts all three; `close` stops them. @param claudeSpans whether the simulator exports spans to the store too */
export async function startObservedService(
  env: Readonly<Record<string, string>> = {},
  { claudeSpans = false } = {},
): Promise<ObservedService> {
  const store = await startSpanStore({ port: 0 });
  const simulator = await startSimulator({ spansTo: claudeSpans ? store.url : undefined });
  const service = await startService({
    ...envFor(simulator),
    OTEL_EXPORTER_OTLP_ENDPOINT: store.url,
    ...env,
  });
  return {
    simulator,
    service,
    store,
    async close() {
      await service.stop();
      await simulator.close();
      await store.close();
    },
  };
}

/** Starts the service with the simulator as its upstream and, unless `env` names one, no collector. */
export async function serviceWithSimulator(
  t: TestContext,
  env: Readonly<Record<string, string>> = {},
): Promise<{ readonly simulator: Simulator; readonly service: ServiceProcess }> {
  const simulator = await startSimulator();
  const service = await startService({ ...envFor(simulator), ...env });
  t.after(async () => {
    await service.stop();
    await simulator.close();
  });
  return { simulator, service };
}

function envFor(simulator: Simulator): Record<string, string> {
  return {
    CLAUDE_BASE_URL: simulator.url,
    CLAUDE_API_KEY: KEY,
    CLAUDE_UPSTREAM_NAME: 'simulator',
    TRUST_INBOUND_TRACE: 'true',
    ADMISSION_LIMIT: '5000',
    OTEL_BSP_SCHEDULE_DELAY: '50',
    OTEL_BSP_MAX_QUEUE_SIZE: '20000',
    // Nothing listens there.
    OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:9',
  };
}

/** The spans so far of the trace that a UUID has become. */
export function spansOf(store: SpanStore, uuid: string): readonly Span[] {
  const traceId = uuid.replaceAll('-', '');
  return store.spans().filter((span) => span.traceId === traceId);
}

/** Waits until the trace that a UUID has become has exactly this many spans. */
export function waitForSpans(store: SpanStore, uuid: string, n: number): Promise<readonly Span[]> {
  return eventually(() => {
    const found = spansOf(store, uuid);
    return found.length === n && found;
  });
}

/** Waits until the traces with this correlation ID have exactly this many spans. */
export function waitForSpansWithId(
  store: SpanStore,
  id: string,
  n: number,
): Promise<readonly Span[]> {
  return eventually(() => {
    const withId = store.spans().filter(({ attributes }) => attributes['correlation.id'] === id);
    const traces = new Set(withId.map(({ traceId }) => traceId));
    const found = store.spans().filter(({ traceId }) => traces.has(traceId));
    return found.length === n && found;
  });
}

/** Everything that was seen, as text: span attributes hold bigints, which JSON has no form for. */
export function asText(seen: unknown): string {
  return JSON.stringify(seen, (_, value) => (typeof value === 'bigint' ? `${value}` : value));
}
