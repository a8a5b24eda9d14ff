/** Three times the capacity: the accepted calls stay quick, the rest are refused at once. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Agent, request } from 'undici';
import { DEFAULT_KEY, startSimulator } from '../loadtest/simulator/simulator.ts';
import { type ServiceProcess, startService } from './testing-process.ts';

const LIMIT = 20;
const QUEUE = 4;
const OFFERED = 10_000;
const BODY = JSON.stringify({
  model: 'claude-haiku-5-5',
  max_tokens: 16,
  messages: [{ role: 'user', content: 'Hello' }],
});

interface Call {
  readonly status: number;
  readonly ms: number;
  readonly retryAfter: string | undefined;
}

function quantile(calls: readonly Call[], q: number): number {
  const sorted = calls.map(({ ms }) => ms).toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;
}

describe('overload', { concurrency: false }, () => {
  let simulator: Awaited<ReturnType<typeof startSimulator>>;
  let service: ServiceProcess;
  const agent = new Agent({ connections: 500 });

  before(async () => {
    simulator = await startSimulator({ profile: 'documented' });
    service = await startService({
      CLAUDE_API_KEY: DEFAULT_KEY,
      CLAUDE_BASE_URL: simulator.url,
      OTEL_TRACES_EXPORTER: 'none',
      ADMISSION_LIMIT: String(LIMIT),
      ADMISSION_QUEUE: String(QUEUE),
    });
  });
  after(async () => {
    await agent.destroy();
    assert.equal(await service.stop(), 0);
    await simulator.close();
  });

  async function call(): Promise<Call> {
    const startedMs = performance.now();
    const { statusCode, headers, body } = await request(`${service.url}/v1/messages`, {
      method: 'POST',
      dispatcher: agent,
      headers: { 'content-type': 'application/json' },
      body: BODY,
    });
    await body.dump();
    const retryAfter = headers['retry-after'];
    return {
      status: statusCode,
      ms: performance.now() - startedMs,
      retryAfter: String(retryAfter),
    };
  }

  /** As many callers as there are places, each with a call at a time. */
  async function atCapacity(n: number): Promise<{ calls: Call[]; perSecond: number }> {
    const calls: Call[] = [];
    let begun = 0;
    const startedMs = performance.now();
    const caller = async () => {
      while (begun < n) {
        begun += 1;
        calls.push(await call());
      }
    };
    await Promise.all(Array.from({ length: LIMIT }, caller));
    return { calls, perSecond: (n / (performance.now() - startedMs)) * 1000 };
  }

  /** Calls begin by the clock, whatever became of those before. */
  async function offered(n: number, perSecond: number): Promise<Call[]> {
    const calls: Promise<Call>[] = [];
    const startedMs = performance.now();
    while (calls.length < n) {
      const due = Math.min(n, Math.ceil(((performance.now() - startedMs) / 1000) * perSecond));
      while (calls.length < due) calls.push(call());
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    return Promise.all(calls);
  }

  test('accepted calls keep their P99 within twice, refused ones know when to come again', async (t) => {
    await atCapacity(200);
    const calm = await atCapacity(1_500);
    assert(calm.calls.every(({ status }) => status === 200));
    const calls = await offered(OFFERED, 3 * calm.perSecond);
    const accepted = calls.filter(({ status }) => status === 200);
    const refused = calls.filter(({ status }) => status === 503);
    const [calmP99, p99] = [quantile(calm.calls, 0.99), quantile(accepted, 0.99)];
    t.diagnostic(
      `capacity ${calm.perSecond.toFixed(0)}/s, P99 ${calmP99.toFixed(0)} ms; at three times: ` +
        `${accepted.length} accepted, P99 ${p99.toFixed(0)} ms; ${refused.length} refused, ` +
        `P50 ${quantile(refused, 0.5).toFixed(1)}, P99 ${quantile(refused, 0.99).toFixed(1)} ms`,
    );
    assert.equal(accepted.length + refused.length, OFFERED);
    assert(refused.length > OFFERED / 3, 'it was no overload');
    assert(refused.every(({ retryAfter }) => retryAfter === '1'));
    assert(p99 < 2 * calmP99, `${p99} ms, calm ${calmP99} ms`);
    assert(quantile(refused, 0.5) < quantile(accepted, 0.5), 'refusing took as long as serving');
    const text = await (await fetch(service.metricsUrl)).text();
    const shed =
      /claude_api_requests_total\{[^}]*model="other",stream="false",outcome="shed"\} (\d+)/;
    assert.equal(Number(shed.exec(text)?.[1]), refused.length);
  });
});
