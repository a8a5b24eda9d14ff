/** Every route over real HTTP, with the official SDK as the caller and the simulator as the upstream. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, test } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import { jsonOf } from '../testing/http.ts';
import { ASK, BODY, MODEL } from '../testing/messages.ts';
import { startService } from '../testing/service-process.ts';
import { useSimulatedService } from '../testing/simulated-service.ts';

const CALLER_KEY = 'sk-of-the-caller';
const TOOLS = [
  {
    name: 'weather',
    input_schema: {
      type: 'object' as const,
      properties: { city: { type: 'string' } },
      required: ['city'],
    },
  },
];

describe('routes', { concurrency: false }, () => {
  const api = useSimulatedService({ TRUST_INBOUND_TRACE: 'true', BODY_LIMIT_BYTES: '200000' });
  const { post } = api;
  const sdk = () => new Anthropic({ apiKey: CALLER_KEY, baseURL: api.service.url, maxRetries: 0 });

  test('messages: the SDK gets a complete response', async () => {
    const { data, response } = await sdk().messages.create(ASK).withResponse();
    assert.equal(data.content[0]?.type, 'text');
    assert.equal(data.stop_reason, 'end_turn');
    assert(data.usage.input_tokens > 0 && data.usage.output_tokens > 0);
    assert.match(response.headers.get('request-id') ?? '', /^req_sim_/);
    assert.match(response.headers.get('server-timing') ?? '', /upstream;dur=.*overhead;dur=/);
    assert.equal(response.headers.get('anthropic-organization-id'), null);
    assert(response.headers.get('anthropic-ratelimit-requests-remaining'));
  });

  test('messages: the SDK gets a stream', async () => {
    const types: string[] = [];
    const stream = sdk()
      .messages.stream(ASK)
      .on('streamEvent', ({ type }) => types.push(type));
    const message = await stream.finalMessage();
    assert.equal(types[0], 'message_start');
    assert.equal(types.at(-1), 'message_stop');
    const [block] = message.content;
    assert(block?.type === 'text' && block.text.includes('Hello'));
  });

  test('messages: the SDK gets the use of a tool, complete and as a stream', async () => {
    const ask = { ...ASK, tools: TOOLS, tool_choice: { type: 'tool' as const, name: 'weather' } };
    const complete = await sdk().messages.create(ask);
    const streamed = await sdk().messages.stream(ask).finalMessage();
    for (const { content, stop_reason } of [complete, streamed]) {
      assert.equal(stop_reason, 'tool_use');
      assert(content[0]?.type === 'tool_use');
      assert.deepEqual(content[0].input, { city: 'simulated' });
    }
  });

  test('count_tokens: the SDK gets the count, and `stream` in the body changes nothing', async () => {
    const counted = await sdk().messages.countTokens({ model: MODEL, messages: ASK.messages });
    const { usage } = await sdk().messages.create(ASK);
    assert.equal(counted.input_tokens, usage.input_tokens);
    const odd = await post('/v1/messages/count_tokens', { ...ASK, stream: true });
    assert.deepEqual(Object.keys(jsonOf<object>(odd)), ['input_tokens']);
  });

  test('models: the SDK gets the list and one model, and a NotFoundError for an unknown one', async () => {
    assert((await sdk().models.list()).data.some(({ id }) => id === MODEL));
    assert.equal((await sdk().models.retrieve(MODEL)).id, MODEL);
    await assert.rejects(sdk().models.retrieve('none'), Anthropic.NotFoundError);
  });

  test('healthz, readyz: ready with a key, and the upstreams are shown', async () => {
    assert.equal((await fetch(`${api.service.url}/healthz`)).status, 200);
    const ready = await fetch(`${api.service.url}/readyz`);
    assert.equal(ready.status, 200);
    const body = (await ready.json()) as { upstreams: object[] };
    assert.deepEqual(body.upstreams, [{ name: 'anthropic', state: 'closed' }]);
  });

  test('readyz: without a key the service is alive but not ready, and says why', async (t) => {
    const other = await startService({ OTEL_SDK_DISABLED: 'true' });
    t.after(other.stop);
    assert.equal((await fetch(`${other.url}/healthz`)).status, 200);
    const ready = await fetch(`${other.url}/readyz`);
    assert.equal(ready.status, 503);
    assert.equal(((await ready.json()) as { checks: { key: boolean } }).checks.key, false);
    assert.equal((await fetch(`${other.url}/v1/models`)).status, 503);
  });

  test('metrics: they are on their own port and not on the public one', async () => {
    assert.equal((await fetch(`${api.service.url}/metrics`)).status, 404);
    assert.equal((await fetch(api.service.metricsUrl)).status, 200);
  });

  test('unknown paths: 404 in Anthropic’s shape', async () => {
    const reply = await post('/v1/nothing', {});
    assert.equal(reply.status, 404);
    assert.equal(jsonOf<Anthropic.ErrorResponse>(reply).error.type, 'not_found_error');
  });

  const WRONG_METHODS: readonly [method: string, path: string, allow: string][] = [
    ['GET', '/v1/messages', 'POST'],
    ['GET', '/v1/messages/count_tokens', 'POST'],
    ['DELETE', '/v1/batch', 'POST'],
    ['POST', '/v1/models', 'GET'],
    ['PUT', `/v1/models/${MODEL}`, 'GET'],
    ['POST', '/healthz', 'GET'],
    ['POST', '/readyz', 'GET'],
  ];
  for (const [method, path, allow] of WRONG_METHODS) {
    test(`${method} ${path}: 405 that allows ${allow}, in Anthropic’s shape`, async () => {
      const response = await fetch(api.service.url + path, { method });
      assert.equal(response.status, 405);
      assert.equal(response.headers.get('allow'), allow);
      const { error } = (await response.json()) as Anthropic.ErrorResponse;
      assert.equal(error.type, 'invalid_request_error');
    });
  }

  test('headers: only those of the allow-lists go upstream', async () => {
    const id = randomUUID();
    const reply = await post('/v1/messages', BODY, {
      'x-correlation-id': id,
      'x-api-key': CALLER_KEY,
      authorization: `Bearer ${CALLER_KEY}`,
      cookie: 'session=1',
      'anthropic-beta': 'some-beta',
      'x-internal': 'secret',
      baggage: 'user=1',
      tracestate: 'a=1',
    });
    assert.equal(reply.status, 200);
    const [seen] = api.requestsOf(id);
    assert.equal(seen?.headers['anthropic-beta'], 'some-beta');
    assert.equal(seen.headers['anthropic-version'], '2023-06-01');
    assert.equal(seen.headers['x-api-key'], 'sim…use');
    for (const name of ['authorization', 'cookie', 'x-internal', 'baggage', 'tracestate']) {
      assert.equal(seen.headers[name], undefined, name);
    }
    await api.service.line((l) => l['msg'] === 'request' && l['correlation_id'] === id);
    assert(!JSON.stringify(api.service.lines).includes(CALLER_KEY));
  });

  test('access log: a refused request has its route, an unknown path has none', async () => {
    const [refused, unknown] = [randomUUID(), randomUUID()];
    await post('/v1/messages', '', { 'x-correlation-id': refused });
    await post('/v1/nothing', '', { 'x-correlation-id': unknown });
    const routeOf = async (id: string) =>
      (await api.service.line((l) => l['msg'] === 'request' && l['correlation_id'] === id))[
        'route'
      ];
    assert.equal(await routeOf(refused), '/v1/messages');
    assert.equal(await routeOf(unknown), 'none');
  });
});
