/** A key whose account is refused beside a good one, over real HTTP, however the upstream says so. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { createServer, type ServerResponse } from 'node:http';
import { describe, type TestContext, test } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import type { Fault } from '../loadtest/simulator/faults.ts';
import { DEFAULT_KEY, startSimulator } from '../loadtest/simulator/server.ts';
import { jsonOf, listen, postJson } from './testing/http.ts';
import { ASK } from './testing/messages.ts';
import { eventually } from './testing/poll.ts';
import { type ServiceProcess, startService } from './testing/service-process.ts';

const KEYS = { good: 'good-key-1', broke: 'broke-key-1' };
const CALLS = 40;

const error = (part: object) =>
  JSON.stringify({
    type: 'error',
    error: { type: 'invalid_request_error', message: 'm', ...part },
  });
const coded = (error_code: string) => error({ details: { error_code } });
const CREDIT = error({ message: 'Your credit balance is too low to access the Anthropic API.' });

const event = (type: string, data: string) => `event: ${type}\ndata: ${data}\n\n`;
const START = event('message_start', '{"type":"message_start","message":{"id":"m"}}');
const DELTA = event('content_block_delta', '{"type":"content_block_delta","delta":{"text":"x"}}');
const STOP = event('message_stop', '{"type":"message_stop"}');

type Refuse = (response: ServerResponse) => void;
const complete =
  (status: number, body: string): Refuse =>
  (response) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(body);
const streamed =
  (...events: readonly string[]): Refuse =>
  (response) =>
    response.writeHead(200, { 'content-type': 'text/event-stream' }).end(events.join(''));

/** The service in front of an upstream that refuses one of its two keys. */
async function setUp(t: TestContext, refuse: Refuse): Promise<ServiceProcess> {
  const upstream = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    if (request.headers['x-api-key'] === KEYS.broke) return refuse(response);
    const wantsStream = (JSON.parse(body) as { stream?: boolean }).stream === true;
    if (wantsStream) return streamed(START, DELTA, STOP)(response);
    return complete(200, '{"id":"m","type":"message"}')(response);
  });
  const service = await startService({
    CLAUDE_API_KEY: JSON.stringify(KEYS),
    CLAUDE_BASE_URL: `http://127.0.0.1:${await listen(t, upstream)}`,
    RETRY_MAX: '0',
    OTEL_TRACES_EXPORTER: 'none',
  });
  t.after(() => service.stop());
  return service;
}

/** Makes the calls until the bad key has been picked. @returns how many of them failed */
async function failuresOf(service: ServiceProcess, path: string, body: object): Promise<number> {
  let failed = 0;
  for (let i = 0; i < CALLS; i++) {
    const { status, text } = await postJson(service.url + path, body);
    const items = jsonOfBatch(path, text);
    if (status !== 200 || items.some(({ type }) => type !== 'succeeded')) failed += 1;
  }
  return failed;
}

function jsonOfBatch(path: string, text: string): readonly { readonly type: string }[] {
  return path === '/v1/batch' ? JSON.parse(text).results : [];
}

async function metric(service: ServiceProcess, series: string): Promise<number> {
  const text = await (await fetch(service.metricsUrl)).text();
  const line = text.split('\n').find((l) => l.startsWith(`${series} `));
  return Number(line?.split(' ').at(-1));
}

const rejected = (service: ServiceProcess) =>
  metric(
    service,
    'claude_api_key_state{upstream="anthropic",caller="shared",key="broke",state="rejected"}',
  );

const STREAM = { ...ASK, stream: true };
const WAYS: readonly [name: string, path: string, body: object, refuse: Refuse][] = [
  ['a 400, credit balance', '/v1/messages', ASK, complete(400, CREDIT)],
  [
    'a 400, organization_on_hold',
    '/v1/messages',
    ASK,
    complete(400, coded('organization_on_hold')),
  ],
  ['a 400, cmek_key_disabled', '/v1/messages', ASK, complete(400, coded('cmek_key_disabled'))],
  ['a 400, spend limit', '/v1/messages', ASK, complete(400, coded('enforced_spend_limit_reached'))],
  ['a 429, spend limit', '/v1/messages', ASK, complete(429, coded('contract_spend_limit_reached'))],
  [
    'a 503, cmek_key_unreachable',
    '/v1/messages',
    ASK,
    complete(503, coded('cmek_key_unreachable')),
  ],
  [
    'a 503, cmek_context_unavailable, in place of a stream',
    '/v1/messages',
    STREAM,
    complete(503, coded('cmek_context_unavailable')),
  ],
  [
    'a 429, spend limit, in place of a stream',
    '/v1/messages',
    STREAM,
    complete(429, coded('enforced_spend_limit_reached')),
  ],
  [
    'a spend limit as an error event before content',
    '/v1/messages',
    STREAM,
    streamed(START, event('error', coded('contract_spend_limit_reached'))),
  ],
  ['an error inside a complete 200', '/v1/messages', ASK, complete(200, CREDIT)],
  ['a 400 in place of a stream', '/v1/messages', STREAM, complete(400, CREDIT)],
  [
    'an error event before content',
    '/v1/messages',
    STREAM,
    streamed(START, event('error', CREDIT)),
  ],
  ['a 400 to a count', '/v1/messages/count_tokens', ASK, complete(400, CREDIT)],
  [
    'a 400 to items of a batch',
    '/v1/batch',
    { requests: [{ params: ASK }] },
    complete(400, CREDIT),
  ],
];

/** The service in front of the simulator, whose only key it has. */
async function simulated(t: TestContext, env: Readonly<Record<string, string>> = {}) {
  const simulator = await startSimulator();
  t.after(() => simulator.close());
  const service = await startService({
    CLAUDE_API_KEY: DEFAULT_KEY,
    CLAUDE_BASE_URL: simulator.url,
    OTEL_TRACES_EXPORTER: 'none',
    ...env,
  });
  t.after(() => service.stop());
  return { service, simulator };
}

describe('account errors', { concurrency: 2 }, () => {
  for (const [name, path, body, refuse] of WAYS) {
    test(`account errors: ${name} takes that key out, and no call fails beside a good key`, async (t) => {
      const service = await setUp(t, refuse);
      assert.equal(await failuresOf(service, path, body), 0);
      assert.equal(await rejected(service), 1);
      const attempts = 'claude_api_attempts_total{upstream="anthropic",outcome="auth_error"}';
      assert.equal(await metric(service, attempts), 1, 'the key was tried once');
      const errors = 'claude_api_errors_total{upstream="anthropic",error_type="auth_error"}';
      assert.equal(await metric(service, errors), 1);
    });
  }

  test('account errors: an error event after content takes the key out, and its call counts as auth_error', async (t) => {
    const service = await setUp(t, streamed(START, DELTA, event('error', CREDIT)));
    const broken = await eventually(async () => {
      const id = randomUUID();
      const headers = { 'x-correlation-id': id };
      const { text } = await postJson(`${service.url}/v1/messages`, STREAM, headers);
      return text.includes('event: error') && id;
    });
    const line = await service.line((l) => l['msg'] === 'call' && l['correlation_id'] === broken);
    assert.equal(line['outcome'], 'auth_error');
    assert.equal(await rejected(service), 1);
    assert.equal(await failuresOf(service, '/v1/messages', STREAM), 0);
  });

  test('account errors: a caller who has the upstream quote such a message takes no key out', async (t) => {
    const words = 'Your credit balance is too low';
    const quoted = error({ message: `${words}: Extra inputs are not permitted` });
    const service = await setUp(t, complete(400, quoted));
    const body = { ...ASK, [words]: 1 };
    await eventually(async () => {
      const { status } = await postJson(`${service.url}/v1/messages`, body);
      return status === 400;
    });
    assert.equal(await rejected(service), 0);
    const line = await service.line((l) => l['msg'] === 'call' && l['outcome'] !== 'success');
    assert.equal(line['outcome'], 'invalid_request');
  });

  for (const code of ['cmek_key_unreachable', 'enforced_spend_limit_reached']) {
    test(`account errors: ${code} for every call opens no circuit, because the upstream is well`, async (t) => {
      const { service, simulator } = await simulated(t, { RETRY_MAX: '0' });
      simulator.setFaults([{ kind: `error_code:${code}` as Fault['kind'] }]);
      for (let i = 0; i < 40; i++) await postJson(`${service.url}/v1/messages`, ASK);
      const open = 'claude_api_circuit_state{upstream="anthropic",state="open"}';
      assert.equal(await metric(service, open), 0);
      assert.equal(simulator.seen(), 40, 'every call reached the upstream, once');
      simulator.setFaults([]);
      assert.equal((await postJson(`${service.url}/v1/messages`, ASK)).status, 200);
    });
  }

  for (const stream of [false, true]) {
    test(`account errors: an official SDK does not repeat what the service knows to be useless, stream ${stream}`, async (t) => {
      const { service, simulator } = await simulated(t);
      simulator.setFaults([{ kind: 'error_code:enforced_spend_limit_reached' }]);
      const sdk = new Anthropic({ apiKey: 'unused', baseURL: service.url, maxRetries: 2 });
      const call = stream ? sdk.messages.stream(ASK).finalMessage() : sdk.messages.create(ASK);
      await assert.rejects(call, Anthropic.RateLimitError);
      assert.equal(simulator.seen(), 1);
    });
  }

  test('account errors: with a spend limit at one upstream another one serves, and the key is asked no more', async (t) => {
    const simulator = await startSimulator();
    t.after(() => simulator.close());
    const upstream = (name: string, priority: number) => ({
      name,
      priority,
      url: `${simulator.url}/regions/${name}`,
    });
    const service = await startService({
      CLAUDE_API_KEY: DEFAULT_KEY,
      CLAUDE_UPSTREAMS: JSON.stringify([upstream('first', 0), upstream('second', 1)]),
      OTEL_TRACES_EXPORTER: 'none',
    });
    t.after(() => service.stop());
    simulator.setFaults([{ kind: 'error_code:contract_spend_limit_reached', region: 'first' }]);
    assert.equal(await failuresOf(service, '/v1/messages', ASK), 0);
    const spent =
      'claude_api_error_codes_total{upstream="first",error_code="contract_spend_limit_reached"}';
    assert.equal(await metric(service, spent), 1, 'found out once, then passed over');
    assert.equal(simulator.seen(), CALLS + 1);
  });

  test('account errors: with every key refused the caller gets the error, and calls succeed once one is good', async (t) => {
    let isGood = false;
    const refuse: Refuse = (response) =>
      isGood
        ? complete(200, '{"id":"m","type":"message"}')(response)
        : complete(400, CREDIT)(response);
    const upstream = createServer((request, response) => {
      request.resume().on('end', () => refuse(response));
    });
    const service = await startService({
      CLAUDE_API_KEY: JSON.stringify(KEYS),
      CLAUDE_BASE_URL: `http://127.0.0.1:${await listen(t, upstream)}`,
      OTEL_TRACES_EXPORTER: 'none',
    });
    t.after(() => service.stop());
    const ask = () => postJson(`${service.url}/v1/messages`, ASK);
    const refused = await ask();
    assert.equal(refused.status, 400);
    assert.match(jsonOf<{ error: { message: string } }>(refused).error.message, /credit balance/);
    const outcome = 'claude_api_caller_calls_total{caller="anybody",outcome="auth_error"}';
    assert.equal(await metric(service, outcome), 1, 'it counts against availability');
    isGood = true;
    assert.equal((await ask()).status, 200, 'the last key is never withheld');
    assert.equal((await ask()).status, 200);
  });
});
