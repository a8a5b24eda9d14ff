/** Every kind of call, made to the real service and the simulator, and judged for answers of every sort. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, test } from 'node:test';
import { useSimulatedService } from '../../app/testing/simulated-service.ts';
import { CALLS } from './all.ts';
import { POLLS } from './batch.ts';
import { CALL_KINDS, type CallKind } from './kinds.ts';
import { ASKED, callWith, makeCall, send, type Told } from './testing-calls.ts';

/** Their last answers are streams, which are sent before their overhead is known. */
const WITHOUT_OVERHEAD: readonly CallKind[] = ['streaming', 'long', 'hang_up', 'batch'];

describe('calls to the service', { concurrency: false }, () => {
  const api = useSimulatedService();

  for (const kind of CALL_KINDS) {
    test(`${kind}: without a fault the call is good, and all its requests have its ID`, async () => {
      const asked = { ...ASKED, id: randomUUID() };
      const seen = await makeCall(CALLS[kind](asked), api.service.url);
      assert.deepEqual(seen.verdict, { ok: true });
      assert.equal(seen.answered, true);
      assert(seen.durationMs > 0);
      if (kind === 'hang_up') return;
      assert.equal(seen.correlated, true);
      assert.equal(seen.overheadMs === undefined, WITHOUT_OVERHEAD.includes(kind), kind);
      assert(api.simulator.requests().some((r) => r.headers['x-correlation-id'] === asked.id));
    });
  }

  test('hang_up: who leaves before the first event has hung up, and the service counts them so', async () => {
    const id = randomUUID();
    await api.withFaults([{ kind: 'hang' }], async () => {
      const call = CALLS.hang_up({ ...ASKED, id });
      const step = call.next().value;
      assert('request' in step);
      // Late enough for a busy machine: the service has to have seen the request.
      const answer = await send({ ...step.request, hangUpAfterMs: 1_000 }, api.service.url);
      const { value } = call.next(answer);
      assert('verdict' in value);
      assert.deepEqual([value.verdict, value.correlated], [{ ok: true }, undefined]);
      assert.equal(await api.outcomeOf(id), 'client_cancelled');
    });
  });
});

const USAGE = { input_tokens: 9, output_tokens: 3 };
const message = (content: unknown[] = [], usage: object = USAGE) =>
  JSON.stringify({ type: 'message', role: 'assistant', content, stop_reason: 'end_turn', usage });
const TOOL_USE = { type: 'tool_use', id: 'toolu_1', name: 'get_weather', input: {} };
const SHED = JSON.stringify({ type: 'error', error: { type: 'overloaded_error', message: '' } });
const STOPPED = 'event: message_start\ndata: {"type":"message_start"}\n\n';
const batchIn = (processing_status: string) =>
  JSON.stringify({ id: 'msgbatch_1', type: 'message_batch', processing_status });
const resultOf = (custom_id: string, type = 'succeeded') =>
  JSON.stringify({ custom_id, result: { type, message: JSON.parse(message()) } });
const RESULTS = ['n2', 'n0', 'n1'].map((id) => resultOf(id)).join('\n');

type Case = [kind: CallKind, what: string, answers: Told[], expected: string];

const CASES: Case[] = [
  ['complete', 'a message', [{ body: message() }], 'ok'],
  ['complete', 'a shed call', [{ status: 503, body: SHED }], 'status_503, answered'],
  ['complete', 'an overloaded upstream', [{ status: 529, body: SHED }], 'status_529, answered'],
  ['complete', 'a quota', [{ status: 429, body: SHED }], 'status_429, answered'],
  ['complete', "a proxy's 503", [{ status: 503, body: '<html>' }], 'status_503'],
  ['complete', 'a 500 in the form of the API', [{ status: 500, body: SHED }], 'status_500'],
  ['complete', 'a time-out', [{ status: 0, broken: 'timeout' }], 'timeout'],
  [
    'complete',
    'half an answer',
    [{ body: message().slice(9), broken: 'network_error' }],
    'network_error',
  ],
  ['streaming', 'no end', [{ body: STOPPED }], 'no_message_stop'],
  ['hang_up', 'an answer before the caller left', [{ body: STOPPED }], 'no_message_stop'],
  ['hang_up', 'a refusal', [{ status: 503, body: SHED }], 'status_503, answered'],
  ['hang_up', 'a hang-up', [{ status: 200, broken: 'hung_up' }], 'ok'],
  ['hang_up', 'a hang-up before the answer', [{ status: 0, broken: 'hung_up' }], 'ok'],
  ['hang_up', 'a hang-up during a refusal', [{ status: 503, broken: 'hung_up' }], 'status_503'],
  ['hang_up', 'a lost connection', [{ status: 0, broken: 'network_error' }], 'network_error'],
  ['long', 'no end', [{ body: STOPPED }], 'no_message_stop'],
  ['count_tokens', 'a count', [{ body: '{"input_tokens":9}' }], 'ok'],
  ['count_tokens', 'a count as text', [{ body: '{"input_tokens":"9"}' }], 'no_token_count'],
  ['count_tokens', 'none', [{ body: '{"input_tokens":0}' }], 'no_token_count'],
  ['count_tokens', 'a refusal', [{ status: 529, body: SHED }], 'status_529, answered'],
  ['tools', 'a tool and an answer', [{ body: message([TOOL_USE]) }, { body: message() }], 'ok'],
  ['tools', 'no tool', [{ body: message() }], 'no_tool_use'],
  ['tools', 'another tool', [{ body: message([{ ...TOOL_USE, name: 'x' }]) }], 'no_tool_use'],
  [
    'tools',
    'a failed second request',
    [{ body: message([TOOL_USE]) }, { status: 500 }],
    'status_500',
  ],
  ['tools', 'a failed first request', [{ status: 529, body: SHED }], 'status_529, answered'],
  ['cached', 'no reading', [{ body: message() }], 'cache_not_read'],
  [
    'cached',
    'reading the second time',
    [{ body: message() }, { body: message([], { ...USAGE, cache_read_input_tokens: 4 }) }],
    'ok',
  ],
  ['thinking', 'no thought', [{ body: message() }], 'ok'],
  [
    'thinking',
    'a signed thought',
    [{ body: message([{ type: 'thinking', signature: 's' }]) }],
    'ok',
  ],
  [
    'thinking',
    'an unsigned thought',
    [{ body: message([{ type: 'thinking', signature: '' }]) }],
    'thinking_not_signed',
  ],
  [
    'batch',
    'three results',
    [{ body: batchIn('ended') }, { body: batchIn('ended') }, { body: RESULTS }],
    'ok',
  ],
  [
    'batch',
    'two results',
    [
      { body: batchIn('ended') },
      { body: batchIn('ended') },
      { body: RESULTS.slice(0, RESULTS.lastIndexOf('\n')) },
    ],
    'results_missing',
  ],
  [
    'batch',
    'the same result thrice',
    [
      { body: batchIn('ended') },
      { body: batchIn('ended') },
      { body: RESULTS.replace('n2', 'n0').replace('n1', 'n0') },
    ],
    'results_missing',
  ],
  [
    'batch',
    'a result that errored',
    [
      { body: batchIn('ended') },
      { body: batchIn('ended') },
      { body: RESULTS.replace('succeeded', 'errored') },
    ],
    'bad_result',
  ],
  [
    'batch',
    'a result without usage',
    [
      { body: batchIn('ended') },
      { body: batchIn('ended') },
      { body: RESULTS.replace('"output_tokens":3', '"output_tokens":null') },
    ],
    'bad_result',
  ],
  ['batch', 'one that never ends', [{ body: batchIn('in_progress') }], 'batch_not_ended'],
  ['batch', 'one that is cancelled', [{ body: batchIn('canceling') }], 'batch_not_ended'],
  ['batch', 'no batch', [{ body: message() }], 'not_a_batch'],
  ['batch', 'a refusal', [{ status: 429, body: SHED }], 'status_429, answered'],
];

for (const [kind, what, answers, expected] of CASES) {
  test(`${kind}: ${what}: ${expected}`, () => {
    const { verdict, answered } = callWith(kind, answers).seen;
    const found = verdict.ok ? 'ok' : `${verdict.reason}${answered ? ', answered' : ''}`;
    assert.equal(found, expected);
    if (verdict.ok) assert(answered);
  });
}

test('a call: one answer with another ID makes the whole call uncorrelated', () => {
  const headers = { 'x-correlation-id': 'another' };
  const { seen } = callWith('tools', [{ body: message([TOOL_USE]), headers }, { body: message() }]);
  assert.equal(seen.correlated, false);
});

test('a call: durations and overheads of its requests are added up, and pauses are not in them', () => {
  const { seen } = callWith('tools', [{ body: message([TOOL_USE]) }, { body: message() }]);
  assert.equal(seen.durationMs, 20);
  assert.equal(seen.overheadMs, 3);
  const silent = { body: message(), headers: {} };
  assert.equal(
    callWith('tools', [{ body: message([TOOL_USE]) }, silent]).seen.overheadMs,
    undefined,
  );
});

test('batch: it is asked for a limited number of times, with a pause before each further time', () => {
  const { requests, pausesMs } = callWith('batch', [{ body: batchIn('in_progress') }]);
  assert.equal(requests.length, 1 + POLLS);
  assert.equal(pausesMs.length, POLLS - 1);
  assert(pausesMs.every((ms) => ms > 0));
});

test('a call: the token of its caller goes with each request', () => {
  const asked = { ...ASKED, token: 'secret-of-a-caller' };
  const answers = [{ body: message([TOOL_USE]) }, { body: message() }];
  for (const { headers } of callWith('tools', answers, asked).requests) {
    assert.equal(headers['x-api-key'], 'secret-of-a-caller');
    assert.equal(headers['x-correlation-id'], ASKED.id);
  }
  assert.equal('x-api-key' in (callWith('complete', [{}]).requests[0]?.headers ?? {}), false);
});

test('tools: the second request has the use of the tool and its result', () => {
  const { requests } = callWith('tools', [{ body: message([TOOL_USE]) }, { body: message() }]);
  const { messages } = JSON.parse(requests[1]?.body ?? '');
  assert.deepEqual(messages[1], { role: 'assistant', content: [TOOL_USE] });
  assert.equal(messages[2].content[0].tool_use_id, TOOL_USE.id);
});
