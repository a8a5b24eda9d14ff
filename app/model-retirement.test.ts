/** The service knows when its models retire: it asks by itself, and listens to what its callers are told. */
import assert from 'node:assert/strict';
import { createServer, type RequestListener } from 'node:http';
import { describe, type TestContext, test } from 'node:test';
import { DEFAULT_KEY, startSimulator } from '../loadtest/simulator/server.ts';
import { listen } from './testing/http.ts';
import { eventually } from './testing/poll.ts';
import { type Scrape, scrape } from './testing/samples.ts';
import { type ServiceProcess, startService } from './testing/service-process.ts';

const GAUGE = 'claude_api_model_retirement_timestamp_seconds';
const DAY_S = 86_400;
const AT = '2031-05-06T07:08:09Z';
const AT_S = Date.parse(AT) / 1_000;

const retirements = ({ samples }: Scrape): Readonly<Record<string, number>> =>
  Object.fromEntries(
    samples
      .filter(({ name }) => name === GAUGE)
      .map(({ labels, value }) => [labels['model'], value]),
  );

/** @param everyMs between two lists that the service asks for itself; 0 for never */
async function serve(
  t: TestContext,
  url: string,
  everyMs: number,
  env: Readonly<Record<string, string>> = {},
): Promise<ServiceProcess> {
  const service = await startService(
    { CLAUDE_API_KEY: DEFAULT_KEY, CLAUDE_BASE_URL: url, OTEL_TRACES_EXPORTER: 'none', ...env },
    { models: { everyMs } },
  );
  t.after(() => service.stop());
  return service;
}

async function simulated(t: TestContext) {
  const simulator = await startSimulator();
  t.after(() => simulator.close());
  return simulator;
}

/** An upstream of the test's own. @returns its URL and the targets of the requests that it has received */
async function upstream(t: TestContext, answer: RequestListener) {
  const targets: string[] = [];
  const server = createServer((request, response) => {
    targets.push(request.url ?? '');
    request.resume().on('end', () => answer(request, response));
  });
  return { url: `http://127.0.0.1:${await listen(t, server)}`, targets };
}

const json = (status: number, body: object): RequestListener => {
  const text = JSON.stringify(body);
  return (_request, response) =>
    void response.writeHead(status, { 'content-type': 'application/json' }).end(text);
};
const model = (id: string, retires_at: unknown) => ({ type: 'model', id, retires_at });

describe('models’ retirement', { concurrency: 2 }, () => {
  test('retirement: at the start the service asks with its own key, and no objective counts that', async (t) => {
    const simulator = await simulated(t);
    simulator.setModels({ 'claude-haiku-5-5': 20, 'claude-sonnet-5-5': -1 });
    const service = await serve(t, simulator.url, 3_600_000);
    const now = await eventually(async () => {
      const scraped = await scrape(service.metricsUrl);
      return Object.keys(retirements(scraped)).length === 2 && scraped;
    });
    const days = Object.entries(retirements(now)).map(([name, s]) => [
      name,
      Math.round((s - Date.now() / 1_000) / DAY_S),
    ]);
    assert.deepEqual(Object.fromEntries(days), { 'claude-haiku-5-5': 20, 'claude-sonnet-5-5': -1 });
    const [asked, ...more] = simulator.requests();
    assert.deepEqual([asked?.method, asked?.path, more.length], ['GET', '/v1/models', 0]);
    assert.equal(asked?.status, 200);
    for (const name of [
      'claude_api_requests_total',
      'claude_api_attempts_total',
      'claude_api_caller_calls_total',
      'claude_api_version_calls_total',
      'claude_api_request_duration_seconds_count',
      'claude_api_overhead_seconds_count',
    ]) {
      assert.equal(now.sum(name), 0, name);
    }
  });

  test('retirement: a model that is active again has no day, and neither has one that is not configured', async (t) => {
    const simulator = await simulated(t);
    simulator.setModels({ 'claude-haiku-5-5': 20, 'claude-opus-5-5': 9 });
    const models = { CLAUDE_MODELS: 'claude-haiku-5-5,claude-sonnet-5-5' };
    const service = await serve(t, simulator.url, 50, models);
    const known = async () => Object.keys(retirements(await scrape(service.metricsUrl)));
    await eventually(async () => (await known()).length > 0);
    assert.deepEqual(await known(), ['claude-haiku-5-5']);
    simulator.setModels({});
    await eventually(async () => (await known()).length === 0);
  });

  for (const [path, id] of [
    ['/v1/models', 'claude-opus-5-5'],
    ['/v1/models/claude-opus-5-5-20261001', 'claude-opus-5-5'],
  ] as const) {
    test(`retirement: what a caller is told by ${path} is learnt`, async (t) => {
      const simulator = await simulated(t);
      const service = await serve(t, simulator.url, 0);
      simulator.setModels({ [id]: 30 });
      const reply = await fetch(service.url + path);
      assert.equal(reply.status, 200);
      await reply.text();
      const now = await scrape(service.metricsUrl);
      assert.deepEqual(Object.keys(retirements(now)), [id]);
      assert.equal(now.sum('claude_api_requests_total', { operation: 'models' }), 1);
    });
  }

  test('retirement: the list is read page by page, each of the largest size', async (t) => {
    const pages = new Map([
      ['/v1/models?limit=1000', { data: [model('claude-haiku-5-5', AT)], next: 'a&b' }],
      ['/v1/models?limit=1000&after_id=a%26b', { data: [model('claude-opus-5-5', AT)], next: '' }],
    ]);
    const { url, targets } = await upstream(t, (request, response) => {
      const { data = [], next = '' } = pages.get(request.url ?? '') ?? {};
      const body = { data, has_more: next !== '', last_id: next || null };
      json(200, body)(request, response);
    });
    const service = await serve(t, url, 3_600_000);
    const expected = { 'claude-haiku-5-5': AT_S, 'claude-opus-5-5': AT_S };
    const found = await eventually(async () => {
      const known = retirements(await scrape(service.metricsUrl));
      return Object.keys(known).length === 2 && known;
    });
    assert.deepEqual(found, expected);
    assert.deepEqual(targets, [...pages.keys()]);
  });

  test('retirement: a list that never ends is left after ten pages', async (t) => {
    let n = 0;
    const { url, targets } = await upstream(t, (request, response) => {
      n += 1;
      const data = [model('claude-haiku-5-5', AT)];
      json(200, { data, has_more: true, last_id: `m${n}` })(request, response);
    });
    const service = await serve(t, url, 3_600_000);
    await eventually(async () => GAUGE in (await byName(service)));
    assert.equal(targets.length, 10);
  });

  const FAILURES: Readonly<Record<string, RequestListener>> = {
    'a 404, as of a gateway without this route': json(404, { type: 'error', error: {} }),
    'a 403, as of a key without this permission': json(403, {
      type: 'error',
      error: { type: 'permission_error', message: 'm' },
    }),
    'a 500': json(500, { type: 'error', error: { type: 'api_error', message: 'm' } }),
    'no list': json(200, { data: 'none' }),
    'a list of over 4 MiB': json(200, { data: [], padding: 'x'.repeat(4 * 1024 * 1024) }),
    'a page': (_request, response) => void response.end('<html>'),
    'a connection that is cut': (_request, response) => void response.socket?.resetAndDestroy(),
  };
  for (const [what, answer] of Object.entries(FAILURES)) {
    test(`retirement: ${what} is logged once, however often it comes, and harms neither keys nor circuits`, async (t) => {
      const { url, targets } = await upstream(t, answer);
      const keys = { CLAUDE_API_KEY: JSON.stringify({ one: 'key-one-1', two: 'key-two-2' }) };
      const service = await serve(t, url, 20, keys);
      await eventually(() => targets.length >= 30);
      const now = await scrape(service.metricsUrl);
      assert.deepEqual(retirements(now), {});
      const failed = service.lines.filter(({ msg }) => String(msg).includes('list of models'));
      assert.equal(failed.length, 1);
      assert.equal(failed[0]?.['level'], 'warn');
      assert.equal(now.sum('claude_api_key_state', { state: 'active' }), 2);
      assert.equal(now.sum('claude_api_circuit_state', { state: 'closed' }), 1);
      assert.equal(now.sum('claude_api_retry_budget'), 100);
      assert(!JSON.stringify(service.lines).includes('key-one-1'));
    });
  }

  test('retirement: what is no date, no ID or no model is ignored, and the rest is learnt', async (t) => {
    const data = [
      null,
      7,
      'x',
      [],
      model('claude-opus-5-5', 'soon'),
      model('claude-sonnet-5-5', 1_900_000_000),
      model('claude-sonnet-5-5', { toString: AT }),
      { ...model('claude-sonnet-5-5', AT), type: 'moon' },
      { ...model('', AT), id: ['claude-sonnet-5-5'] },
      model('x'.repeat(100_000), AT),
      ...Array.from({ length: 900 }, (_, i) => model(`invented-${i}`, AT)),
      model('claude-haiku-5-5', AT),
    ];
    const { url } = await upstream(t, json(200, { data, has_more: false }));
    const service = await serve(t, url, 3_600_000);
    await eventually(async () => GAUGE in (await byName(service)));
    const now = await scrape(service.metricsUrl);
    assert.deepEqual(retirements(now), { 'claude-haiku-5-5': AT_S });
  });

  test('retirement: a model that the upstream has another name for is known by the callers’ name', async (t) => {
    const theirs = model('eu.haiku-of-the-cloud', AT);
    const { url } = await upstream(t, json(200, { data: [theirs], has_more: false }));
    const models = { 'claude-haiku-5-5': theirs.id };
    const upstreams = [{ name: 'cloud', url, models }];
    const env = { CLAUDE_BASE_URL: '', CLAUDE_UPSTREAMS: JSON.stringify(upstreams) };
    const service = await serve(t, url, 3_600_000, env);
    await eventually(async () => GAUGE in (await byName(service)));
    const now = await scrape(service.metricsUrl);
    assert.deepEqual(retirements(now), { 'claude-haiku-5-5': AT_S });
  });

  test('retirement: without a key nothing is asked and nothing is logged about it', async (t) => {
    const { url, targets } = await upstream(t, json(200, { data: [] }));
    const service = await serve(t, url, 20, { CLAUDE_API_KEY: '' });
    // The service has scraped and answered meanwhile, so that it had its time to ask.
    for (let i = 0; i < 20; i++) await scrape(service.metricsUrl);
    assert.deepEqual(targets, []);
    assert(!service.lines.some(({ msg }) => String(msg).includes('list of models')));
  });
});

/** The last value of each metric that the service shows, by name. */
async function byName(service: ServiceProcess): Promise<Readonly<Record<string, number>>> {
  const { samples } = await scrape(service.metricsUrl);
  return Object.fromEntries(samples.map(({ name, value }) => [name, value]));
}
