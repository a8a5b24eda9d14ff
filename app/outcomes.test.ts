/**
 * Every row of the outcomes in docs/semantics.md, over real HTTP: what an upstream answers, complete and in
 * place of a stream, and how the call and its attempts are counted.
 */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';
import { test } from 'node:test';
import { OUTCOME_TRAITS, type Outcome } from './outcome.ts';
import { listen, postJson } from './testing/http.ts';
import { ASK } from './testing/messages.ts';
import { scrape } from './testing/samples.ts';
import { startService } from './testing/service-process.ts';

const event = (type: string, data: object = { type }) =>
  `event: ${type}\ndata: ${JSON.stringify(data)}\n\n`;
const START = event('message_start', { message: { id: 'm', usage: { input_tokens: 1 } } });
const DELTA = event('content_block_delta');
const STOP = event('message_stop');
const errorOf = (type: string) => ({ type: 'error', error: { type, message: 'm' } });

/** What the upstream answers to a call for the model of this name. */
type Answers = Readonly<Record<string, (response: ServerResponse) => void>>;
const status =
  (code: number, body = JSON.stringify(errorOf('api_error'))) =>
  (response: ServerResponse) =>
    void response.writeHead(code, { 'content-type': 'application/json' }).end(body);
const stream =
  (...events: readonly string[]) =>
  (response: ServerResponse) =>
    void response.writeHead(200, { 'content-type': 'text/event-stream' }).end(events.join(''));
const cutAfter =
  (...events: readonly string[]) =>
  (response: ServerResponse) =>
    void response
      .writeHead(200, { 'content-type': 'text/event-stream' })
      .write(events.join(''), () => response.socket?.resetAndDestroy());

type Row = readonly [code: number, outcome: Outcome, attempts: number];
const STATUSES: readonly Row[] = [
  [400, 'invalid_request', 1],
  [401, 'auth_error', 1],
  [402, 'auth_error', 1],
  [403, 'auth_error', 1],
  [404, 'invalid_request', 1],
  [408, 'timeout', 2],
  [409, 'invalid_request', 2],
  [413, 'invalid_request', 1],
  [422, 'invalid_request', 1],
  [425, 'invalid_request', 1],
  [429, 'rate_limited', 2],
  [431, 'invalid_request', 1],
  [499, 'invalid_request', 1],
  [500, 'upstream_error', 2],
  [503, 'upstream_error', 2],
  [504, 'timeout', 2],
  [529, 'overloaded', 2],
];
/** A body that the API did not write: a proxy's page, or none. */
const PAGES: readonly Row[] = [
  [400, 'invalid_request', 1],
  [401, 'auth_error', 1],
  [403, 'invalid_request', 1],
  [404, 'invalid_request', 1],
  [413, 'invalid_request', 1],
  [431, 'invalid_request', 1],
  [502, 'upstream_error', 2],
  [504, 'timeout', 2],
];
const EVENTS: readonly (readonly [type: string, outcome: Outcome, attempts: number])[] = [
  ['invalid_request_error', 'invalid_request', 1],
  ['authentication_error', 'auth_error', 1],
  ['billing_error', 'auth_error', 1],
  ['permission_error', 'auth_error', 1],
  ['not_found_error', 'invalid_request', 1],
  ['rate_limit_error', 'rate_limited', 2],
  ['api_error', 'upstream_error', 2],
  ['timeout_error', 'timeout', 2],
  ['overloaded_error', 'overloaded', 2],
  ['an_error_of_tomorrow', 'upstream_error', 2],
];

const ANSWERS: Answers = {
  good: status(200, '{"id":"m","type":"message"}'),
  'good stream': stream(START, DELTA, STOP),
  'reset after message_stop': cutAfter(START, DELTA, STOP),
  'reset before message_stop': cutAfter(START, DELTA),
  'ends before message_stop': stream(START, DELTA),
  'half a body': status(200, '{"id":'),
  ...Object.fromEntries(STATUSES.map(([code]) => [`${code}`, status(code)])),
  ...Object.fromEntries(PAGES.map(([code]) => [`page ${code}`, status(code, '<html>')])),
  ...Object.fromEntries(PAGES.map(([code]) => [`nothing ${code}`, status(code, '')])),
  ...Object.fromEntries(
    EVENTS.flatMap(([type]) => [
      [`${type} first`, stream(START, event('error', errorOf(type)))],
      [`${type} late`, stream(START, DELTA, event('error', errorOf(type)))],
    ]),
  ),
};

const FOR_EACH: readonly (readonly [
  model: string,
  streamed: boolean,
  outcome: Outcome,
  attempts: number,
])[] = [
  ['good', false, 'success', 1],
  ['good stream', true, 'success', 1],
  ['reset after message_stop', true, 'success', 1],
  ['reset before message_stop', true, 'network_error', 1],
  ['ends before message_stop', true, 'truncated', 1],
  ['half a body', false, 'upstream_error', 2],
  ...[false, true].flatMap((streamed) => [
    ...STATUSES.map(([code, ...row]) => [`${code}`, streamed, ...row] as const),
    ...PAGES.map(([code, ...row]) => [`page ${code}`, streamed, ...row] as const),
    ...PAGES.map(([code, ...row]) => [`nothing ${code}`, streamed, ...row] as const),
  ]),
  ...EVENTS.flatMap(([type, outcome, attempts]) => [
    [`${type} first`, true, outcome, attempts] as const,
    [`${type} late`, true, outcome, 1] as const,
  ]),
];

test('outcomes of what an upstream answers', async (t) => {
  const upstream = createServer(async (request, response) => {
    let text = '';
    for await (const chunk of request) text += chunk;
    ANSWERS[(JSON.parse(text) as { model: string }).model]?.(response);
  });
  const service = await startService(
    {
      CLAUDE_API_KEY: 'the-only-key',
      CLAUDE_BASE_URL: `http://127.0.0.1:${await listen(t, upstream)}`,
      RETRY_MAX: '1',
      OTEL_TRACES_EXPORTER: 'none',
    },
    {
      backoff: { baseMs: 1, capMs: 1 },
      retryBudget: { capacity: 1_000 },
      // Every call shall reach the upstream.
      breaker: { minAttempts: 100_000 },
    },
  );
  t.after(() => service.stop());
  for (const [model, streamed, outcome, attempts] of FOR_EACH) {
    const what = `${model}${streamed ? ', in place of a stream' : ''}`;
    await t.test(`outcomes: ${what} is ${outcome} after ${attempts} attempt(s)`, async () => {
      const before = await scrape(service.metricsUrl);
      const id = randomUUID();
      const asked = { ...ASK, model, stream: streamed };
      await postJson(`${service.url}/v1/messages`, asked, { 'x-correlation-id': id });
      const line = await service.line((l) => l['msg'] === 'call' && l['correlation_id'] === id);
      assert.equal(line['outcome'], outcome);
      assert.equal(line['attempts'], attempts);
      const now = await scrape(service.metricsUrl);
      const more = (name: string, labels: Readonly<Record<string, string>>) =>
        now.sum(name, labels) - before.sum(name, labels);
      assert.equal(more('claude_api_requests_total', { outcome }), 1);
      assert.equal(more('claude_api_attempts_total', { outcome }), attempts);
      const failed = OUTCOME_TRAITS[outcome].failedAttempt ? attempts : 0;
      assert.equal(more('claude_api_errors_total', { error_type: outcome }), failed);
    });
  }
});

test('outcomes: an upstream that answers every call with 431 and no body is alive, so no circuit opens', async (t) => {
  const upstream = createServer((request, response) => {
    request.resume().on('end', () => status(431, '')(response));
  });
  const service = await startService({
    CLAUDE_API_KEY: 'the-only-key',
    CLAUDE_BASE_URL: `http://127.0.0.1:${await listen(t, upstream)}`,
    OTEL_TRACES_EXPORTER: 'none',
  });
  t.after(() => service.stop());
  for (let i = 0; i < 40; i++) {
    const { status: answered, text } = await postJson(`${service.url}/v1/messages`, ASK);
    assert.equal(answered, 431);
    assert.equal(JSON.parse(text).error.type, 'invalid_request_error');
  }
  const now = await scrape(service.metricsUrl);
  assert.equal(now.sum('claude_api_circuit_state', { state: 'closed' }), 1);
  assert.deepEqual(now.by('outcome', 'claude_api_requests_total'), { invalid_request: 40 });
});

test('outcomes: a service without a key fails calls by its own fault, as internal_error', async (t) => {
  const service = await startService({
    CLAUDE_BASE_URL: 'http://127.0.0.1:9',
    OTEL_TRACES_EXPORTER: 'none',
  });
  t.after(() => service.stop());
  const { status: answered } = await postJson(`${service.url}/v1/messages`, ASK);
  assert.equal(answered, 503);
  const line = await service.line((l) => l['msg'] === 'call');
  assert.equal(line['outcome'], 'internal_error');
});
