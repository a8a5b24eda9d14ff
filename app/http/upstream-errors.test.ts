/** What the official SDK, the log and the simulator see of an upstream that fails or a caller who leaves. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, test } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import type { Fault } from '../../loadtest/simulator/faults.ts';
import { ASK, BODY } from '../testing/messages.ts';
import { startService } from '../testing/service-process.ts';
import { useSimulatedService } from '../testing/simulated-service.ts';

describe('upstream errors', { concurrency: false }, () => {
  const api = useSimulatedService(
    {
      ATTEMPT_TIMEOUT_MS: '300',
      FIRST_EVENT_TIMEOUT_MS: '60000',
      CALL_DEADLINE_MS: '30000',
      RETRY_MAX: '1',
    },
    {
      stream: { silenceMs: 2_000 },
      backoff: { baseMs: 1 },
      retryBudget: { capacity: 1_000 },
      // Faults follow one another here, and no circuit may open.
      breaker: { minAttempts: 100_000 },
    },
  );
  const sdk = () => new Anthropic({ apiKey: 'x', baseURL: api.service.url, maxRetries: 0 });
  /** @returns what the SDK throws for a call with this ID */
  const errorOf = (id: string, faults: Fault[], stream = false) =>
    api.withFaults(faults, () =>
      sdk()
        .messages.create({ ...ASK, stream }, { headers: { 'x-correlation-id': id } })
        .then(
          () => assert.fail('the call succeeded'),
          (error: unknown) => {
            assert(error instanceof Anthropic.APIError, String(error));
            return error;
          },
        ),
    );

  const { RateLimitError, InternalServerError } = Anthropic;
  const ERRORS: readonly [
    Fault,
    typeof RateLimitError | typeof InternalServerError,
    number,
    string,
    number,
  ][] = [
    [{ kind: 'rate_limited', retryAfterS: 60 }, RateLimitError, 429, 'rate_limited', 1],
    [{ kind: 'overloaded' }, InternalServerError, 529, 'overloaded', 2],
    [{ kind: 'error_500' }, InternalServerError, 500, 'upstream_error', 2],
    [{ kind: 'error_502' }, InternalServerError, 502, 'upstream_error', 2],
    [{ kind: 'error_503' }, InternalServerError, 503, 'upstream_error', 2],
    [{ kind: 'reset' }, InternalServerError, 502, 'network_error', 2],
    [{ kind: 'hang' }, InternalServerError, 504, 'timeout', 2],
    [{ kind: 'slow', delayMs: 5_000 }, InternalServerError, 504, 'timeout', 2],
    [{ kind: 'html' }, InternalServerError, 502, 'upstream_error', 2],
    [{ kind: 'malformed_json' }, InternalServerError, 502, 'upstream_error', 2],
  ];
  for (const [fault, error, status, outcome, attempts] of ERRORS) {
    test(`messages: ${fault.kind} → ${status}, ${outcome}, ${attempts} attempt(s)`, async () => {
      const id = randomUUID();
      const thrown = await errorOf(id, [fault]);
      assert(thrown instanceof error, String(thrown));
      assert.equal(thrown.status, status);
      assert.equal((thrown.error as { type: string }).type, 'error');
      assert.equal(thrown.headers?.get('x-correlation-id'), id);
      assert.equal(await api.outcomeOf(id), outcome);
      await api.expectRequests(id, attempts);
    });
  }

  const BEFORE_CONTENT: readonly [fault: Fault, status: number, outcome: string][] = [
    [{ kind: 'stream_error', afterChunks: 0 }, 529, 'overloaded'],
    [{ kind: 'stream_cut', afterChunks: 0 }, 502, 'truncated'],
  ];
  for (const [fault, status, outcome] of BEFORE_CONTENT) {
    test(`messages: a ${fault.kind} before content is retried, then ${status}`, async () => {
      const id = randomUUID();
      const thrown = await errorOf(id, [fault], true);
      assert.equal(thrown.status, status);
      assert.equal(thrown.headers?.get('x-should-retry'), 'false');
      assert.equal(await api.outcomeOf(id), outcome);
      await api.expectRequests(id, 2);
    });
  }

  const INSIDE_STREAM = [
    ['stream_error', 'overloaded'],
    ['stream_cut', 'truncated'],
    ['stream_hang', 'timeout'],
  ] as const;
  for (const [kind, outcome] of INSIDE_STREAM) {
    test(`messages: the SDK throws a ${kind} inside a 200 stream, counted as ${outcome}`, async () => {
      const id = randomUUID();
      await api.withFaults([{ kind }], async () => {
        const stream = sdk().messages.stream(ASK, { headers: { 'x-correlation-id': id } });
        await assert.rejects(stream.finalMessage(), Anthropic.APIError);
      });
      assert.equal(await api.outcomeOf(id), outcome);
      const errors = `claude_api_errors_total\\{[^}]*error_type="${outcome}"\\} [1-9]`;
      assert.match(await api.metrics(), new RegExp(errors));
      const failed = api.service.lines.filter((l) => l['msg'] === 'attempt failed');
      assert(failed.some((l) => l['correlation_id'] === id && l['outcome'] === outcome));
    });
  }

  test('messages: a call that its caller cancels ends upstream, as client_cancelled', async () => {
    const id = randomUUID();
    await api.withFaults([{ kind: 'hang' }], async () => {
      const controller = new AbortController();
      const pending = sdk().messages.create(ASK, {
        signal: controller.signal,
        headers: { 'x-correlation-id': id },
      });
      setTimeout(() => controller.abort(), 100);
      await assert.rejects(pending, Anthropic.APIUserAbortError);
      assert.equal(await api.outcomeOf(id), 'client_cancelled');
    });
    await api.expectRequests(id, 1);
    assert.equal(api.requestsOf(id)[0]?.status, 0);
  });

  test('messages: a stream that its caller leaves ends upstream, as client_cancelled', async () => {
    const id = randomUUID();
    await api.withFaults([{ kind: 'stream_hang' }], async () => {
      const stream = await sdk().messages.create(
        { ...ASK, stream: true },
        { headers: { 'x-correlation-id': id } },
      );
      for await (const event of stream) if (event.type === 'content_block_delta') break;
      assert.equal(await api.outcomeOf(id), 'client_cancelled');
    });
    await api.expectRequests(id, 1);
  });

  test('messages: the caller’s own deadline ends the call, as client_cancelled', async () => {
    await api.withFaults([{ kind: 'slow', delayMs: 5_000 }], async () => {
      const startedMs = performance.now();
      const id = randomUUID();
      const headers = { 'x-deadline-ms': '100', 'x-correlation-id': id };
      const late = await api.post('/v1/messages', BODY, headers);
      assert.equal(await api.outcomeOf(id), 'client_cancelled');
      assert.equal(late.status, 504);
      assert.equal(late.headers['x-should-retry'], 'false');
      assert.match(late.text, /deadline of 100 ms/);
      assert(performance.now() - startedMs < 3_000);
    });
  });

  test('messages: a key that the upstream rejects is our fault, and is not logged', async (t) => {
    const other = await startService({
      CLAUDE_API_KEY: 'sk-wrong-key-of-ours',
      CLAUDE_BASE_URL: api.simulator.url,
      OTEL_TRACES_EXPORTER: 'none',
    });
    t.after(other.stop);
    const caller = new Anthropic({ apiKey: 'x', baseURL: other.url, maxRetries: 0 });
    await assert.rejects(caller.messages.create(ASK), Anthropic.AuthenticationError);
    const line = await other.line((l) => l['msg'] === 'call');
    assert.equal(line['outcome'], 'auth_error');
    assert(!JSON.stringify(other.lines).includes('sk-wrong'));
  });
});
