/** What counts as a success: tables of complete and streaming answers, good, bad and hostile. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { judgeComplete, judgeStream } from './verdict.ts';

const MESSAGE = {
  id: 'msg_1',
  type: 'message',
  role: 'assistant',
  content: [{ type: 'text', text: 'Hello.' }],
  stop_reason: 'end_turn',
  usage: { input_tokens: 9, output_tokens: 3 },
};
const without = (key: keyof typeof MESSAGE) => ({ ...MESSAGE, [key]: undefined });
const ERROR = { type: 'error', error: { type: 'overloaded_error', message: 'Overloaded' } };

const completes: [string, number, string, string][] = [
  ['a message', 200, JSON.stringify(MESSAGE), 'ok'],
  [
    'no content, as a stop sequence can leave it',
    200,
    JSON.stringify({ ...MESSAGE, content: [] }),
    'ok',
  ],
  ['a status other than 200', 529, JSON.stringify(ERROR), 'status_529'],
  ['no answer', 0, '', 'status_0'],
  ['a good body under a bad status', 500, JSON.stringify(MESSAGE), 'status_500'],
  ['an error body under 200', 200, JSON.stringify(ERROR), 'error_body'],
  ['half a body', 200, JSON.stringify(MESSAGE).slice(0, -9), 'not_json'],
  ['HTML', 200, '<html></html>', 'not_json'],
  ['an array', 200, JSON.stringify([MESSAGE]), 'not_json'],
  ['null', 200, 'null', 'not_json'],
  ['no role', 200, JSON.stringify(without('role')), 'not_a_message'],
  ['content as text', 200, JSON.stringify({ ...MESSAGE, content: 'hi' }), 'not_a_message'],
  ['not finished', 200, JSON.stringify({ ...MESSAGE, stop_reason: null }), 'no_stop_reason'],
  ['no usage', 200, JSON.stringify(without('usage')), 'no_usage'],
  [
    'tokens as text',
    200,
    JSON.stringify({ ...MESSAGE, usage: { input_tokens: '9', output_tokens: 3 } }),
    'no_usage',
  ],
  [
    'an own __proto__ key is data',
    200,
    `{"__proto__":${JSON.stringify(MESSAGE)}}`,
    'not_a_message',
  ],
];

for (const [name, status, body, expected] of completes) {
  test(`verdict of a complete answer: ${name}: ${expected}`, () => {
    const verdict = judgeComplete(status, body);
    assert.equal(verdict.ok ? 'ok' : verdict.reason, expected);
  });
}

const event = (type: string, data: object = {}) =>
  `event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`;
const START = event('message_start') + event('content_block_start') + event('ping');
const DELTA = event('content_block_delta', { delta: { type: 'text_delta', text: 'Hi' } });
const END = event('content_block_stop') + event('message_delta');
const STOP = event('message_stop');

const streams: [string, number, string, string][] = [
  ['a stream', 200, START + DELTA + END + STOP, 'ok'],
  ['an unknown event', 200, START + event('sparkle') + DELTA + END + STOP, 'ok'],
  ['a ping first and last', 200, event('ping') + START + END + STOP + event('ping'), 'ok'],
  ['a status other than 200', 429, JSON.stringify(ERROR), 'status_429'],
  ['an error event', 200, START + event('error', ERROR), 'error_event'],
  ['an error event, then a stop', 200, START + event('error', ERROR) + STOP, 'error_event'],
  [
    'an error by name only',
    200,
    `${START}event: error\ndata: overloaded\n\n${STOP}`,
    'error_event',
  ],
  [
    'an error by type only',
    200,
    `${START}data: ${JSON.stringify(ERROR)}\n\n${STOP}`,
    'error_event',
  ],
  ['cut before the stop', 200, START + DELTA + END, 'no_message_stop'],
  ['cut within the stop event', 200, START + DELTA + END + STOP.slice(0, -1), 'no_message_stop'],
  ['content after the stop', 200, START + STOP + DELTA, 'no_message_stop'],
  [
    'text that merely contains the name of the stop event',
    200,
    START + event('content_block_delta', { text: 'message_stop' }),
    'no_message_stop',
  ],
  ['a stream without its beginning', 200, DELTA + END + STOP, 'no_message_start'],
  [
    'data that is not JSON',
    200,
    `${START}event: content_block_delta\ndata: {oops\n\n${STOP}`,
    'bad_event_data',
  ],
  ['a complete answer instead of a stream', 200, JSON.stringify(MESSAGE), 'not_a_stream'],
  ['an empty body', 200, '', 'not_a_stream'],
];

for (const [name, status, body, expected] of streams) {
  test(`verdict of a stream: ${name}: ${expected}`, () => {
    const verdict = judgeStream(status, body);
    assert.equal(verdict.ok ? 'ok' : verdict.reason, expected);
  });
}
