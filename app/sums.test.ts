/**
 * The numbers of the service agree with one another, with what its callers sent and with what its upstream
 * received, whatever happens: every fault of the simulator, complete and streamed, refusals and cancellations.
 */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { request } from 'undici';
import { FAULT_KINDS, type Fault } from '../loadtest/simulator/faults.ts';
import { DEFAULT_KEY, type Simulator, startSimulator } from '../loadtest/simulator/server.ts';
import { ATTEMPT_ERRORS, durationOutcome, OUTCOMES } from './outcome.ts';
import { METRICS } from './telemetry/metric-catalogue.ts';
import type { MetricDefinition } from './telemetry/metric-definition.ts';
import type { TokenType } from './telemetry/vocabulary.ts';
import { postJson, type SentHeaders } from './testing/http.ts';
import { ASK } from './testing/messages.ts';
import { eventually } from './testing/poll.ts';
import { type Scrape, scrape } from './testing/samples.ts';
import { type ServiceProcess, startService } from './testing/service-process.ts';
import { useSimulatedService } from './testing/simulated-service.ts';

const TOKENS = { search: 'token-of-search', limited: 'token-of-limited' };
const digest = (token: string) => createHash('sha256').update(token).digest('hex');
const CALLERS = [
  { name: 'search', token_sha256: digest(TOKENS.search) },
  { name: 'limited', token_sha256: digest(TOKENS.limited), requests_per_minute: 1 },
];
const as = (name: keyof typeof TOKENS) => ({ authorization: `Bearer ${TOKENS[name]}` });

describe('sums', { concurrency: false }, () => {
  const api = useSimulatedService(
    {
      CALLERS: JSON.stringify(CALLERS),
      CLAUDE_UPSTREAM_NAME: 'simulator',
      ATTEMPT_TIMEOUT_MS: '400',
      FIRST_EVENT_TIMEOUT_MS: '400',
      CALL_DEADLINE_MS: '20000',
      BODY_LIMIT_BYTES: '500000',
      RETRY_MAX: '1',
    },
    {
      stream: { silenceMs: 400 },
      backoff: { baseMs: 1, capMs: 2 },
      retryBudget: { capacity: 1_000 },
      // A circuit that opens would refuse calls that are counted here.
      breaker: { minAttempts: 100_000 },
    },
  );
  /** Calls that were made so far, refused ones and items of batches included. */
  let calls = 0;

  async function post(path: string, body: unknown, headers: SentHeaders, n = 1): Promise<string> {
    calls += n;
    const { text } = await postJson(api.service.url + path, body, headers).catch(() => ({
      text: '',
    }));
    return text;
  }
  const ask = (part: object = {}) => post('/v1/messages', { ...ASK, ...part }, as('search'));

  /** Waits until no call is in progress. */
  const settled = () =>
    eventually(async () => {
      const now = await scrape(api.service.metricsUrl);
      return now.sum('claude_api_requests_total') === calls && now;
    });

  for (const kind of FAULT_KINDS) {
    test(`sums: under ${kind} every call is counted once, everywhere`, async () => {
      const fault: Fault = { kind, retryAfterS: 0, delayMs: 1_000 };
      await api.withFaults([fault], async () => {
        await ask();
        await ask({ stream: true });
        await post('/v1/messages/count_tokens', ASK, as('search'));
        await post('/v1/batch', { requests: [{ params: ASK }, { params: ASK }] }, as('search'), 2);
      });
      check(await settled(), calls);
    });
  }

  test('sums: successes, dated and unknown models', async () => {
    for (const model of ['claude-haiku-5-5-20261001', 'nobody-knows-this']) {
      await ask({ model });
      await ask({ model, stream: true });
    }
    check(await settled(), calls);
  });

  test('sums: tokens are those that the answers report, complete, streamed and in batches', async () => {
    const before = await settled();
    const stream = await ask({ stream: true });
    const complete = await ask();
    const items = [{ params: ASK }, { params: ASK }];
    const batch = await post('/v1/batch', { requests: items }, as('search'), 2);
    const now = await settled();
    const more = (type: string) =>
      now.sum('claude_api_tokens_total', { type }) -
      before.sum('claude_api_tokens_total', { type });
    const all = (text: string, name: string) =>
      [...text.matchAll(new RegExp(`"${name}":(\\d+)`, 'g'))].map(([, n]) => Number(n));
    const sum = (counts: readonly number[]) => counts.reduce((a, b) => a + b, 0);
    // A stream reports its counts so far several times; the last report is the whole.
    const last = (name: string) => all(stream, name).at(-1) ?? 0;
    for (const type of ['input', 'output']) {
      const name = `${type}_tokens`;
      const reported = sum(all(complete, name)) + sum(all(batch, name)) + last(name);
      assert(reported > 0);
      assert.equal(more(type), reported, type);
    }
  });

  test('sums: refusals of every kind', async () => {
    await post('/v1/messages', ASK, {});
    await post('/v1/messages', ASK, { authorization: 'Bearer wrong' });
    await post('/v1/messages', '{', as('search'));
    await post('/v1/messages', { model: 1 }, as('search'));
    await post('/v1/messages', 'x'.repeat(600_000), as('search'));
    await post('/v1/messages', ASK, as('limited'));
    await post('/v1/messages', ASK, as('limited'));
    await post('/v1/batch', { requests: [{ params: 1 }, { params: ASK }] }, as('search'), 2);
    const now = await settled();
    check(now, calls);
    assert.equal(now.sum('claude_api_unauthenticated_total'), 2);
    assert.equal(now.sum('claude_api_caller_refusals_total'), 1);
    assert.equal(now.sum('claude_api_caller_calls_total', { caller: 'anybody' }), 2);
  });

  test('sums: callers who leave while they wait, during back-off and in a stream', async () => {
    const leave = (fault: Fault, part: object = {}) =>
      api.withFaults([fault], async () => {
        calls += 1;
        const controller = new AbortController();
        const asked = request(`${api.service.url}/v1/messages`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', ...as('search') },
          body: JSON.stringify({ ...ASK, ...part }),
          signal: controller.signal,
        }).then(({ body }) => body.text());
        await eventually(async () => {
          const faults = await fetch(`${api.simulator.url}/__sim/faults`);
          return ((await faults.json()) as { bitten: number }[])[0]?.bitten;
        });
        controller.abort();
        await assert.rejects(asked);
        await settled();
      });
    await leave({ kind: 'slow', delayMs: 10_000 });
    await leave({ kind: 'rate_limited', retryAfterS: 10 });
    await leave({ kind: 'stream_hang' }, { stream: true });
    const now = await settled();
    check(now, calls);
    assert(now.sum('claude_api_requests_total', { outcome: 'client_cancelled' }) > 0);
  });

  test('sums: attempts are the requests that the upstream received', async () => {
    const now = await settled();
    await eventually(() => now.sum('claude_api_attempts_total') === api.simulator.seen());
  });
});

describe('sums with two upstreams and a bad key', { concurrency: false }, () => {
  const KEYS = { good: DEFAULT_KEY, bad: 'a-key-that-was-revoked' };
  let simulator: Simulator;
  let service: ServiceProcess;
  before(async () => {
    simulator = await startSimulator();
    const upstream = (name: string, priority: number) => ({
      name,
      priority,
      url: `${simulator.url}/regions/${name}`,
      keys: 'env:KEYS',
    });
    service = await startService(
      {
        CLAUDE_UPSTREAMS: JSON.stringify([upstream('eu', 0), upstream('us', 1)]),
        KEYS: JSON.stringify(KEYS),
        RETRY_MAX: '2',
        OTEL_TRACES_EXPORTER: 'none',
      },
      {
        backoff: { baseMs: 1, capMs: 2 },
        retryBudget: { capacity: 1_000 },
        // Circuits open here, and then a retry may find no upstream for its attempt.
        breaker: { minAttempts: 5 },
      },
    );
  });
  after(async () => {
    await simulator.close();
    assert.equal(await service.stop(), 0);
  });

  test('sums: calls that fail over, are retried and change keys are counted once, everywhere', async () => {
    let calls = 0;
    for (const kind of ['error_500', 'rate_limited', 'reset', 'stream_cut', 'html'] as const) {
      for (const region of ['eu', 'us', undefined]) {
        const where = region === undefined ? {} : { region };
        simulator.setFaults([{ kind, retryAfterS: 0, afterChunks: 0, probability: 0.7, ...where }]);
        for (const stream of [false, true]) {
          calls += 1;
          await postJson(`${service.url}/v1/messages`, { ...ASK, stream });
        }
      }
    }
    simulator.setFaults([]);
    const now = await eventually(async () => {
      const scraped = await scrape(service.metricsUrl);
      return scraped.sum('claude_api_requests_total') === calls && scraped;
    });
    check(now, calls);
    await eventually(() => now.sum('claude_api_attempts_total') === simulator.seen());
    assert(now.sum('claude_api_failovers_total') > 0);
    const another = { reason: 'auth_error' };
    assert(now.sum('claude_api_retries_total', another) <= 2, 'the bad key, once an upstream');
  });
});

function check(now: Scrape, calls: number): void {
  const requests = now.by('outcome', 'claude_api_requests_total');
  assert.equal(now.sum('claude_api_requests_total'), calls, 'calls');
  assert.deepEqual(now.by('outcome', 'claude_api_caller_calls_total'), requests);
  const endings: Record<string, number> = {};
  for (const outcome of OUTCOMES) {
    const n = requests[outcome] ?? 0;
    if (n > 0) endings[durationOutcome(outcome)] = (endings[durationOutcome(outcome)] ?? 0) + n;
  }
  assert.deepEqual(now.by('outcome', 'claude_api_request_duration_seconds_count'), endings);
  assert.equal(now.sum('claude_api_overhead_seconds_count'), calls);
  const chat = now.sum('claude_api_requests_total', { operation: 'chat' });
  assert.equal(now.sum('gen_ai_client_inference_duration_count'), chat);
  assert.equal(now.sum('claude_api_version_calls_total'), calls);
  const answered = { operation: 'chat', outcome: 'success' };
  const ended = now.sum('claude_api_requests_total', answered);
  assert.equal(now.sum('claude_api_stop_reasons_total'), ended, 'messages that ended');
  assert.equal(now.sum('claude_api_calls_in_flight'), 0);
  assert.equal(now.sum('claude_api_admission_calls'), 0);
  checkAttempts(now);
  checkTokens(now);
  checkLabels(now);
}

function checkAttempts(now: Scrape): void {
  const attempts = now.sum('claude_api_attempts_total');
  assert.equal(now.sum('claude_api_attempts_per_call_sum'), attempts);
  const sent = now.sum('claude_api_attempts_per_call_count');
  const again = now.sum('claude_api_retries_total') + now.sum('claude_api_failovers_total');
  assert.equal(sent + again, attempts, 'a call, its retries and its failover');
  const byOutcome = now.by('outcome', 'claude_api_attempts_total');
  const failed = Object.entries(byOutcome).filter(([outcome]) =>
    ATTEMPT_ERRORS.some((error) => error === outcome),
  );
  assert.deepEqual(now.by('error_type', 'claude_api_errors_total'), Object.fromEntries(failed));
}

function checkTokens(now: Scrape): void {
  const tokens = now.by('type', 'claude_api_tokens_total');
  assert.deepEqual(now.by('type', 'claude_api_caller_tokens_total'), tokens);
  const used = (name: string) => now.sum(`gen_ai_client_inference_usage_${name}_tokens_total`);
  const each = (name: string) => now.sum(`gen_ai_client_inference_operation_${name}_tokens_sum`);
  const sum = (...types: readonly TokenType[]) =>
    types.reduce((all, type) => all + (tokens[type] ?? 0), 0);
  assert.equal(used('input'), sum('input', 'cache_read', 'cache_write_5m', 'cache_write_1h'));
  assert.equal(used('output'), sum('output', 'thinking'));
  assert.equal(used('reasoning_output'), sum('thinking'));
  assert.equal(used('cache_read_input'), sum('cache_read'));
  assert.equal(used('cache_write_input'), sum('cache_write_5m', 'cache_write_1h'));
  assert.deepEqual([each('input'), each('output')], [used('input'), used('output')]);
  assert.equal(now.sum('claude_api_malformed_usage_total'), 0);
  const streams = now.sum('claude_api_time_to_first_token_seconds_count');
  assert.equal(now.sum('gen_ai_client_inference_time_to_first_chunk_count'), streams);
}

/** Nothing but what the catalogue lists is a label value. */
function checkLabels(now: Scrape): void {
  for (const { name, labels } of Object.values<MetricDefinition>(METRICS)) {
    const prometheus = name.replaceAll('.', '_');
    const names = ['', '_bucket', '_sum', '_count', '_total'].map((part) => prometheus + part);
    const samples = now.samples.filter((one) => names.includes(one.name));
    for (const sample of samples) {
      for (const [label, allowed] of Object.entries(labels)) {
        const value = sample.labels[label.replaceAll('.', '_')];
        if ('count' in allowed || value === undefined) continue;
        assert(allowed.includes(value), `${name}: ${label}="${value}"`);
      }
    }
  }
  const outcomes = now.by('outcome', 'claude_api_requests_total');
  assert(Object.keys(outcomes).every((outcome) => OUTCOMES.some((known) => known === outcome)));
}
