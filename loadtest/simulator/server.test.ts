/** The simulator as its callers see it, through the official SDK, with every fault injected. */
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import { request } from 'undici';
import { eventually } from '../../app/testing/poll.ts';
import { percentile } from '../lib/load.ts';
import { FAULT_KINDS, type Fault, type FaultKind } from './faults.ts';
import { PROFILES, sampleMs } from './latency.ts';
import { DEFAULT_KEY, type SimulatorOptions, startSimulator } from './server.ts';

const ASK = {
  model: 'claude-haiku-5-5',
  max_tokens: 64,
  messages: [{ role: 'user' as const, content: 'Hello' }],
};

async function setUp(t: TestContext, options: SimulatorOptions = {}) {
  const simulator = await startSimulator(options);
  t.after(() => simulator.close());
  const sdk = (apiKey = DEFAULT_KEY, path = '') =>
    new Anthropic({ apiKey, baseURL: simulator.url + path, maxRetries: 0 });
  const admin = async (method: string, path: string, body?: unknown) => {
    const response = await fetch(`${simulator.url}/__sim${path}`, {
      method,
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as never };
  };
  return { simulator, sdk, admin };
}

test('simulator: gives the SDK answers, streams, token counts and models', async (t) => {
  const { sdk } = await setUp(t);
  const { data, response } = await sdk().messages.create(ASK).withResponse();
  assert(data.content[0]?.type === 'text' && data.content[0].text.includes('Hello'));
  assert.equal(response.headers.get('x-simulator'), 'claude-observatory');
  const reset = response.headers.get('anthropic-ratelimit-tokens-reset') ?? '';
  assert(!Number.isNaN(Date.parse(reset)));
  const streamed = await sdk().messages.stream(ASK).finalMessage();
  assert.deepEqual(streamed.content, data.content);
  assert.equal(streamed.usage.output_tokens, data.usage.output_tokens);
  const counted = await sdk().messages.countTokens({ model: ASK.model, messages: ASK.messages });
  assert.equal(counted.input_tokens, data.usage.input_tokens);
  assert.equal((await sdk().models.list()).data.length, 3);
});

test('simulator: max_tokens cuts the answer off', async (t) => {
  const { sdk } = await setUp(t);
  const { stop_reason } = await sdk().messages.create({ ...ASK, max_tokens: 1 });
  assert.equal(stop_reason, 'max_tokens');
});

test('simulator: bad requests get errors in Anthropic’s shape', async (t) => {
  const { sdk, simulator } = await setUp(t);
  await assert.rejects(
    sdk('wrong-key-of-somebody').messages.create(ASK),
    Anthropic.AuthenticationError,
  );
  await assert.rejects(
    sdk().messages.create({ ...ASK, max_tokens: -1 }),
    Anthropic.BadRequestError,
  );
  await assert.rejects(sdk().models.retrieve('none'), Anthropic.NotFoundError);
  for (const body of ['{', '[]', '{"__proto__":1}', '']) {
    const response = await fetch(`${simulator.url}/v1/messages`, {
      method: 'POST',
      headers: { 'x-api-key': DEFAULT_KEY, 'anthropic-version': '2023-06-01' },
      body,
    });
    assert.equal(response.status, 400, body);
  }
});

/** What the SDK throws for each fault. */
const EXPECTED: Readonly<
  Record<FaultKind, { stream?: boolean; cancels?: boolean; matches: (e: unknown) => boolean }>
> = {
  rate_limited: {
    matches: (e) => e instanceof Anthropic.RateLimitError && e.headers?.get('retry-after') === '7',
  },
  overloaded: { matches: (e) => statusOf(e) === 529 },
  error_500: { matches: (e) => statusOf(e) === 500 },
  error_502: { matches: (e) => statusOf(e) === 502 },
  error_503: { matches: (e) => statusOf(e) === 503 },
  hang: { matches: (e) => e instanceof Anthropic.APIConnectionTimeoutError },
  slow: { matches: (e) => e instanceof Anthropic.APIConnectionTimeoutError },
  reset: { matches: (e) => e instanceof Anthropic.APIConnectionError },
  malformed_json: {
    matches: (e) => e instanceof Error && !(e instanceof Anthropic.APIConnectionTimeoutError),
  },
  html: { matches: (e) => statusOf(e) === 502 },
  stream_error: { stream: true, matches: (e) => e instanceof Anthropic.APIError },
  // Half a line is a SyntaxError to the SDK.
  stream_cut: { stream: true, matches: (e) => e instanceof Error },
  // The SDK's time limit ends with the headers, so only its caller can end the call.
  stream_hang: {
    stream: true,
    cancels: true,
    matches: (e) => e instanceof Anthropic.APIUserAbortError,
  },
  // Slow streams are whole in the end, so only their caller can end them early.
  stream_pause: {
    stream: true,
    cancels: true,
    matches: (e) => e instanceof Anthropic.APIUserAbortError,
  },
  slow_tokens: {
    stream: true,
    cancels: true,
    matches: (e) => e instanceof Anthropic.APIUserAbortError,
  },
};

function statusOf(error: unknown): number | undefined {
  return error instanceof Anthropic.APIError ? error.status : undefined;
}

for (const kind of FAULT_KINDS) {
  test(`fault ${kind}: fails a call, and is counted`, async (t) => {
    const { simulator, sdk, admin } = await setUp(t);
    simulator.setFaults([{ kind, retryAfterS: 7, delayMs: 60_000, everyMs: 60_000 }]);
    const { stream, cancels, matches } = EXPECTED[kind];
    const options = { timeout: 200, ...(cancels && { signal: AbortSignal.timeout(200) }) };
    const answer = stream
      ? sdk().messages.stream(ASK, options).finalMessage()
      : sdk().messages.create(ASK, options);
    const thrown = await answer.then(
      () => undefined,
      (e: unknown) => e,
    );
    assert(matches(thrown), String(thrown));
    const { body } = await admin('GET', '/faults');
    assert.equal((body as { bitten: number }[])[0]?.bitten, 1);
    simulator.setFaults([]);
    assert((await sdk().messages.create(ASK)).content.length > 0);
  });
}

test('fault stream_cut: cuts at any byte of the next event, but never after its end', async (t) => {
  let draw = 0;
  const { simulator } = await setUp(t, { random: () => draw });
  const read = async () => {
    const response = await fetch(`${simulator.url}/v1/messages`, {
      method: 'POST',
      headers: { 'x-api-key': DEFAULT_KEY, 'anthropic-version': '2023-06-01' },
      body: JSON.stringify({ ...ASK, stream: true }),
    });
    return response.text();
  };
  simulator.setFaults([{ kind: 'stream_cut' }]);
  const whole = await read();
  assert(whole.endsWith('\n\n') && !whole.includes('message_stop'));
  for (draw of [0.1, 0.5, 0.999]) {
    const cut = await read();
    assert(cut.length > whole.length && !cut.endsWith('\n\n'), cut.slice(whole.length));
  }
});

test('faults: are injected by probability, region and key', async (t) => {
  const draws = [0.2, 0.9, 0.2];
  const { simulator, sdk } = await setUp(t, {
    keys: ['key-number-one', 'key-number-two'],
    random: () => draws.shift() ?? 0,
  });
  const one = (path = '') => sdk('key-number-one', path).messages.create(ASK);
  simulator.setFaults([{ kind: 'error_500', probability: 0.5 }]);
  await assert.rejects(one());
  await one();
  await assert.rejects(one());
  simulator.setFaults([{ kind: 'error_500', region: 'eu' }]);
  await one();
  await one('/regions/us');
  await assert.rejects(one('/regions/eu'));
  simulator.setFaults([{ kind: 'error_500', key: 'key-number-two' }]);
  await one();
  await assert.rejects(sdk('key-number-two').messages.create(ASK));
});

test('admin: bad faults are rejected with every problem, and change nothing', async (t) => {
  const { simulator, admin } = await setUp(t);
  const good: Fault[] = [{ kind: 'hang' }];
  simulator.setFaults(good);
  const bad = [{ kind: 'flood' }, { kind: 'slow', probability: 2, speed: 1 }];
  const { status, body } = await admin('PUT', '/faults', bad);
  assert.equal(status, 400);
  const { error } = body as { error: string };
  for (const name of ['faults.0.kind', 'faults.1.probability', 'faults.1.speed']) {
    assert(error.includes(name), error);
  }
  const active = (await admin('GET', '')).body as { faults: Fault[] };
  assert.equal(active.faults[0]?.kind, 'hang');
  assert.equal((await admin('PUT', '/profile', { profile: 'toString' })).status, 400);
  assert.equal((await admin('PUT', '/profile', { profile: 'realistic' })).status, 200);
});

test('request log: finds a correlation ID and shows no key, credential or cookie', async (t) => {
  const { simulator, admin } = await setUp(t, { keys: ['sk-planted-secret-key'] });
  await fetch(`${simulator.url}/v1/models`, {
    headers: {
      'x-api-key': 'sk-planted-secret-key',
      authorization: 'Bearer planted',
      cookie: 'planted=1',
      'x-correlation-id': 'order-7',
      'anthropic-version': '2023-06-01',
    },
  });
  const { body } = await admin('GET', '/requests?correlation_id=order-7');
  assert.equal((body as unknown[]).length, 1);
  assert(!JSON.stringify(body).includes('planted'));
  assert.deepEqual((await admin('GET', '/requests?correlation_id=other')).body, []);
});

test('fault hang: the request ends when its caller does, and leaves no socket', async (t) => {
  const { simulator, sdk } = await setUp(t);
  simulator.setFaults([{ kind: 'hang' }]);
  await assert.rejects(sdk().messages.create(ASK, { timeout: 100 }));
  await eventually(async () => (await simulator.connections()) === 0);
});

/** A small seeded generator (mulberry32): every run draws the same samples. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

for (const name of ['documented', 'realistic'] as const) {
  for (const [phase, latency] of Object.entries(PROFILES[name])) {
    test(`latency profile ${name}: samples of ${phase} have the documented median and P99`, () => {
      const random = seeded(7);
      const samples = Array.from({ length: 100_000 }, () => sampleMs(latency, random));
      const at = (share: number) => percentile(samples, share) ?? Number.NaN;
      assert(Math.abs(at(0.5) / latency.medianMs - 1) < 0.05, `median ${at(0.5)}`);
      assert(Math.abs(at(0.99) / latency.p99Ms - 1) < 0.05, `P99 ${at(0.99)}`);
    });
  }
}

test('simulator: its admin routes take requests by the name that it has in the stack, and by no foreign one', async (t) => {
  const { simulator } = await setUp(t, { admin: 'anyone' });
  const statusFor = async (host: string) => {
    const { statusCode, body } = await request(`${simulator.url}/__sim/faults`, {
      headers: { host },
    });
    await body.dump();
    return statusCode;
  };
  assert.equal(await statusFor('simulator:8081'), 200);
  assert.equal(await statusFor('simulator.example.com'), 403);
});
