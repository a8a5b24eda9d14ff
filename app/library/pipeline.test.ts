/** The package refuses what cannot work, and says why: options, headers, bodies, keys. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_KEY, startSimulator } from '../../loadtest/simulator/server.ts';
import { AppError, type ClaudeOptions, createClaude } from './pipeline.ts';

process.env['LIBRARY_KEY'] = DEFAULT_KEY;
const NOBODY = 'http://127.0.0.1:9';
const UPSTREAM = { name: 'direct', url: NOBODY, keys: 'env:LIBRARY_KEY' };
const BODY = {
  model: 'claude-haiku-5-5',
  max_tokens: 16,
  messages: [{ role: 'user', content: 'Hello' }],
};

test('createClaude: an option that is undefined has its default', async (t) => {
  const simulator = await startSimulator();
  t.after(() => simulator.close());
  const undefinedUpstream = {
    priority: undefined,
    weight: undefined,
    models: undefined,
    headers: undefined,
  };
  const claude = createClaude({
    upstreams: [{ ...UPSTREAM, url: simulator.url, ...undefinedUpstream }],
    deadlineMs: undefined,
    attemptTimeoutMs: undefined,
    firstEventTimeoutMs: undefined,
    maxRetries: undefined,
    streamLimitMs: undefined,
    pool: { keepAliveMs: undefined },
    telemetry: undefined,
  });
  t.after(() => claude.close());
  const unset = { headers: undefined, deadlineMs: undefined, signal: undefined };
  assert.equal((await claude.messages(BODY, unset)).status, 200);
  const { data, outcome } = await claude.messages({ ...BODY, stream: true });
  assert(typeof data !== 'string');
  for await (const _events of data);
  assert.equal(await outcome, 'success');
});

const SECRET = 'sk-not-to-be-quoted';
const REFUSED: readonly [what: string, part: Partial<ClaudeOptions>, named: RegExp][] = [
  ['no upstream', { upstreams: [] }, /^upstreams: must have at least one$/],
  ['two of one name', { upstreams: [UPSTREAM, UPSTREAM] }, /^upstreams: names must differ$/],
  [
    'a name that is no label',
    { upstreams: [{ ...UPSTREAM, name: 'A "b"\n' }] },
    /^upstreams\[0\]\.name/,
  ],
  ['a URL that is none', { upstreams: [{ ...UPSTREAM, url: SECRET }] }, /^upstreams\[0\]\.url/],
  ['a URL with a password', { upstreams: [{ ...UPSTREAM, url: `http://a:${SECRET}@b` }] }, /\.url/],
  ['a weight of nothing', { upstreams: [{ ...UPSTREAM, weight: 0 }] }, /\.weight/],
  [
    'a priority that is no number',
    { upstreams: [{ ...UPSTREAM, priority: Number.NaN }] },
    /\.priority/,
  ],
  [
    'a header of ours',
    { upstreams: [{ ...UPSTREAM, headers: { 'x-api-key': SECRET } }] },
    /"x-api-key" cannot be set/,
  ],
  [
    'a broken header',
    { upstreams: [{ ...UPSTREAM, headers: { 'x-a': `${SECRET}\n` } }] },
    /x-a must be printable/,
  ],
  ['keys that are no source', { upstreams: [{ ...UPSTREAM, keys: SECRET }] }, /^keys must be/],
  ['a deadline that is no number', { deadlineMs: Number.NaN }, /^deadlineMs/],
  [
    'a limit beyond what timers take',
    { attemptTimeoutMs: Number.POSITIVE_INFINITY },
    /^attemptTimeoutMs/,
  ],
  ['a stream limit of nothing', { streamLimitMs: 0 }, /^streamLimitMs/],
  ['fewer retries than none', { maxRetries: -1 }, /^maxRetries/],
  ['no connections', { connections: 0 }, /^connections/],
];
for (const [what, part, named] of REFUSED) {
  test(`createClaude: ${what} is refused, and the message names it and quotes nothing`, () => {
    assert.throws(
      () => createClaude({ upstreams: [UPSTREAM], ...part }),
      (error) => {
        assert(error instanceof TypeError);
        assert.match(error.message, named);
        assert(!error.message.includes(SECRET));
        return true;
      },
    );
  });
}

const isInvalid = (message: RegExp) => (error: unknown) => {
  assert(error instanceof AppError, String(error));
  assert.equal(error.code, 'invalid_request');
  assert.match(error.message, message);
  return true;
};

test('messages: what cannot be sent is the caller’s fault, and opens no circuit', async (t) => {
  const simulator = await startSimulator();
  const upstreams = [{ ...UPSTREAM, url: simulator.url }];
  const claude = createClaude({ upstreams, maxRetries: 0 });
  t.after(async () => {
    await claude.close();
    await simulator.close();
  });
  for (const value of ['a\r\nb: c', 'Größe', '漢字']) {
    // As many as would open it.
    for (let i = 0; i < 20; i++) {
      const call = claude.messages(BODY, { headers: { 'x-correlation-id': value } });
      await assert.rejects(call, isInvalid(/^x-correlation-id must be printable ASCII$/));
    }
  }
  const headers = { 'Content-Length': '5' };
  await assert.rejects(claude.messages(BODY, { headers }), isInvalid(/"content-length" cannot be/));
  for (const deadlineMs of [Number.NaN, 0, Number.POSITIVE_INFINITY]) {
    await assert.rejects(claude.messages(BODY, { deadlineMs }), isInvalid(/^deadlineMs/));
  }
  assert.equal(simulator.seen(), 0);
  assert.equal((await claude.messages(BODY)).status, 200);
});

test('messages: a body that JSON cannot hold rejects the promise, and is not thrown beside it', async (t) => {
  const claude = createClaude({ upstreams: [UPSTREAM] });
  t.after(() => claude.close());
  const call = claude.messages({ ...BODY, max_tokens: 16n });
  await assert.rejects(call, isInvalid(/cannot be written as JSON/));
});

test('messages: a header is sent once, however it is spelled', async (t) => {
  const simulator = await startSimulator();
  const claude = createClaude({ upstreams: [{ ...UPSTREAM, url: simulator.url }] });
  t.after(async () => {
    await claude.close();
    await simulator.close();
  });
  const headers = { 'Anthropic-Version': '2023-06-01', 'X-Correlation-Id': 'an-id' };
  assert.equal((await claude.messages(BODY, { headers })).status, 200);
  const [request] = simulator.requests();
  assert.equal(request?.headers['anthropic-version'], '2023-06-01');
  assert.equal(request?.headers['x-correlation-id'], 'an-id');
});

for (const [keys, reason] of [
  ['env:LIBRARY_NO_SUCH_KEY', /^env:LIBRARY_NO_SUCH_KEY: holds no key$/],
  ['file:/nowhere/key', /^file:\/nowhere\/key: cannot be read \(ENOENT\)$/],
] as const) {
  test(`messages: without a key, the cause says why ${keys} has none`, async (t) => {
    const claude = createClaude({ upstreams: [{ ...UPSTREAM, keys }] });
    t.after(() => claude.close());
    await assert.rejects(claude.messages(BODY), ({ code, cause }: AppError) => {
      assert.equal(code, 'no_key');
      assert.match((cause as Error).message, reason);
      return true;
    });
  });
}
