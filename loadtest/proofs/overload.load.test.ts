/** Proves that an overloaded service keeps accepted calls quick and rejects the rest at once. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { Agent, request } from 'undici';
import { BODIES } from '../lib/call-once.ts';
import { closedLoop, openLoop, percentile } from '../lib/load.ts';
import {
  oneUpstream,
  SETTINGS,
  type ServiceUnderTest,
  startServiceUnderTest,
  TUNINGS,
} from '../lib/service-under-test.ts';

const LIMIT = Number(SETTINGS.overload.ADMISSION_LIMIT);
const OFFERED = 10_000;
const ROUNDS = 5;

interface Call {
  readonly status: number;
  readonly durationMs: number;
  readonly retryAfter: string;
}

const at = (share: number, calls: readonly Call[]): number =>
  percentile(
    calls.map(({ durationMs }) => durationMs),
    share,
  ) ?? Number.NaN;

const median = (values: readonly number[]): number => percentile(values, 0.5) ?? Number.NaN;

describe('overload', { concurrency: false }, () => {
  let subject: ServiceUnderTest;
  const agent = new Agent({ connections: 500 });

  before(async () => {
    subject = await startServiceUnderTest(
      (url) => ({ ...oneUpstream(url), ...SETTINGS.overload }),
      { profile: 'documented', tuning: TUNINGS.overload },
    );
  });
  after(async () => {
    await agent.destroy();
    await subject.stop();
  });

  async function call(): Promise<Call> {
    const startedMs = performance.now();
    const { statusCode, headers, body } = await request(`${subject.service.url}/v1/messages`, {
      method: 'POST',
      dispatcher: agent,
      headers: { 'content-type': 'application/json' },
      body: BODIES.complete,
    });
    await body.dump();
    return {
      status: statusCode,
      durationMs: performance.now() - startedMs,
      retryAfter: String(headers['retry-after']),
    };
  }

  /** Loads the service to its capacity, then offers it three times the rate that it had. */
  async function round(calmCalls: number, calls: number) {
    const startedMs = performance.now();
    const calm = await closedLoop({ calls: calmCalls, concurrency: LIMIT }, call);
    const perSecond = (calmCalls / (performance.now() - startedMs)) * 1000;
    assert(calm.every(({ status }) => status === 200));
    const offered = await openLoop({ calls, perSecond: 3 * perSecond }, call);
    const accepted = offered.filter(({ status }) => status === 200);
    const rejected = offered.filter(({ status }) => status === 503);
    assert.equal(accepted.length + rejected.length, calls);
    assert(rejected.length > calls / 3, 'it was no overload');
    assert(rejected.every(({ retryAfter }) => retryAfter === '1'));
    return {
      perSecond,
      calmP99: at(0.99, calm),
      acceptedP99: at(0.99, accepted),
      acceptedP50: at(0.5, accepted),
      rejectedP50: at(0.5, rejected),
      rejectedP99: at(0.99, rejected),
      rejected: rejected.length,
    };
  }

  test('accepted calls keep their P99 within twice, rejected ones get retry-after', async (t) => {
    // The first round opens connections and compiles code. The median of the others counts, because
    // shared machines stall now and then.
    const first = await round(300, OFFERED / 5);
    const rounds = [];
    for (let i = 0; i < ROUNDS; i++) rounds.push(await round(600, OFFERED / ROUNDS));
    for (const measured of rounds) {
      const figures = Object.entries(measured).map(([name, n]) => `${name} ${n.toFixed(1)}`);
      t.diagnostic(figures.join(', '));
    }
    const ratios = rounds.map(({ acceptedP99, calmP99 }) => acceptedP99 / calmP99);
    assert(median(ratios) < 2, `accepted P99 to calm P99: ${ratios}`);
    const quicker = rounds.map(({ rejectedP50, acceptedP50 }) => rejectedP50 / acceptedP50);
    assert(median(quicker) < 1, 'rejecting took as long as serving');
    const text = await (await fetch(subject.service.metricsUrl)).text();
    const series = text.matchAll(/claude_api_requests_total\{[^}]*outcome="shed"\} (\d+)/g);
    const shed = [...series].reduce((sum, [, n]) => sum + Number(n), 0);
    const rejected = [first, ...rounds].reduce((sum, measured) => sum + measured.rejected, 0);
    assert.equal(shed, rejected);
  });
});
