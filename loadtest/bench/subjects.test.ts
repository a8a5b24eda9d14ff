/** Each subject is what it says: it has real settings and real stages, and an upstream that clients accept. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import { createClaudePipeline } from '../../app/claude/client.ts';
import { settingsSchema } from '../../app/config/settings.ts';
import { listen } from '../../app/testing/http.ts';
import { systemClock } from '../../app/time/clock.ts';
import { TUNING } from '../../app/tuning.ts';
import { RetryBudget } from '../../app/upstreams/retry-budget.ts';
import { UpstreamPool } from '../../app/upstreams/upstream-pool.ts';
import { askOf, completeAnswer, MODEL, STREAM } from './answers.ts';
import { oursEnv, VARIANTS, type Variant } from './ours.ts';
import { orderOf } from './rounds.ts';
import { stagesOf, upstreamOf } from './stages/pipelines.ts';
import { SUBJECTS } from './subjects.ts';
import { createUpstream } from './upstream.ts';

const PLACE = {
  upstream: 'http://127.0.0.1:1',
  otlp: 'http://127.0.0.1:2',
  port: 3,
  metricsPort: 4,
  folder: '/tmp',
};

test('subjects: names are unique, as ratios are taken by name', () => {
  const names = SUBJECTS.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
});

test('subjects: labels fit beside the bars of the chart', () => {
  for (const { label } of SUBJECTS) assert(label.length <= 60, label);
});

for (const variant of Object.keys(VARIANTS) as Variant[]) {
  test(`ours, ${variant}: every variable is a setting of the service, with a value that it takes`, () => {
    const env = oursEnv(variant, PLACE);
    for (const name of Object.keys(env)) assert(name in settingsSchema.shape, name);
    assert(settingsSchema.safeParse(env).success);
  });
}

test('stages: those that are measured are those of the client, in its order', () => {
  const upstream = upstreamOf(true);
  const system = { clock: systemClock, wallClock: Date.now, random: Math.random };
  const pipeline = createClaudePipeline(
    async () => assert.fail('nothing is sent'),
    {
      deadlineMs: 1,
      attemptTimeoutMs: 1,
      firstEventTimeoutMs: 1,
      ...TUNING.stream,
      pseudonymize: true,
      models: [MODEL],
      retry: { maxRetries: 3, ...TUNING.backoff },
    },
    {
      ...system,
      recorder: { startCall: () => assert.fail(), recordRejection() {} },
      budget: new RetryBudget(TUNING.retryBudget),
      upstreams: new UpstreamPool([upstream], TUNING.breaker, system),
      pool: {} as never,
    },
  );
  assert.deepEqual(
    stagesOf(upstream).map(({ name }) => name),
    pipeline.stages(),
  );
});

test('upstream: the official SDK takes its complete answer and its stream', async (t) => {
  const baseURL = `http://127.0.0.1:${await listen(t, createUpstream().server)}`;
  const claude = new Anthropic({ baseURL, apiKey: 'unused', maxRetries: 0 });
  const ask = { model: MODEL, max_tokens: 64, messages: [{ role: 'user' as const, content: 'a' }] };
  const message = await claude.messages.create(ask);
  assert.equal(message.stop_reason, 'end_turn');
  assert.equal(message.usage.output_tokens, 64);
  const streamed = await claude.messages.stream(ask).finalMessage();
  const [block] = streamed.content;
  assert(block?.type === 'text');
  assert.equal(block.text.match(/chunk-/g)?.length, STREAM.chunks);
  assert.equal(streamed.stop_reason, 'end_turn');
});

test('upstream: it waits, and answers at length, when it is told to', async (t) => {
  const { server, behave, connections } = createUpstream();
  const url = `http://127.0.0.1:${await listen(t, server)}/v1/messages`;
  behave({ delayMs: 30, answerBytes: 1_000_000 });
  const startedMs = performance.now();
  const text = await (await fetch(url, { method: 'POST', body: askOf(1_000_000, false) })).text();
  // Timers fire up to a millisecond early.
  assert(performance.now() - startedMs >= 29);
  assert.equal(text.length, 1_000_000);
  assert.equal(connections(), 1);
});

test('answers: requests and answers have the size that was asked for', () => {
  for (const bytes of [1_000, 1_000_000]) {
    assert.equal(completeAnswer(bytes).length, bytes);
    assert.equal(Buffer.byteLength(askOf(bytes, true)), bytes);
  }
});

test('orderOf: every other round goes backwards, so that no place is an advantage', () => {
  assert.deepEqual(orderOf([1, 2, 3], 0), [1, 2, 3]);
  assert.deepEqual(orderOf([1, 2, 3], 1), [3, 2, 1]);
});
