/** Which headers and queries cross the service, over real HTTP with the simulator as the upstream. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, test } from 'node:test';
import { jsonOf } from '../testing/http.ts';
import { BODY } from '../testing/messages.ts';
import { useSimulatedService } from '../testing/simulated-service.ts';
import { headersDown, headersUp, targetOf } from './headers.ts';

interface ApiErrorBody {
  readonly error: { readonly type: string; readonly message: string };
}

/** Longer than the service forwards, shorter than a server refuses by itself. */
const LONG = 'b'.repeat(9_000);
const REFUSED: readonly [name: string, path: string, headers: Record<string, string>][] = [
  ['anthropic-beta', '/v1/messages', { 'anthropic-beta': LONG }],
  ['anthropic-beta', '/v1/messages/count_tokens', { 'anthropic-beta': LONG }],
  ['anthropic-beta', '/v1/batch', { 'anthropic-beta': LONG }],
  ['anthropic-version', '/v1/messages', { 'anthropic-version': LONG }],
  ['anthropic-of-next-year', '/v1/messages', { 'anthropic-of-next-year': LONG }],
  ['accept', '/v1/messages', { accept: LONG }],
  ['query', `/v1/messages?beta=${'b'.repeat(2_100)}`, {}],
];

describe('headers', { concurrency: false }, () => {
  const api = useSimulatedService();
  const sentWith = async (headers: Record<string, string | string[]>) => {
    const id = randomUUID();
    const reply = await api.post('/v1/messages', BODY, { 'x-correlation-id': id, ...headers });
    assert.equal(reply.status, 200, reply.text);
    await api.expectRequests(id, 1);
    return api.requestsOf(id)[0]?.headers ?? {};
  };

  test('headers: every anthropic- header goes up, known or not, but for the organisation', async () => {
    const sent = await sentWith({
      'anthropic-version': '2026-10-21',
      'anthropic-beta': ['one-2026-01-01', 'two-2026-01-01'],
      'anthropic-workspace-id': 'wrkspc_1',
      'anthropic-user-profile-id': 'uprof_1',
      'Anthropic-Of-Next-Year': 'yes',
      'anthropic-organization-id': 'org-of-the-caller',
    });
    assert.equal(sent['anthropic-version'], '2026-10-21');
    assert.equal(sent['anthropic-beta'], 'one-2026-01-01, two-2026-01-01');
    assert.equal(sent['anthropic-workspace-id'], 'wrkspc_1');
    assert.equal(sent['anthropic-user-profile-id'], 'uprof_1');
    assert.equal(sent['anthropic-of-next-year'], 'yes');
    assert.equal(sent['anthropic-organization-id'], undefined);
  });

  test("headers: a caller's cookies, credentials and other headers stay here", async () => {
    const sent = await sentWith({
      cookie: 'session=1',
      'x-stainless-lang': 'js',
      'x-claude-code-session-id': 'one',
      'proxy-authorization': 'Basic YQ==',
      'x-forwarded-for': '192.0.2.1',
      te: 'trailers',
    });
    const crossed = ['cookie', 'proxy-authorization', 'x-forwarded-for', 'te'];
    for (const name of [...crossed, 'x-stainless-lang', 'x-claude-code-session-id']) {
      assert.equal(sent[name], undefined, name);
    }
  });

  for (const [name, path, headers] of REFUSED) {
    const where = path.split('?')[0];
    test(`headers: too much of ${name} at ${where} is a 400 that names it, and is never sent`, async () => {
      const id = randomUUID();
      const body = where === '/v1/batch' ? { requests: [{ params: JSON.parse(BODY) }] } : BODY;
      const reply = await api.post(path, body, { 'x-correlation-id': id, ...headers });
      assert.equal(reply.status, 400);
      const { error } = jsonOf<ApiErrorBody>(reply);
      assert.equal(error.type, 'invalid_request_error');
      assert(error.message.startsWith(`${name}: `), error.message);
      assert.deepEqual(api.requestsOf(id), []);
    });
  }

  test('headers: many that no server takes at once leave the circuit closed for everybody', async () => {
    const replies = await Promise.all(
      Array.from({ length: 30 }, () => api.post('/v1/messages', BODY, { 'anthropic-beta': LONG })),
    );
    assert(replies.every(({ status }) => status === 400));
    assert.equal((await api.post('/v1/messages', BODY)).status, 200);
  });
});

test('headersUp: the bounds hold for all headers together, in bytes and in number', () => {
  const many = (count: number, bytes: number) =>
    Object.fromEntries(
      Array.from({ length: count }, (_, i) => [`anthropic-${i}`, 'x'.repeat(bytes)]),
    );
  assert.equal(Object.keys(headersUp(many(32, 10))).length, 33);
  assert.throws(() => headersUp(many(33, 1)), /^AppError: anthropic-32: exceeds 32 headers/);
  assert.throws(() => headersUp(many(20, 500)), /^AppError: anthropic-\d+: exceeds 8192 bytes/);
});

for (const value of ['caf\u00e9', 'a\u0000b', 'a\u007fb', 'a\r\nb']) {
  test(`headersUp: a value with ${JSON.stringify(value)} is refused, naming the header`, () => {
    assert.throws(
      () => headersUp({ 'anthropic-beta': value }),
      /anthropic-beta: must be printable/,
    );
  });
}

test('headersDown: every anthropic- header comes back but for the organisation', () => {
  const down = headersDown({
    'anthropic-fast-input-tokens-limit': '1',
    'anthropic-priority-output-tokens-reset': '2',
    'anthropic-workspace-id': 'wrkspc_1',
    'anthropic-organization-id': 'org_1',
    'request-id': 'req_1',
    'set-cookie': 'a=1',
    connection: 'close',
  });
  assert.deepEqual(Object.keys(down).toSorted(), [
    'anthropic-fast-input-tokens-limit',
    'anthropic-priority-output-tokens-reset',
    'anthropic-workspace-id',
    'request-id',
  ]);
});

test('targetOf: the query passes as it came, up to 2,048 characters with the path', () => {
  assert.equal(targetOf('/v1/models', { url: '/other?a=%20b&a=?' }), '/v1/models?a=%20b&a=?');
  const fits = `/?${'q'.repeat(2_048 - '/v1/models?'.length)}`;
  assert.equal(targetOf('/v1/models', { url: fits }).length, 2_048);
  assert.throws(() => targetOf('/v1/models', { url: `${fits}q` }), /^AppError: query: exceeds/);
  assert.throws(() => targetOf(`/v1/models/${'m'.repeat(2_048)}`, { url: '/' }), /path: exceeds/);
  assert.throws(() => targetOf('/v1/models', { url: '/?q=caf\u00e9' }), /query: must be percent/);
});
