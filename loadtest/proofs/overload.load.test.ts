/** Three times the capacity: the accepted calls stay quick, the rest are refused at once. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Agent, request } from 'undici';
import { type ServiceProcess, startService } from '../../app/testing/service-process.ts';
import { DEFAULT_KEY, startSimulator } from '../simulator/server.ts';

const LIMIT = 20;
const QUEUE = 4;
const OFFERED = 10_000;
const ROUNDS = 5;
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

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
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

  /** Calm, then three times what that was. */
  async function round(calm: number, n: number) {
    const quiet = await atCapacity(calm);
    assert(quiet.calls.every(({ status }) => status === 200));
    const calls = await offered(n, 3 * quiet.perSecond);
    const accepted = calls.filter(({ status }) => status === 200);
    const refused = calls.filter(({ status }) => status === 503);
    assert.equal(accepted.length + refused.length, n);
    assert(refused.length > n / 3, 'it was no overload');
    assert(refused.every(({ retryAfter }) => retryAfter === '1'));
    return {
      perSecond: quiet.perSecond,
      calmP99: quantile(quiet.calls, 0.99),
      acceptedP99: quantile(accepted, 0.99),
      acceptedP50: quantile(accepted, 0.5),
      refusedP50: quantile(refused, 0.5),
      refusedP99: quantile(refused, 0.99),
      refused: refused.length,
    };
  }

  test('accepted calls keep their P99 within twice, refused ones know when to come again', async (t) => {
    // Connections are opened and code is compiled in the first; of the others the median counts, as
    // machines that are shared stand still for a moment now and then.
    const first = await round(300, OFFERED / 5);
    const rounds = [];
    for (let i = 0; i < ROUNDS; i++) rounds.push(await round(600, OFFERED / ROUNDS));
    for (const seen of rounds) {
      const figures = Object.entries(seen).map(([name, n]) => `${name} ${n.toFixed(1)}`);
      t.diagnostic(figures.join(', '));
    }
    const ratios = rounds.map(({ acceptedP99, calmP99 }) => acceptedP99 / calmP99);
    assert(median(ratios) < 2, `accepted P99 to calm P99: ${ratios}`);
    const quicker = rounds.map(({ refusedP50, acceptedP50 }) => refusedP50 / acceptedP50);
    assert(median(quicker) < 1, 'refusing took as long as serving');
    const text = await (await fetch(service.metricsUrl)).text();
    const shed =
      /claude_api_requests_total\{[^}]*model="other",stream="false",outcome="shed"\} (\d+)/;
    const refused = [first, ...rounds].reduce((sum, seen) => sum + seen.refused, 0);
    assert.equal(Number(shed.exec(text)?.[1]), refused);
  });
});
