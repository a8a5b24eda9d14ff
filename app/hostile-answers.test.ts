/** What an upstream invents, of any type and length, adds no series and breaks no answer. */
import assert from 'node:assert/strict';
import type { RequestListener } from 'node:http';
import { test } from 'node:test';
import { postJson } from './testing/http.ts';
import { ASK } from './testing/messages.ts';
import { eventually } from './testing/poll.ts';
import { type Scrape, scrape } from './testing/samples.ts';
import { serviceBefore } from './testing/service-before.ts';

const INVENTED: readonly unknown[] = [
  'a_value_of_tomorrow',
  'end_turn ',
  'REFUSAL',
  '',
  'constructor',
  '__proto__',
  'é\u2028"\n',
  'x'.repeat(100_000),
  '\ud800'.repeat(200),
  0,
  -1,
  1e308,
  true,
  {},
  { type: { type: 1 } },
  [],
  ['refusal', 'end_turn'],
];
const SAYS_NOTHING: readonly unknown[] = [undefined, null];
const VALUES = [...INVENTED, ...SAYS_NOTHING];

const METRICS = [
  'claude_api_stop_reasons_total',
  'claude_api_refusals_total',
  'claude_api_cache_misses_total',
  'claude_api_error_codes_total',
  'claude_api_version_calls_total',
];
const seriesOf = ({ samples }: Scrape) =>
  samples
    .filter(({ name }) => METRICS.includes(name))
    .map(({ name, labels }) => `${name} ${JSON.stringify(labels)}`)
    .sort();

const event = (type: string, data: object) =>
  `event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`;

/** A message that ends with this value in every place where the service looks for a reason. */
function messageWith(value: unknown, stop: unknown = value) {
  const end = { stop_reason: stop, stop_details: { type: 'refusal', category: value } };
  const start = { id: 'm', type: 'message', diagnostics: { cache_miss_reason: value } };
  return { ...start, ...end, content: [] };
}

function streamOf({ stop_reason, stop_details, ...start }: ReturnType<typeof messageWith>): string {
  return (
    event('message_start', { message: start }) +
    event('content_block_delta', { delta: { text: 'x' } }) +
    // More often than the API would, which still is one message.
    event('message_delta', { delta: { stop_reason, stop_details } }).repeat(3) +
    event('message_stop', {})
  );
}

/** An upstream that answers each request with what `next` says at that time. */
function upstreamOf(next: () => { status?: number; message: object; text?: string }) {
  const listener: RequestListener = async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const { status = 200, message, text } = next();
    const stream = (JSON.parse(body) as { stream?: boolean }).stream === true && text;
    const type = stream ? 'text/event-stream' : 'application/json';
    response.writeHead(status, { 'content-type': type }).end(stream || JSON.stringify(message));
  };
  return listener;
}

test('hostile answers: values of any type and length are counted as other or not at all, whole and streamed', async (t) => {
  let value: unknown;
  let stop: unknown;
  const service = await serviceBefore(
    t,
    upstreamOf(() => {
      const message = messageWith(value, stop);
      return { message, text: streamOf(message) };
    }),
  );
  const first = await scrape(service.metricsUrl);
  for (const [part, stopOf] of [
    ['every value', (one: unknown) => one],
    ['a refusal’s', () => 'refusal'],
  ] as const) {
    for (const one of VALUES) {
      value = one;
      stop = stopOf(one);
      for (const stream of [false, true]) {
        const before = await scrape(service.metricsUrl);
        const what = `${part} ${JSON.stringify(one)?.slice(0, 40)}, stream ${stream}`;
        const { status } = await postJson(`${service.url}/v1/messages`, { ...ASK, stream });
        assert.equal(status, 200, what);
        const now = await eventually(async () => {
          const scraped = await scrape(service.metricsUrl);
          const calls = 'claude_api_requests_total';
          return scraped.sum(calls) > before.sum(calls) && scraped;
        });
        const more = (name: string, labels = {}) =>
          now.sum(name, labels) - before.sum(name, labels);
        const isSaid = INVENTED.includes(one) ? 1 : 0;
        const isRefusal = stop === 'refusal' ? 1 : 0;
        const reasons = 'claude_api_stop_reasons_total';
        assert.equal(more(reasons), isRefusal || isSaid, what);
        assert.equal(more(reasons, { stop_reason: 'other' }), isRefusal ? 0 : isSaid, what);
        const category = isSaid ? 'other' : 'none';
        assert.equal(more('claude_api_refusals_total'), isRefusal, what);
        assert.equal(more('claude_api_refusals_total', { category }), isRefusal, what);
        assert.equal(more('claude_api_cache_misses_total', { reason: 'other' }), isSaid, what);
        assert.equal(more('claude_api_cache_misses_total'), isSaid, what);
      }
    }
  }
  assert.deepEqual(seriesOf(await scrape(service.metricsUrl)), seriesOf(first));
});

test('hostile answers: error codes of any type and length are other or none, whole, streamed and as an event', async (t) => {
  let answer: { status?: number; message: object; text?: string } = { message: {} };
  const service = await serviceBefore(
    t,
    upstreamOf(() => answer),
    { RETRY_MAX: '0' },
  );
  const first = await scrape(service.metricsUrl);
  for (const code of VALUES) {
    const error = { type: 'invalid_request_error', message: 'm', details: { error_code: code } };
    const message = { type: 'error', error };
    const begun = event('content_block_delta', { delta: { text: 'x' } });
    for (const [stream, next] of [
      [false, { status: 400, message }],
      [true, { status: 400, message }],
      [false, { message }],
      [true, { message, text: event('error', { error }) }],
      [true, { message, text: begun + event('error', { error }) }],
    ] as const) {
      answer = next;
      const before = await scrape(service.metricsUrl);
      const what = `${JSON.stringify(code)?.slice(0, 40)} ${JSON.stringify(next).slice(0, 40)}`;
      await postJson(`${service.url}/v1/messages`, { ...ASK, stream });
      const now = await eventually(async () => {
        const scraped = await scrape(service.metricsUrl);
        const calls = 'claude_api_requests_total';
        return scraped.sum(calls) > before.sum(calls) && scraped;
      });
      const codes = 'claude_api_error_codes_total';
      const expected = typeof code === 'string' && code !== '' ? 1 : 0;
      assert.equal(now.sum(codes) - before.sum(codes), expected, what);
      const other = { error_code: 'other' };
      assert.equal(now.sum(codes, other) - before.sum(codes, other), expected, what);
      const outcome = { outcome: 'invalid_request' };
      const calls = 'claude_api_requests_total';
      assert.equal(now.sum(calls, outcome) - before.sum(calls, outcome), 1, what);
    }
  }
  assert.deepEqual(seriesOf(await scrape(service.metricsUrl)), seriesOf(first));
  for (const line of service.lines) {
    assert(JSON.stringify(line).length < 2_000, 'an invented code makes a line long');
  }
});

test('hostile answers: a flood of invented reasons, categories, codes, diagnoses and versions adds no series', async (t) => {
  let n = 0;
  const service = await serviceBefore(
    t,
    upstreamOf(() => {
      n += 1;
      if (n % 2 === 0) {
        const error = { type: 't', message: 'm', details: { error_code: `code_${n}` } };
        return { status: 400, message: { type: 'error', error } };
      }
      const message = messageWith(`v${n}`, n % 3 === 0 ? 'refusal' : `s${n}`);
      return { message, text: streamOf(message) };
    }),
  );
  const url = `${service.url}/v1/messages`;
  const send = (i: number) =>
    postJson(url, { ...ASK, stream: i % 5 === 0 }, { 'anthropic-version': `v${i}` });
  // One of each kind first, so that what is left to appear would be of the flood.
  for (let i = 0; i < 20; i++) await send(i);
  const all = ({ samples }: Scrape) => samples.filter(({ name }) => name.startsWith('claude_'));
  const first = await scrape(service.metricsUrl);
  for (let i = 0; i < 40; i++)
    await Promise.all(Array.from({ length: 10 }, (_, j) => send(i * 10 + j)));
  const last = await eventually(async () => {
    const scraped = await scrape(service.metricsUrl);
    return scraped.sum('claude_api_requests_total') === 420 && scraped;
  });
  assert.deepEqual(seriesOf(last), seriesOf(first));
  assert.equal(all(last).length, all(first).length);
  assert.equal(last.sum('claude_api_version_calls_total', { version: 'other' }), 420);
});
