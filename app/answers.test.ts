/**
 * What the API says in its answers, as the service counts it: stop reasons, refusals, cache misses and error
 * codes, each whole, streamed and in an item of a batch, and what a code means for the call.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, test } from 'node:test';
import { REFUSAL_CATEGORIES as SIMULATED } from '../loadtest/simulator/answer-faults.ts';
import type { Fault } from '../loadtest/simulator/faults.ts';
import type { Outcome } from './outcome.ts';
import {
  API_ERROR_CODES,
  API_VERSIONS,
  CACHE_MISS_REASONS,
  REFUSAL_CATEGORIES,
  STOP_REASONS,
} from './telemetry/vocabulary.ts';
import { ASK, MODEL } from './testing/messages.ts';
import { eventually } from './testing/poll.ts';
import { type Scrape, scrape } from './testing/samples.ts';
import { useSimulatedService } from './testing/simulated-service.ts';

type Kind = Fault['kind'];

/** With one key and one retry: how a call ends that is answered with each code, and after how many attempts. */
const CODES: readonly (readonly [code: string, outcome: Outcome, attempts: number])[] = [
  ['usage_limit_reached', 'auth_error', 1],
  ['credit_balance_too_low', 'auth_error', 1],
  ['enforced_spend_limit_reached', 'auth_error', 1],
  ['contract_spend_limit_reached', 'auth_error', 1],
  ['ramp_limit_exceeded', 'rate_limited', 2],
  ['organization_on_hold', 'auth_error', 1],
  ['claude_code_key_creator_not_member', 'auth_error', 1],
  ['cmek_key_disabled', 'auth_error', 1],
  ['cmek_key_network_blocked', 'auth_error', 1],
  ['cmek_key_unreachable', 'auth_error', 2],
  ['cmek_context_unavailable', 'auth_error', 2],
  ['linked_organization_spend_limit_reached', 'invalid_request', 1],
  ['linked_organization_billing_unavailable', 'invalid_request', 1],
  ['compaction_unavailable', 'overloaded', 2],
  ['request_body_timeout', 'timeout', 2],
  ['sandbox_egress_restricted', 'auth_error', 1],
  ['claude_code_version_too_old', 'invalid_request', 1],
  ['image_dimensions_too_large', 'invalid_request', 1],
];

describe('answers', { concurrency: false }, () => {
  const api = useSimulatedService(
    { CLAUDE_UPSTREAM_NAME: 'simulator', RETRY_MAX: '1' },
    {
      backoff: { baseMs: 1, capMs: 2 },
      retryBudget: { capacity: 1_000 },
      breaker: { minAttempts: 100_000 },
    },
  );
  const now = (): Promise<Scrape> => scrape(api.service.metricsUrl);

  /** Runs calls under a fault. @returns by how much each series of a metric that has a label has grown */
  async function growth(metric: string, label: string, fault: Fault, calls: () => Promise<void>) {
    const before = await now();
    await api.withFaults([fault], calls);
    const after = await now();
    return (value: string) =>
      after.sum(metric, { [label]: value }) - before.sum(metric, { [label]: value });
  }

  /** One message whole, one streamed, two in a batch: each has the model's label. */
  const WAYS = 4;
  async function askInEveryWay(): Promise<void> {
    const id = randomUUID();
    const headers = { 'x-correlation-id': id };
    await api.post('/v1/messages', ASK, headers);
    await api.post('/v1/messages', { ...ASK, stream: true }, headers);
    await api.post('/v1/batch', { requests: [{ params: ASK }, { params: ASK }] }, headers);
    const ended = () =>
      api.service.lines.filter((l) => l['msg'] === 'call' && l['correlation_id'] === id).length;
    await eventually(() => ended() === WAYS);
  }

  test('answers: every series exists at 0 before the first call', async () => {
    const { samples } = await now();
    const seriesOf = (name: string) => samples.filter((sample) => sample.name === name);
    const expected = {
      claude_api_stop_reasons_total: STOP_REASONS.length * 4,
      claude_api_refusals_total: REFUSAL_CATEGORIES.length,
      claude_api_error_codes_total: API_ERROR_CODES.length,
      claude_api_cache_misses_total: CACHE_MISS_REASONS.length,
      claude_api_version_calls_total: API_VERSIONS.length,
    };
    for (const [name, count] of Object.entries(expected)) {
      assert.equal(seriesOf(name).length, count, name);
      assert(seriesOf(name).every(({ value }) => value === 0));
    }
    assert(API_ERROR_CODES.length <= 16);
  });

  for (const reason of STOP_REASONS.filter((one) => one !== 'other')) {
    test(`stop reasons: ${reason} is counted under its model, whole, streamed and in a batch`, async () => {
      const metric = 'claude_api_stop_reasons_total';
      const kind: Kind = `stop_reason:${reason}`;
      const more = await growth(metric, 'stop_reason', { kind }, askInEveryWay);
      for (const other of STOP_REASONS)
        assert.equal(more(other), other === reason ? WAYS : 0, other);
      assert((await now()).sum(metric, { model: MODEL, stop_reason: reason }) >= WAYS);
    });
  }

  for (const category of [undefined, ...SIMULATED]) {
    test(`refusals: one about ${category ?? 'nothing in particular'} is counted by its category`, async () => {
      const kind = 'stop_reason:refusal';
      const fault: Fault = category ? { kind, category } : { kind };
      const metric = 'claude_api_refusals_total';
      const more = await growth(metric, 'category', fault, askInEveryWay);
      const expected = category ?? 'none';
      for (const one of REFUSAL_CATEGORIES)
        assert.equal(more(one), one === expected ? WAYS : 0, one);
    });
  }

  test('refusals: a message that ends for another reason is none', async () => {
    const fault: Fault = { kind: 'stop_reason:max_tokens', category: 'cyber' };
    const metric = 'claude_api_refusals_total';
    const more = await growth(metric, 'category', fault, askInEveryWay);
    assert.deepEqual(
      REFUSAL_CATEGORIES.filter((category) => more(category) !== 0),
      [],
    );
  });

  for (const reason of CACHE_MISS_REASONS.filter((one) => one !== 'other')) {
    test(`cache misses: ${reason} is counted, whole, streamed and in a batch`, async () => {
      const kind: Kind = `cache_miss:${reason}`;
      const metric = 'claude_api_cache_misses_total';
      const more = await growth(metric, 'reason', { kind }, askInEveryWay);
      for (const one of CACHE_MISS_REASONS) assert.equal(more(one), one === reason ? WAYS : 0, one);
    });
  }

  for (const [code, outcome, attempts] of CODES) {
    const label = API_ERROR_CODES.find((known) => known === code) ?? 'other';
    const kind = `error_code:${code}` as Kind;
    const metric = 'claude_api_error_codes_total';
    const lineOf = (msg: string, id: string) =>
      api.service.line((l) => l['msg'] === msg && l['correlation_id'] === id);

    for (const [how, stream, afterChunks] of [
      ['whole', false, undefined],
      ['in place of a stream', true, undefined],
      ['as the first event of a stream', true, 0],
    ] as const) {
      test(`error codes: ${code} ${how} is ${outcome} after ${attempts} attempt(s), each counted`, async () => {
        const id = randomUUID();
        const fault: Fault = { kind, retryAfterS: 0, ...(afterChunks === 0 && { afterChunks }) };
        let advice: unknown;
        let status = 0;
        const more = await growth(metric, 'error_code', fault, async () => {
          const headers = { 'x-correlation-id': id };
          const reply = await api.post('/v1/messages', { ...ASK, stream }, headers);
          status = reply.status;
          advice = reply.headers['x-should-retry'];
          assert.equal(JSON.parse(reply.text).error.details?.error_code ?? code, code);
          assert.equal(await api.outcomeOf(id), outcome);
        });
        for (const one of API_ERROR_CODES)
          assert.equal(more(one), one === label ? attempts : 0, one);
        const line = await lineOf('call', id);
        assert.deepEqual([line['attempts'], line['error_code']], [attempts, code]);
        // The caller's SDK would repeat these statuses, although the service did or knows better.
        if (status === 429 || status >= 500) assert.equal(advice, 'false');
        if (outcome === 'invalid_request') return;
        assert.equal((await lineOf('attempt failed', id))['error_code'], code);
      });
    }

    test(`error codes: ${code} as an event after content is ${outcome}, and counted`, async () => {
      const id = randomUUID();
      const more = await growth(metric, 'error_code', { kind, afterChunks: 1 }, async () => {
        const headers = { 'x-correlation-id': id };
        const { text } = await api.post('/v1/messages', { ...ASK, stream: true }, headers);
        assert(text.includes('event: error'));
        assert.equal(await api.outcomeOf(id), outcome);
      });
      assert.equal(more(label), 1);
    });
  }

  test('error codes: an error without a code is counted by its outcome alone', async () => {
    const metric = 'claude_api_error_codes_total';
    const more = await growth(metric, 'error_code', { kind: 'error_500' }, askInEveryWay);
    assert.deepEqual(
      API_ERROR_CODES.filter((code) => more(code) !== 0),
      [],
    );
  });

  const VERSIONS: readonly (readonly [sent: string | undefined, label: string])[] = [
    ['2023-06-01', '2023-06-01'],
    ['2026-10-21', '2026-10-21'],
    [undefined, 'none'],
    ['2031-01-01', 'other'],
    ['', 'other'],
    ['x'.repeat(4_000), 'other'],
  ];
  for (const [sent, label] of VERSIONS) {
    test(`versions: ${sent?.slice(0, 12) ?? 'no header'} is ${label}, of each call and of each refused request`, async () => {
      const before = await now();
      const headers = sent === undefined ? {} : { 'anthropic-version': sent };
      await api.post('/v1/messages', ASK, headers);
      await api.post('/v1/messages', { ...ASK, stream: true }, headers);
      await api.post('/v1/messages/count_tokens', ASK, headers);
      await api.post('/v1/batch', { requests: [{ params: ASK }, { params: 1 }] }, headers);
      await api.post('/v1/messages', '{', headers);
      const after = await eventually(async () => {
        const scraped = await now();
        const calls = 'claude_api_requests_total';
        return scraped.sum(calls) === before.sum(calls) + 6 && scraped;
      });
      for (const version of API_VERSIONS) {
        const metric = 'claude_api_version_calls_total';
        const more = after.sum(metric, { version }) - before.sum(metric, { version });
        assert.equal(more, version === label ? 6 : 0, version);
      }
    });
  }
});
