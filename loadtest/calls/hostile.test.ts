/** Whatever a service answers, each call ends with a judgement: none throws, and none is good by chance. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { faultsOff } from './fault-calls.ts';
import { serverTimingMs } from './headers.ts';
import { CALL_KINDS, type CallKind, MAX_ANSWER_BYTES } from './kinds.ts';
import { answerOf, callWith, type Told } from './testing-calls.ts';

const USAGE = { input_tokens: 9, output_tokens: 3 };
const message = (content: unknown = [], usage: unknown = USAGE) =>
  JSON.stringify({ type: 'message', role: 'assistant', content, stop_reason: 'end_turn', usage });
const batchOf = (id: unknown) =>
  JSON.stringify({ id, type: 'message_batch', processing_status: 'ended' });
const TOOL_USE = '{"type":"tool_use","id":"t","name":"get_weather","input":INPUT}';
const nested = (depth: number) => `${'['.repeat(depth)}${']'.repeat(depth)}`;

/** Values that a judge may take for something else, as JSON. */
const VALUES = [
  ...['null', 'true', '0', '-1', '1e308', '1e400', '""', '"9"', '[]', '[9]', '{}', '[[[]]]'],
  // An object that cannot be made a number or a text.
  ...['{"valueOf":1,"toString":1}', '{"__proto__":{"id":"x"}}', '"\\ud800"', nested(100_000)],
];

const bodiesOf = (value: string): string[] => [
  value,
  `{"type":"message_batch","processing_status":"ended","id":${value}}`,
  `{"type":"message_batch","processing_status":${value},"id":"msgbatch_1"}`,
  message().replace('[]', value),
  message().replace('9', value),
  message().replace('}}', `,"cache_read_input_tokens":${value}}}`),
  message().replace('[]', `[${TOOL_USE.replace('INPUT', value)}]`),
  message().replace('[]', `[${TOOL_USE.replace('"t"', value)}]`),
  `{"input_tokens":${value}}`,
  `event: message_start\ndata: ${value}\n\ndata: {"type":${value}}\n\n`,
];

for (const kind of CALL_KINDS) {
  test(`${kind}: no answer makes the call throw`, () => {
    for (const value of VALUES) {
      for (const body of bodiesOf(value)) {
        for (const status of [200, 503]) callWith(kind, [{ status, body }]);
      }
    }
  });

  test(`${kind}: an answer that is far too long is not read`, () => {
    const body = `{"type":"error","x":"${'x'.repeat(MAX_ANSWER_BYTES)}"}`;
    const { verdict, answered } = callWith(kind, [{ status: 503, body }]).seen;
    assert.deepEqual([verdict, answered], [{ ok: false, reason: 'answer_too_large' }, false]);
  });
}

const used = (input: string) => ({
  body: message().replace('[]', `[${TOOL_USE.replace('INPUT', input)}]`),
});
const result = (customId: string) =>
  `{"custom_id":${customId},"result":{"type":"succeeded","message":${message()}}}`;
const batchWith = (...ids: string[]): Told[] => [
  ...[{ body: batchOf('msgbatch_1') }, { body: batchOf('msgbatch_1') }],
  { body: ids.map(result).join('\n') },
];
const read = (tokens: string) => [
  { body: message() },
  { body: message().replace('}}', `,"cache_read_input_tokens":${tokens}}}`) },
];

const BAD: [kind: CallKind, what: string, answers: Told[], expected: string][] = [
  ['batch', 'an ID with half a character', [{ body: batchOf('\ud800') }], 'not_a_batch'],
  ['batch', 'an ID that leads elsewhere', [{ body: batchOf('../../x') }], 'not_a_batch'],
  ['batch', 'an ID without end', [{ body: batchOf('x'.repeat(129)) }], 'not_a_batch'],
  ['batch', 'no ID', [{ body: batchOf('') }], 'not_a_batch'],
  ['batch', 'three objects for IDs of results', batchWith('{}', '{}', '{}'), 'results_missing'],
  ['batch', 'results of others', batchWith('"a"', '"b"', '"c"'), 'results_missing'],
  ['tools', 'input too deep to be sent back', [used(nested(100_000))], 'not_judged'],
  [
    'count_tokens',
    'more than can be counted',
    [{ body: '{"input_tokens":1e300}' }],
    'no_token_count',
  ],
  [
    'complete',
    'fewer tokens than none',
    [{ body: message([], { ...USAGE, input_tokens: -1 }) }],
    'no_usage',
  ],
  ['cached', 'a list for a number of tokens', read('[9]'), 'cache_not_read'],
  ['cached', 'what is no number of tokens', read('{"valueOf":1,"toString":1}'), 'cache_not_read'],
];

for (const [kind, what, answers, expected] of BAD) {
  test(`${kind}: ${what}: ${expected}`, () => {
    const { verdict } = callWith(kind, answers).seen;
    assert.deepEqual(verdict, { ok: false, reason: expected });
  });
}

for (const bitten of VALUES) {
  test(`faults: ${bitten.slice(0, 30)} does not tell that a fault was injected`, () => {
    const call = faultsOff();
    call.next();
    call.next(answerOf({ body: `[{"bitten":${bitten}}]` }));
    assert.deepEqual(call.next(answerOf({})).value, false);
  });
}

test('overhead: a number that is too long to be a duration is none', () => {
  assert.equal(serverTimingMs(`overhead;dur=${'9'.repeat(400)}`, 'overhead'), undefined);
  assert.equal(serverTimingMs('overhead;dur=1.25', 'overhead'), 1.25);
});
