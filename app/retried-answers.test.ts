/** Telemetry of a retried call shows what the last attempt answered, and charges for the tokens of every attempt. */
import assert from 'node:assert/strict';
import type { RequestListener } from 'node:http';
import { test } from 'node:test';
import { postJson } from './testing/http.ts';
import { ASK, MODEL } from './testing/messages.ts';
import { eventually } from './testing/poll.ts';
import { scrape } from './testing/samples.ts';
import { serviceBefore } from './testing/service-before.ts';

const ANOTHER = 'claude-sonnet-5-5';
const event = (type: string, data: object) =>
  `event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`;
const start = (model: string, message: object = {}) =>
  event('message_start', {
    message: { type: 'message', model, usage: { input_tokens: 100, output_tokens: 1 }, ...message },
  });

/** Begins a message by another model, with a reason why the cache missed, and fails before its content. */
const FAILED =
  start(ANOTHER, { id: 'm1', diagnostics: { cache_miss_reason: { type: 'tools_changed' } } }) +
  event('error', { error: { type: 'overloaded_error', message: 'Overloaded' } });
const WHOLE =
  start(MODEL) +
  event('content_block_delta', { delta: { text: 'x' } }) +
  event('message_delta', { delta: { stop_reason: 'end_turn' }, usage: { output_tokens: 5 } }) +
  event('message_stop', {});

const sendsStream = (response: Parameters<RequestListener>[1], text: string) =>
  void response.writeHead(200, { 'content-type': 'text/event-stream' }).end(text);

interface Last {
  readonly answer: RequestListener;
  readonly status: number;
  readonly outcome: string;
  /** As the log line shows it; the stop reason too. */
  readonly responseModel?: string;
  readonly stopReason?: string;
}

const LAST: Readonly<Record<string, Last>> = {
  'answers by the model that was asked for': {
    answer: (_request, response) => sendsStream(response, WHOLE),
    status: 200,
    outcome: 'success',
    responseModel: MODEL,
    stopReason: 'end_turn',
  },
  'is refused': {
    answer: (_request, response) => void response.writeHead(529).end(),
    status: 529,
    outcome: 'overloaded',
  },
};
for (const [what, last] of Object.entries(LAST)) {
  test(`retried answers: when the second attempt ${what}, nothing of what the first one said is left but its tokens`, async (t) => {
    let attempts = 0;
    const service = await serviceBefore(
      t,
      (request, response) => {
        attempts += 1;
        if (attempts === 1) sendsStream(response, FAILED);
        else last.answer(request, response);
      },
      { RETRY_MAX: '1' },
    );
    const { status } = await postJson(`${service.url}/v1/messages`, { ...ASK, stream: true });
    assert.deepEqual([status, attempts], [last.status, 2]);
    const line = await service.line(({ msg }) => msg === 'call');
    assert.equal(line['outcome'], last.outcome);
    assert.equal(line['response_model'], last.responseModel);
    assert.equal(line['stop_reason'], last.stopReason);
    const now = await eventually(async () => {
      const scraped = await scrape(service.metricsUrl);
      return scraped.sum('claude_api_requests_total') === 1 && scraped;
    });
    const outcome = { model: MODEL, outcome: last.outcome };
    assert.equal(now.sum('claude_api_requests_total', outcome), 1);
    assert.equal(now.sum('claude_api_cache_misses_total'), 0);
    assert.equal(now.sum('claude_api_stop_reasons_total'), last.stopReason ? 1 : 0);
    const tokens = (model: string) => now.sum('claude_api_tokens_total', { model, type: 'input' });
    assert.deepEqual([tokens(ANOTHER), tokens(MODEL)], [100, last.stopReason ? 100 : 0]);
    assert(now.sum('claude_api_cost_dollars_total', { model: ANOTHER }) > 0);
  });
}
