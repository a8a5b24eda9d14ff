/** For tests of rate limits: the service with keys of two names, before simulators that accept both. */
import type { TestContext } from 'node:test';
import { type Simulator, startSimulator } from '../../loadtest/simulator/server.ts';
import { postJson } from './http.ts';
import { ASK } from './messages.ts';
import { type ServiceProcess, startService } from './service-process.ts';

export const [OPUS, HAIKU] = ['claude-opus-5-5', 'claude-haiku-4-5'];
export const KEYS = { blue: 'blue-test-key', green: 'green-test-key' } as const;
/** What the simulator's log shows of the keys. */
export const [BLUE, GREEN] = ['blu…key', 'gre…key'];

/** A simulator that accepts both keys, until the test ends. */
export async function simulatorFor(t: TestContext): Promise<Simulator> {
  const simulator = await startSimulator({ keys: Object.values(KEYS) });
  t.after(() => simulator.close());
  return simulator;
}

/** The service without retries and with these two models, until the test ends. @param env extends the environment */
export async function serviceWith(
  t: TestContext,
  env: Record<string, string>,
): Promise<ServiceProcess> {
  const service = await startService(
    {
      CLAUDE_MODELS: [OPUS, HAIKU].join(','),
      RETRY_MAX: '0',
      OTEL_TRACES_EXPORTER: 'none',
      ...env,
    },
    { breaker: { minAttempts: 1_000_000 } },
  );
  t.after(() => service.stop());
  return service;
}

/** @param body what differs from `ASK` @returns the status of the answer */
export async function statusOf({ url }: ServiceProcess, body: object, path = '/v1/messages') {
  return (await postJson(url + path, { ...ASK, ...body })).status;
}

/**
 * @param owner what the series must contain, where there is more than one upstream
 * @returns the values of a metric by the values of its labels, those of the one key and its owner left out
 */
export async function gaugeOf(
  service: ServiceProcess,
  name: string,
  owner = '',
): Promise<Record<string, number>> {
  const text = await (await fetch(service.metricsUrl)).text();
  const lines = text
    .split('\n')
    .filter((line) => new RegExp(`^claude_api_${name}[{ ]`).test(line) && line.includes(owner));
  return Object.fromEntries(
    lines.map((line) => {
      const labels = [...line.matchAll(/(model_family|limit|state)="([^"]*)"/g)];
      return [labels.map(([, , value]) => value).join(' '), Number(line.split(' ').at(-1))];
    }),
  );
}
