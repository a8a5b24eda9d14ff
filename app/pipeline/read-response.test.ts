import assert from 'node:assert/strict';
import { test } from 'node:test';
import { unrecordedCall } from '../telemetry/recorder.ts';
import { OPERATIONS } from '../telemetry/vocabulary.ts';
import {
  aRequest,
  aResponse,
  events,
  type Row,
  recordingCall,
  scripted,
  stageTable,
  textOf,
} from '../testing/fakes.ts';
import {
  BLOCK,
  DELTA,
  END,
  error,
  event,
  PING,
  START,
  STOP,
  USAGE,
} from '../testing/message-stream.ts';
import { CallState } from './call-state.ts';
import { readResponse } from './read-response.ts';
import type { PipelineResponse } from './stage.ts';

const stage = readResponse({ firstEventTimeoutMs: 60_000, silenceMs: 60_000 });
const streamOf = (...texts: string[]) =>
  aResponse(200, { data: events(...texts), headers: { 'request-id': 'r' } });
const read = (response: PipelineResponse, call = recordingCall(), state = new CallState(() => 0)) =>
  stage(aRequest({ stream: true, call, state }), scripted(response));

const complete = (status: number, data: string, result: number | string): Row => ({
  given: { body: '{"a":1}' },
  answers: [aResponse(status, { data })],
  saw: [{ body: '{"a":1}' }],
  result,
});
const stream = (texts: string[], result: number | string, ...recorded: unknown[]): Row => ({
  given: { stream: true },
  answers: [streamOf(...texts)],
  saw: [{ stream: true }],
  result,
  recorded,
});
/** What was used before the content began, which is billed. */
const usage = { ...USAGE, outputTokens: 1 };
const MESSAGE_STARTED = ['setResponse', { id: 'm' }];
const NO_FACTS = [['setResponse', {}]];

stageTable('readResponse', () => stage, {
  'a complete message is recorded': {
    ...complete(200, '{"id":"m"}', 200),
    recorded: [MESSAGE_STARTED],
  },
  'the usage of a complete message counts': {
    ...complete(
      200,
      '{"usage":{"input_tokens":7,"output_tokens":9,"cache_read_input_tokens":2}}',
      200,
    ),
    recorded: NO_FACTS,
    usage: USAGE,
  },
  'a complete error passes': complete(529, '{"type":"error"}', 529),
  'an error inside a complete 200 gets its own status': complete(
    200,
    '{"type":"error","error":{"type":"overloaded_error"}}',
    529,
  ),
  'half a JSON body is a bad response': complete(200, '{"cut":', 'bad_upstream_response'),
  'a JSON array is a bad response': complete(200, '[]', 'bad_upstream_response'),
  'an empty body is a bad response': complete(200, '', 'bad_upstream_response'),
  'a proxy’s page of a transient status keeps the status': complete(502, '<html>', 502),
  'a page of a permanent status keeps the status': complete(404, '<html>', 404),
  'an error without a body keeps the status': complete(431, '', 431),
  'an error too long to be one keeps the status': complete(
    413,
    `{"a":"${'x'.repeat(300_000)}"}`,
    413,
  ),
  'a status that HTTP does not have is a 502': complete(600, '{}', 502),
  'a status below those of final responses is a 502': complete(99, '{}', 502),
  'a success without content is a 502': complete(204, '', 502),
  'a 304 is a 502': complete(304, '', 502),
  'a redirect’s page is a bad response': complete(307, '<html>', 'bad_upstream_response'),
  'a stream with content flows': stream([START, DELTA], 200, MESSAGE_STARTED, ['recordChunk']),
  'a complete error in place of a stream passes': {
    given: { stream: true },
    answers: [aResponse(529)],
    saw: [{}],
    result: 529,
  },
  'an overload before a stream’s content gets its status': {
    ...stream([START, PING, BLOCK, error('overloaded_error')], 529, MESSAGE_STARTED),
    usage,
  },
  'a rate limit before a stream’s content gets its status': stream(
    [error('rate_limit_error')],
    429,
  ),
  'an invalid request before a stream’s content gets its status': stream(
    [error('invalid_request_error')],
    400,
  ),
  'an unknown error before a stream’s content is a 500': stream([error('something_new')], 500),
  'an empty stream is truncated': stream([], 'truncated'),
  'a stream that ends before its content is truncated, its usage kept': {
    ...stream([START, PING, BLOCK], 'truncated', MESSAGE_STARTED),
    usage,
  },
});

test('readResponse: JSON in place of a stream passes, and its usage counts once', async () => {
  const state = new CallState(() => 0);
  const body = JSON.stringify({ type: 'message', usage: { input_tokens: 7, output_tokens: 9 } });
  const response = await read(aResponse(200, { data: body }), recordingCall(), state);
  assert.equal(response.data, body);
  assert.deepEqual(state.usage, { ...USAGE, cacheReadTokens: 0 });
});

test('readResponse: a stream in place of JSON fails once, and its usage counts', async () => {
  const state = new CallState(() => 0);
  const headers = { 'content-type': 'text/event-stream; charset=utf-8' };
  const answer = aResponse(200, { headers, data: START + DELTA + END + STOP });
  const asked = stage(aRequest({ state }), scripted(answer));
  await assert.rejects(asked, { code: 'bad_upstream_response', retryable: false });
  assert.deepEqual(state.usage, USAGE);
});

const CHARGED =
  '"usage":{"input_tokens":7,"output_tokens":9,"server_tool_use":{"web_search_requests":2}}';
const ANSWERS_WITH_USAGE: readonly [what: string, answer: PipelineResponse][] = [
  ['an answer', aResponse(200, { data: `{"input_tokens":7,${CHARGED}}` })],
  ['a message', aResponse(200, { data: `{"type":"message","model":"m",${CHARGED}}` })],
  [
    'a stream',
    aResponse(200, {
      headers: { 'content-type': 'text/event-stream' },
      data: START + DELTA + END + STOP,
    }),
  ],
];
for (const operation of OPERATIONS) {
  for (const [what, answer] of ANSWERS_WITH_USAGE) {
    const isCharged = operation === 'chat';
    test(`readResponse: ${what} with usage to ${operation} is ${isCharged ? '' : 'not '}charged`, async () => {
      const state = new CallState(() => 0);
      const reports: unknown[] = [];
      const call = {
        ...unrecordedCall,
        recordUsage: (report: unknown) => void reports.push(report),
      };
      const method = operation === 'models' || operation === 'batches' ? 'GET' : 'POST';
      const asked = stage(aRequest({ method, operation, state, call }), scripted(answer));
      await asked.catch((error) => assert.equal(error.code, 'bad_upstream_response'));
      assert.equal(reports.length, isCharged ? 1 : 0);
      assert.equal(state.usage === undefined, !isCharged);
    });
  }
}

test('readResponse: half a body is retryable, a page of a redirect is not', async () => {
  const ask = (status: number) => stage(aRequest(), scripted(aResponse(status, { data: '<' })));
  await assert.rejects(ask(200), { code: 'bad_upstream_response', retryable: true });
  await assert.rejects(ask(307), { code: 'bad_upstream_response', retryable: false });
});

const ON_HOLD = {
  type: 'invalid_request_error',
  message: 'm',
  details: { error_code: 'organization_on_hold' },
};
const FAILURES: readonly [name: string, answer: PipelineResponse, failure: string][] = [
  ['a 400', aResponse(400), 'invalid_request'],
  ['a 431 without a body', aResponse(431, { data: '' }), 'invalid_request'],
  ['a firewall’s 403', aResponse(403, { data: '<html>' }), 'invalid_request'],
  ['a proxy’s 401', aResponse(401, { data: '<html>' }), 'auth_error'],
  [
    'a 400 about the account',
    aResponse(400, { data: JSON.stringify({ error: ON_HOLD }) }),
    'auth_error',
  ],
  [
    'an error about the account inside a complete 200',
    aResponse(200, { data: JSON.stringify({ type: 'error', error: ON_HOLD }) }),
    'auth_error',
  ],
  [
    'an error about the account before content',
    streamOf(event('error', { error: ON_HOLD })),
    'auth_error',
  ],
];
for (const [name, answer, failure] of FAILURES) {
  test(`readResponse: ${name} is ${failure}, at once and at its end`, async () => {
    const response = await read(answer);
    assert.equal(response.failure, failure);
    assert.equal(await response.outcome, failure);
    assert.equal(JSON.parse(await textOf(response.data)).type ?? 'error', 'error');
  });
}

test('readResponse: an error event about the account after content ends the stream as auth_error', async () => {
  const { data, outcome } = await read(streamOf(START, DELTA, event('error', { error: ON_HOLD })));
  await textOf(data);
  assert.equal(await outcome, 'auth_error');
});

test('readResponse: a proxy’s page becomes Anthropic’s error and keeps its headers', async () => {
  const answer = aResponse(529, {
    data: '<html>',
    headers: { 'retry-after': '3', 'content-type': 'text/html' },
  });
  const { headers, data } = await stage(aRequest(), scripted(answer));
  assert.deepEqual(headers, { 'retry-after': '3', 'content-type': 'application/json' });
  assert.equal(JSON.parse(data as string).error.type, 'overloaded_error');
});

test('readResponse: an error before a stream’s content keeps its body and headers', async () => {
  const response = await read(streamOf(START, error('overloaded_error')));
  assert.equal(response.headers['content-type'], 'application/json');
  assert.equal(response.headers['request-id'], 'r');
  assert.equal(JSON.parse(response.data as string).error.type, 'overloaded_error');
});

test('readResponse: an unknown error stays as it is', async () => {
  const mistake = new TypeError('x');
  await assert.rejects(stage(aRequest({ stream: true }), scripted(mistake)), mistake);
});
