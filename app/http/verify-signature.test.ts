/** Attacks on signed requests over real HTTP: the stage signs, an attacker interferes, the middleware checks. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import express from 'express';
import { MemoryNonces } from '../callers/nonces.ts';
import { checkSignature } from '../signing/verify.ts';
import { disabledTelemetry } from '../telemetry/sdk.ts';
import { attackTable, body, header, method, target, without } from '../testing/attacks.ts';
import { NEW, NONCE, OLD, receiver, START_MS, send, signed } from '../testing/signatures.ts';

disabledTelemetry({ trusts: () => false });

const WINDOW_MS = 300_000;
const OTHER = { id: 'other', secret: 'a-secret-of-somebody-else' };
const GET = { method: 'GET', body: null } as const;
const E_ACUTE = { utf8: '{"a":"é"}', latin1: Buffer.from('{"a":"é"}', 'latin1') };
const otherDigit = (v: string) => v.replace(/.$/, (digit) => (digit === '0' ? '1' : '0'));

attackTable('verifySignature', {
  'no attack: POST': { result: 'valid' },
  'no attack: GET': { honest: GET, result: 'valid' },
  'no attack: POST without a body': { honest: { body: null }, result: 'valid' },
  'no attack: an empty body, which counts as none': { honest: { body: '' }, result: 'valid' },
  'no attack: text beyond ASCII': { honest: { body: '{"a":"中文 é 👋"}' }, result: 'valid' },
  'no attack: a header that is not signed': {
    change: body('{"n":1}', { 'content-encoding': 'identity', 'x-other': '1' }),
    result: 'valid',
  },

  'method swapped': { honest: { body: '' }, change: method('PUT'), result: 'bad_signature' },
  'path swapped': { change: target('/v1/batch?beta=true&n=1'), result: 'bad_signature' },
  'path spelt differently': {
    change: target('/v1/%6dessages?beta=true&n=1'),
    result: 'bad_signature',
  },
  'a slash added': { change: target('//v1/messages?beta=true&n=1'), result: 'bad_signature' },
  'query swapped': { change: target('/v1/messages?beta=true&n=2'), result: 'bad_signature' },
  'query reordered': { change: target('/v1/messages?n=1&beta=true'), result: 'bad_signature' },
  'query removed': { change: target('/v1/messages'), result: 'bad_signature' },
  'body swapped': { change: body('{"n":2}'), result: 'bad_signature' },
  'body truncated': { change: body('{"n":1'), result: 'bad_signature' },
  'body emptied': { change: body(''), result: 'bad_signature' },
  'a space added to the body': { change: body('{"n":1} '), result: 'bad_signature' },
  'body in another charset': {
    honest: { body: E_ACUTE.utf8 },
    change: body(E_ACUTE.latin1),
    result: 'bad_signature',
  },
  'body compressed': {
    change: body(gzipSync('{"n":1}'), { 'content-encoding': 'gzip' }),
    result: 'malformed',
  },
  'body added to a GET': {
    honest: GET,
    change: body('{}', { 'content-length': '2' }),
    result: 'malformed',
  },
  'timestamp swapped': {
    change: header('timestamp', () => String(START_MS + 1)),
    result: 'bad_signature',
  },
  'nonce swapped': { change: header('nonce', otherDigit), result: 'bad_signature' },
  'signature’s last digit swapped': { change: header('v2', otherDigit), result: 'bad_signature' },
  'key id swapped': { change: header('keyId', () => OLD.id), result: 'bad_signature' },

  'late, just within the window': { laterMs: WINDOW_MS, result: 'valid' },
  'early, just within the window': { laterMs: -WINDOW_MS, result: 'valid' },
  'too late': { laterMs: WINDOW_MS + 1, result: 'skewed' },
  'too early': { laterMs: -WINDOW_MS - 1, result: 'skewed' },
  'late and forged, which is not answered as late': {
    laterMs: WINDOW_MS + 1,
    change: body('{}'),
    result: 'bad_signature',
  },

  'a replay': { before: 'here', result: 'replayed' },
  'a replay of a GET': { honest: GET, before: 'here', result: 'replayed' },
  'a replay to a restarted instance, which a store in memory cannot notice': {
    before: 'elsewhere',
    result: 'valid',
  },
  'a replay to a restarted instance after the window': {
    before: 'elsewhere',
    laterMs: WINDOW_MS + 1,
    result: 'skewed',
  },
  'a replay under another id of the same secret': {
    before: 'here',
    end: { secrets: () => [NEW, { ...NEW, id: 'alias' }] },
    change: header('keyId', () => 'alias'),
    result: 'bad_signature',
  },

  'a secret of somebody else': { honest: { secret: () => OTHER }, result: 'bad_signature' },
  'a secret of somebody else under our key id': {
    honest: { secret: () => ({ ...OTHER, id: NEW.id }) },
    result: 'bad_signature',
  },
  'unknown key id': {
    honest: { secret: () => ({ ...NEW, id: 'unknown' }) },
    result: 'bad_signature',
  },
  'rotation: the old secret': { honest: { secret: () => OLD }, result: 'valid' },
  'rotation: the old secret after its removal': {
    honest: { secret: () => OLD },
    end: { secrets: () => [NEW] },
    result: 'bad_signature',
  },
  'two secrets with one id, of which the second signs': {
    honest: { secret: () => ({ ...OLD, id: NEW.id }) },
    end: { secrets: () => [NEW, { ...OLD, id: NEW.id }] },
    result: 'valid',
  },
  'a receiver without valid secrets': { end: { secrets: () => [] }, result: 'bad_signature' },
});

const V1 = { honest: { versions: ['v1'] }, end: { versions: ['v1'] } } as const;
const BOTH = { honest: { versions: ['v1', 'v2'] }, end: { versions: ['v1', 'v2'] } } as const;
attackTable('verifySignature', {
  'v1: no attack': { ...V1, result: 'valid' },
  'v1: path swapped': { ...V1, change: target('/v1/batch'), result: 'bad_signature' },
  'v1: query removed': { ...V1, change: target('/v1/messages'), result: 'bad_signature' },
  'v1: late': { ...V1, laterMs: WINDOW_MS + 1, result: 'skewed' },
  'v1: body swapped, which it does not cover': { ...V1, change: body('{}'), result: 'valid' },
  'v1: method swapped, which it does not cover': { ...V1, change: method('PUT'), result: 'valid' },
  'v1: a replay, which it cannot notice': { ...V1, before: 'here', result: 'valid' },
  'both versions: no attack': { ...BOTH, result: 'valid' },
  'both versions: v2 decides': { ...BOTH, change: body('{}'), result: 'bad_signature' },
  'both versions: with v2 removed v1 decides, which is why it is not accepted by default': {
    ...BOTH,
    change: (sent) => without('v2')(body('{}')(sent)),
    result: 'valid',
  },
});

attackTable('verifySignature', {
  'a full nonce store': {
    end: { nonces: new MemoryNonces({ maxEntries: 0 }, { now: () => 0 }) },
    result: 'unavailable',
  },
  'a nonce store that is down': {
    end: { nonces: { seen: () => Promise.reject(new Error('down')) } },
    result: 'unavailable',
  },
});

test('verifySignature: of a hundred copies at once one is accepted', async (t) => {
  const { port, checks } = await receiver(t);
  const sent = await signed();
  await Promise.all(Array.from({ length: 100 }, () => send(port, sent)));
  assert.deepEqual(checks.map(({ result }) => result).sort(), [
    ...Array(99).fill('replayed'),
    'valid',
  ]);
});

test('verifySignature: a forgery uses up no nonce', async (t) => {
  const { port } = await receiver(t);
  const sent = await signed();
  assert.equal((await send(port, body('{}')(sent))).status, 401);
  assert.equal((await send(port, sent)).status, 200);
});

test('verifySignature: a nonce is used up for its secret alone, whatever else is signed with it', async (t) => {
  const { port, checks } = await receiver(t);
  await send(port, await signed({ nonce: NONCE }));
  await send(port, await signed({ nonce: NONCE, body: '{"n":2}', atMs: START_MS + 1 }));
  await send(port, await signed({ nonce: NONCE, secret: () => OLD }));
  assert.deepEqual(
    checks.map(({ result }) => result),
    ['valid', 'replayed', 'valid'],
  );
});

test('verifySignature: mounted below a path it still checks the whole path', async (t) => {
  const { port, checks } = await receiver(t, {}, { mount: '/v1' });
  assert.equal((await send(port, await signed())).status, 200);
  assert.equal(checks[0]?.result, 'valid');
});

test('verifySignature: a nonce is kept as long as its timestamp can be accepted', async (t) => {
  const asked: [string, number][] = [];
  const nonces = { seen: (nonce: string, ttlMs: number) => asked.push([nonce, ttlMs]) === 0 };
  const { port } = await receiver(t, { nonces, windowMs: 1_000 });
  await send(port, await signed());
  assert.deepEqual(asked, [[`new ${NONCE}`, 2_001]]);
});

test('verifySignature: our own mistakes let nobody in: an empty secret, a parsed body, no window', async (t) => {
  const empty = await receiver(t, { secrets: () => [{ id: 'new', secret: '' }] });
  assert.equal((await send(empty.port, await signed())).status, 500);
  const parsed = await receiver(t, {}, { parser: express.json() });
  const json = body('{"n":1}', { 'content-type': 'application/json' });
  assert.equal((await send(parsed.port, json(await signed()))).status, 500);
  const noWindow = await receiver(t, { windowMs: Number.NaN });
  assert.equal((await send(noWindow.port, await signed())).status, 401);
  assert.deepEqual([...empty.bodies, ...parsed.bodies, ...noWindow.bodies], []);
});

test('checkSignature: in v1 a path must begin with a slash, or its digit could pass for the timestamp', async () => {
  const { headers } = await signed({ versions: ['v1'], url: '/v1/models' });
  const asked = {
    headers: headers as Record<string, string>,
    method: 'GET',
    body: () => undefined,
  };
  const options = {
    secrets: () => [NEW],
    nonces: new MemoryNonces({ maxEntries: 1 }, { now: () => 0 }),
    now: () => START_MS,
    versions: ['v1'],
  } as const;
  const shorter = { 'x-timestamp': String(START_MS).slice(0, -1) };
  const moved = { ...asked, headers: { ...asked.headers, ...shorter }, target: '0/v1/models' };
  assert.deepEqual(await checkSignature(moved, options), { result: 'malformed' });
  const honest = { ...asked, target: '/v1/models' };
  assert.deepEqual(await checkSignature(honest, options), { result: 'valid', skewMs: 0 });
});
