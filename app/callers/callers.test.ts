import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { disabledTelemetry } from '../telemetry/sdk.ts';
import { serveApp } from '../testing/app.ts';
import { jsonOf, postJson } from '../testing/http.ts';
import { BODY } from '../testing/messages.ts';
import { Callers } from './callers.ts';

const sha256 = (text: string) => createHash('sha256').update(text).digest();
const KNOWN = ['one', 'other'].map((name) => ({
  name,
  tokenDigests: [sha256(`token of ${name}`).toString('hex')],
  limits: { requestsPerMinute: undefined, tokensPerMinute: undefined, concurrent: undefined },
}));

/** Callers that count how often they hash a token. */
function countingCallers() {
  let hashed = 0;
  const callers = new Callers(KNOWN, (token) => {
    hashed += 1;
    return sha256(token);
  });
  return { callers, hashed: () => hashed };
}

test('Callers: the result is remembered for the headers of one request, and for no others', () => {
  const { callers, hashed } = countingCallers();
  const headers = { 'x-api-key': 'token of one' };
  for (let i = 0; i < 3; i++) assert.equal(callers.find(headers)?.name, 'one');
  assert.equal(hashed(), 1);
  assert.equal(callers.find({ 'x-api-key': 'token of other' })?.name, 'other');
  assert.equal(callers.find({ ...headers })?.name, 'one');
  assert.equal(hashed(), 3);
});

test('Callers: a refusal is remembered too', () => {
  const { callers, hashed } = countingCallers();
  const headers = { authorization: 'Bearer wrong' };
  for (let i = 0; i < 3; i++) assert.equal(callers.find(headers), undefined);
  assert.equal(hashed(), 1);
});

test('Callers: without configured callers everybody is `anybody`, and no token is hashed', () => {
  const callers = new Callers([], () => assert.fail('a token was hashed'));
  assert.equal(callers.open, true);
  assert.equal(callers.find({ 'x-api-key': 'x' })?.name, 'anybody');
});

test('Callers: a token is hashed once a request, for trace context and authentication together', async (t) => {
  const { callers, hashed } = countingCallers();
  const trusted: boolean[] = [];
  disabledTelemetry({
    trusts(headers) {
      trusted.push(callers.find(headers) !== undefined);
      return true;
    },
  });
  const { url, calls } = await serveApp(t, undefined, { callers });
  const reply = await postJson(`${url}/v1/messages`, BODY, { 'x-api-key': 'token of one' });
  assert.deepEqual(jsonOf(reply), {});
  assert.equal(calls[0]?.caller, 'one');
  assert.deepEqual(trusted, [true]);
  assert.equal(hashed(), 1);
  assert.equal((await postJson(`${url}/v1/messages`, BODY)).status, 401);
});

test('Callers: tokens of a source are accepted while it lists them, and hashed once', () => {
  const { callers, hashed } = countingCallers();
  const tokens = (...texts: string[]) => texts.map((text) => ({ secret: { reveal: () => text } }));
  let valid = tokens('new token');
  callers.accept('other', () => valid);
  assert.equal(callers.find({ 'x-api-key': 'new token' })?.name, 'other');
  assert.equal(callers.find({ 'x-api-key': 'token of other' })?.name, 'other');
  // The two that came and the one of the source.
  assert.equal(hashed(), 3);
  valid = tokens('newer token', 'token of one');
  assert.equal(callers.find({ 'x-api-key': 'new token' }), undefined);
  assert.equal(callers.find({ 'x-api-key': 'newer token' })?.name, 'other');
  assert.equal(callers.find({ 'x-api-key': 'token of one' })?.name, 'one');
});
