/** Attacks on signed requests over real HTTP: the stage signs, somebody meddles, the middleware checks. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gzipSync } from 'node:zlib';
import express from 'express';
import { createMemoryNonces } from '../callers/nonces.ts';
import { disabledTelemetry } from '../telemetry/sdk.ts';
import { attackTable, body, header, method, target, without } from '../testing/attacks.ts';
import { NEW, NONCE, OLD, otherEnd, START_MS, send, signed } from '../testing/signatures.ts';

disabledTelemetry({ trusts: () => false });

const WINDOW_MS = 300_000;
const OTHER = { id: 'other', secret: 'a-secret-of-somebody-else' };
const GET = { method: 'GET', body: null } as const;
const E_ACUTE = { utf8: '{"a":"é"}', latin1: Buffer.from('{"a":"é"}', 'latin1') };
const otherDigit = (v: string) => v.replace(/.$/, (digit) => (digit === '0' ? '1' : '0'));

attackTable({
  'no attack: POST': { result: 'valid' },
  'no attack: GET': { honest: GET, result: 'valid' },
  'no attack: POST without a body': { honest: { body: null }, result: 'valid' },
  'no attack: an empty body, which is as none': { honest: { body: '' }, result: 'valid' },
  'no attack: text beyond ASCII': { honest: { body: '{"a":"中文 é 👋"}' }, result: 'valid' },
  'no attack: a header that is not signed': {
    change: body('{"n":1}', { 'content-encoding': 'identity', 'x-other': '1' }),
    result: 'valid',
  },

  'method swapped': { honest: { body: '' }, change: method('PUT'), result: 'bad_signature' },
  'path swapped': { change: target('/v1/batch?beta=true&n=1'), result: 'bad_signature' },
  'path spelt otherwise': {
    change: target('/v1/%6dessages?beta=true&n=1'),
    result: 'bad_signature',
  },
  'a slash more': { change: target('//v1/messages?beta=true&n=1'), result: 'bad_signature' },
  'query swapped': { change: target('/v1/messages?beta=true&n=2'), result: 'bad_signature' },
  'query reordered': { change: target('/v1/messages?n=1&beta=true'), result: 'bad_signature' },
  'query taken away': { change: target('/v1/messages'), result: 'bad_signature' },
  'body swapped': { change: body('{"n":2}'), result: 'bad_signature' },
  'body cut off': { change: body('{"n":1'), result: 'bad_signature' },
  'body emptied': { change: body(''), result: 'bad_signature' },
  'body with a space more': { change: body('{"n":1} '), result: 'bad_signature' },
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
  late: { laterMs: WINDOW_MS + 1, result: 'skewed' },
  early: { laterMs: -WINDOW_MS - 1, result: 'skewed' },
  'late and forged, which is not told that it is late': {
    laterMs: WINDOW_MS + 1,
    change: body('{}'),
    result: 'bad_signature',
  },

  replay: { before: 'here', result: 'replayed' },
  'replay of a GET': { honest: GET, before: 'here', result: 'replayed' },
  'replay to an instance that has restarted: what a store in memory cannot see': {
    before: 'elsewhere',
    result: 'valid',
  },
  'the same when the window has passed': {
    before: 'elsewhere',
    laterMs: WINDOW_MS + 1,
    result: 'skewed',
  },
  'replay under another id of the same secret': {
    before: 'here',
    end: { secrets: () => [NEW, { ...NEW, id: 'alias' }] },
    change: header('keyId', () => 'alias'),
    result: 'bad_signature',
  },

  'another’s secret': { honest: { secret: () => OTHER }, result: 'bad_signature' },
  'another’s secret under our key id': {
    honest: { secret: () => ({ ...OTHER, id: NEW.id }) },
    result: 'bad_signature',
  },
  'unknown key id': {
    honest: { secret: () => ({ ...NEW, id: 'unknown' }) },
    result: 'bad_signature',
  },
  'rotation: the old secret': { honest: { secret: () => OLD }, result: 'valid' },
  'rotation: the old secret, removed': {
    honest: { secret: () => OLD },
    end: { secrets: () => [NEW] },
    result: 'bad_signature',
  },
  'two secrets of one id, the second signs': {
    honest: { secret: () => ({ ...OLD, id: NEW.id }) },
    end: { secrets: () => [NEW, { ...OLD, id: NEW.id }] },
    result: 'valid',
  },
  'no secret is valid': { end: { secrets: () => [] }, result: 'bad_signature' },
});

const V1 = { honest: { versions: ['v1'] }, end: { versions: ['v1'] } } as const;
const BOTH = { honest: { versions: ['v1', 'v2'] }, end: { versions: ['v1', 'v2'] } } as const;
/** What the article's client signs when its base URL has a path. */
const BELOW = {
  honest: { versions: ['v1'], url: '/v1/models' },
  end: { versions: ['v1'], basePath: '/base' },
} as const;

attackTable({
  'v1: no attack': { ...V1, result: 'valid' },
  'v1: path swapped': { ...V1, change: target('/v1/batch'), result: 'bad_signature' },
  'v1: query taken away': { ...V1, change: target('/v1/messages'), result: 'bad_signature' },
  'v1: late': { ...V1, laterMs: WINDOW_MS + 1, result: 'skewed' },
  'v1: body swapped, which it does not cover': { ...V1, change: body('{}'), result: 'valid' },
  'v1: method swapped, nor this': { ...V1, change: method('PUT'), result: 'valid' },
  'v1: replay, and it has no nonce': { ...V1, before: 'here', result: 'valid' },
  'v1: below the base path': { ...BELOW, change: target('/base/v1/models'), result: 'valid' },
  'v1: outside the base path': { ...BELOW, change: target('/v1/models'), result: 'malformed' },
  'v1: a digit moved from the timestamp to the path': {
    ...BELOW,
    change: (sent) => header('timestamp', (v) => v.slice(0, -1))(target('/base0/v1/models')(sent)),
    result: 'malformed',
  },
  'both: no attack': { ...BOTH, result: 'valid' },
  'both: v2 is what counts': { ...BOTH, change: body('{}'), result: 'bad_signature' },
  'both: without v2 it is v1, which is why v1 is not accepted by default': {
    ...BOTH,
    change: (sent) => without('v2')(body('{}')(sent)),
    result: 'valid',
  },
});

attackTable({
  'the store of nonces is full': {
    end: { nonces: createMemoryNonces({ maxEntries: 0 }, { now: () => 0 }) },
    result: 'unavailable',
  },
  'the store of nonces is down': {
    end: { nonces: { seen: () => Promise.reject(new Error('down')) } },
    result: 'unavailable',
  },
});

test('of a hundred copies at once one gets through', async (t) => {
  const { port, checks } = await otherEnd(t);
  const sent = await signed();
  await Promise.all(Array.from({ length: 100 }, () => send(port, sent)));
  assert.deepEqual(checks.map(({ result }) => result).sort(), [
    ...Array(99).fill('replayed'),
    'valid',
  ]);
});

test('a forgery uses up nobody’s nonce', async (t) => {
  const { port } = await otherEnd(t);
  const sent = await signed();
  assert.equal((await send(port, body('{}')(sent))).status, 401);
  assert.equal((await send(port, sent)).status, 200);
});

test('a nonce is used up by its secret alone, whatever else is signed with it', async (t) => {
  const { port, checks } = await otherEnd(t);
  await send(port, await signed({ nonce: NONCE }));
  await send(port, await signed({ nonce: NONCE, body: '{"n":2}', atMs: START_MS + 1 }));
  await send(port, await signed({ nonce: NONCE, secret: () => OLD }));
  assert.deepEqual(
    checks.map(({ result }) => result),
    ['valid', 'replayed', 'valid'],
  );
});

test('mounted below a path it still sees the whole of it', async (t) => {
  const { port, checks } = await otherEnd(t, {}, { mount: '/v1' });
  assert.equal((await send(port, await signed())).status, 200);
  assert.equal(checks[0]?.result, 'valid');
});

test('a nonce is kept for as long as its timestamp can be accepted', async (t) => {
  const asked: [string, number][] = [];
  const nonces = { seen: (nonce: string, ttlMs: number) => asked.push([nonce, ttlMs]) === 0 };
  const { port } = await otherEnd(t, { nonces, windowMs: 1_000 });
  await send(port, await signed());
  assert.deepEqual(asked, [[`new ${NONCE}`, 2_001]]);
});

test('mistakes of ours let nobody in: an empty secret, a changed body, no window', async (t) => {
  const empty = await otherEnd(t, { secrets: () => [{ id: 'new', secret: '' }] });
  assert.equal((await send(empty.port, await signed())).status, 500);
  const parsed = await otherEnd(t, {}, { parser: express.json() });
  const json = body('{"n":1}', { 'content-type': 'application/json' });
  assert.equal((await send(parsed.port, json(await signed()))).status, 500);
  const noWindow = await otherEnd(t, { windowMs: Number.NaN });
  assert.equal((await send(noWindow.port, await signed())).status, 401);
  assert.deepEqual([...empty.bodies, ...parsed.bodies, ...noWindow.bodies], []);
});
