import assert from 'node:assert/strict';
import { test } from 'node:test';
import { aRequest, aResponse, scripted, stageTable } from '../testing/fakes.ts';
import { pseudonymize } from './pseudonymize.ts';

const body = (content: unknown, more = {}) =>
  JSON.stringify({ model: 'm', ...more, messages: [{ role: 'user', content }] });
const sent = (given: unknown, hidden: unknown, more = {}, hiddenMore = more) => ({
  given: { body: body(given, more) },
  answers: [aResponse()],
  saw: [{ body: body(hidden, hiddenMore) }],
  result: 200,
});
const block = (text: string) => [{ type: 'text', text }];
const tool = (input: unknown) => [{ type: 'tool_use', id: '+4915123456789', name: 'f', input }];
const result = (content: unknown) => [{ type: 'tool_result', tool_use_id: 't', content }];
const document = (type: string, data: string) => [{ type: 'document', source: { type, data } }];

stageTable('pseudonymize', pseudonymize, {
  'e-mail, card and phone numbers in a string are replaced': sent(
    'bob@example.com, 4111 1111 1111 1111, +49 151 23456789',
    '<EMAIL_1>, <CARD_1>, <PHONE_1>',
  ),
  'the same value gets the same pseudonym': sent(
    'a@x.org b@x.org a@x.org',
    '<EMAIL_1> <EMAIL_2> <EMAIL_1>',
  ),
  'a text block is searched': sent(block('to a@x.org'), block('to <EMAIL_1>')),
  'the system prompt is searched first': sent(
    'b@x.org',
    '<EMAIL_2>',
    { system: 'a@x.org' },
    { system: '<EMAIL_1>' },
  ),
  'system blocks are searched': sent(
    'hi',
    'hi',
    { system: block('a@x.org') },
    { system: block('<EMAIL_1>') },
  ),
  'a tool’s result is searched': sent(result('a@x.org'), result('<EMAIL_1>')),
  'a tool’s result in blocks is searched': sent(
    result(block('a@x.org')),
    result(block('<EMAIL_1>')),
  ),
  'a tool’s input is searched, its ID is not': sent(
    tool({ to: ['a@x.org'], 'b@x.org': { n: 1 } }),
    tool({ to: ['<EMAIL_1>'], '<EMAIL_2>': { n: 1 } }),
  ),
  'a text document is searched': sent(document('text', 'a@x.org'), document('text', '<EMAIL_1>')),
  'an image’s data is left alone': sent(
    [...block('a@x.org'), ...document('base64', '+4915123456789')],
    [...block('<EMAIL_1>'), ...document('base64', '+4915123456789')],
  ),
  'signed thinking is left alone': sent(
    [{ type: 'thinking', thinking: '<EMAIL_1> b@x.org', signature: 's' }, ...block('a@x.org')],
    [{ type: 'thinking', thinking: '<EMAIL_1> b@x.org', signature: 's' }, ...block('<EMAIL_1>')],
  ),
  'a pseudonym that the caller wrote is not used again': sent(
    '<EMAIL_1> a@x.org <EMAIL_3> b@x.org',
    '<EMAIL_1> <EMAIL_2> <EMAIL_3> <EMAIL_4>',
  ),
  'a pseudonym elsewhere in the request is not used again': sent(
    'a@x.org',
    '<EMAIL_2>',
    { tools: [{ name: '<EMAIL_1>' }] },
    { tools: [{ name: '<EMAIL_1>' }] },
  ),
  'a body with nothing to hide passes byte for byte': {
    given: { body: '{ "messages" : [ {"content":"\\u0041 1.0"} ], "messages": [] }' },
    answers: [aResponse()],
    saw: [{ body: '{ "messages" : [ {"content":"\\u0041 1.0"} ], "messages": [] }' }],
    result: 200,
  },
  'an address in escapes is replaced, numbers stay as they were written': {
    given: {
      body: '{"a":1.0,"b":123456789012345678901,"messages":[{"content":"a\\u0040x.org\\n"}]}',
    },
    answers: [aResponse()],
    saw: [{ body: '{"a":1.0,"b":123456789012345678901,"messages":[{"content":"<EMAIL_1>\\n"}]}' }],
    result: 200,
  },
  'a body that is no JSON passes': {
    given: { body: '{a@x.org' },
    answers: [aResponse()],
    saw: [{ body: '{a@x.org' }],
    result: 200,
  },
  'an empty body passes': {
    given: { method: 'GET', url: '/v1/models', body: '' },
    answers: [aResponse()],
    saw: [{ body: '' }],
    result: 200,
  },
  'a body nested too deeply is refused': {
    given: { body: `{"messages":${'['.repeat(100_000)}${']'.repeat(100_000)}}` },
    answers: [],
    saw: [],
    result: 'invalid_request',
  },
  'an error of the next stage passes': {
    given: { body: body('a@x.org') },
    answers: [new Error('x')],
    saw: [{}],
    result: 'x',
  },
});

/** The complete response to a request with one address, card and phone number. */
async function answered(data: string, asked = 'a"b@x.org 4111111111111111 +4915123456789') {
  const response = aResponse(200, { data, headers: { 'request-id': 'r' } });
  return pseudonymize()(aRequest({ body: body(asked) }), scripted(response));
}

test('pseudonymize: a complete response has the values again, in every string but thinking', async () => {
  const content = [
    { type: 'thinking', thinking: '<EMAIL_1>', signature: 's' },
    { type: 'text', text: 'to <EMAIL_1>, not <EMAIL_2>', citations: [{ cited_text: '<PHONE_1>' }] },
    { type: 'tool_use', id: 't', input: { card: '<CARD_1>', '<EMAIL_1>': [1] } },
  ];
  const { data, headers } = await answered(JSON.stringify({ type: 'message', content }));
  assert.deepEqual(JSON.parse(data as string).content, [
    content[0],
    {
      type: 'text',
      text: 'to b@x.org, not <EMAIL_2>',
      citations: [{ cited_text: '+4915123456789' }],
    },
    { type: 'tool_use', id: 't', input: { card: '4111111111111111', 'b@x.org': [1] } },
  ]);
  assert.deepEqual(headers, { 'request-id': 'r' });
});

test('pseudonymize: a response without a pseudonym, or that is no object, stays byte for byte', async () => {
  for (const data of ['{ "text" : "\\u003c 1.0", "n": 1.0 }', '<EMAIL_1>', '', '[]']) {
    assert.equal((await answered(data)).data, data);
  }
});

test('pseudonymize: numbers beside a pseudonym stay as they were written', async () => {
  const { data } = await answered('{"n":12345678901234567890,"m":1.50,"text":"\\u003cEMAIL_1>"}');
  assert.equal(data, '{"n":12345678901234567890,"m":1.50,"text":"b@x.org"}');
});

test('pseudonymize: the very response passes where nothing was hidden', async () => {
  const response = aResponse(200, { data: '<EMAIL_1>' });
  assert.equal(await pseudonymize()(aRequest({ body: body('hi') }), scripted(response)), response);
});
