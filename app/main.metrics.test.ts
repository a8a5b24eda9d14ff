/** What a running service shows on `/metrics`. The snapshot is updated by `--test-update-snapshots`. */
import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import {
  ask,
  bodyOf,
  KEY,
  serviceWithSimulator,
  startObservedService,
} from './testing/observed-service.ts';
import { eventually } from './testing/poll.ts';

const scrape = async (url: string) => (await fetch(url)).text();

test('/metrics: names, types and labels are those of the snapshot', async (t) => {
  const { simulator, service, close } = await startObservedService();
  t.after(close);
  simulator.setFaults([{ kind: 'error_500', probability: 1 }]);
  await (await ask(service.url)).text();
  simulator.setFaults([]);
  for (const stream of [true, false]) {
    await (await ask(service.url, {}, bodyOf({ stream }))).text();
  }
  simulator.setModels({ 'claude-haiku-5-5': 20 });
  await (await fetch(`${service.url}/v1/models`)).text();
  // The SDK's metrics about itself are there once spans have been exported.
  const text = await eventually(async () => {
    const scraped = await scrape(service.metricsUrl);
    return scraped.includes('otel_sdk_processor_span_processed') && scraped;
  });
  assert(/http_server_request_duration_count\{[^}]*http_route="\/v1\/messages"/.test(text));
  assert(text.includes('claude_api_request_duration_seconds_bucket'));
  assert(/claude_api_request_duration_seconds_bucket\{[^}]*le="0.5"/.test(text));
  assert(/claude_api_request_duration_seconds_bucket\{[^}]*le="300"/.test(text));
  assert(/claude_api_request_duration_seconds_bucket\{[^}]*le="900"/.test(text));
  assert(!text.includes(KEY));
  const series = text.split('\n').map((line) => line.slice(0, line.lastIndexOf(' ')));
  const twice = series.filter((name, i) => name !== '' && series.indexOf(name) !== i);
  assert.deepEqual(twice, [], 'no series stands there twice');
  t.assert.snapshot(shape(text));
});

test('/metrics: every series of an objective exists at zero before the first call', async (t) => {
  const { service } = await serviceWithSimulator(t);
  const text = await scrape(service.metricsUrl);
  for (const type of ['upstream_error', 'overloaded', 'timeout', 'network_error', 'truncated']) {
    const series = `claude_api_errors_total{upstream="simulator",error_type="${type}"} 0`;
    assert(text.includes(series), series);
  }
});

test('/metrics: whoever is refused, and why, a path of ours is counted under its one route', async (t) => {
  const TOKEN = 'token-of-the-test-0123456789';
  const token_sha256 = createHash('sha256').update(TOKEN).digest('hex');
  const { service } = await serviceWithSimulator(t, {
    CALLERS: JSON.stringify([{ name: 'search', token_sha256, requests_per_minute: 4 }]),
    BODY_LIMIT_BYTES: '1000',
    OTEL_TRACES_EXPORTER: 'none',
  });
  const send = async (path: string, init: RequestInit = {}, token = TOKEN) => {
    const response = await fetch(service.url + path, { ...init, headers: { 'x-api-key': token } });
    await response.arrayBuffer();
    return response.status;
  };
  const post = (body: string) => ({ method: 'POST', body });
  const refusals: readonly [route: string, status: number, Promise<number>][] = [
    ['/v1/messages', 401, send('/v1/messages', post('{}'), 'of-nobody')],
    ['/v1/models/:id', 401, send('/v1/models/a', {}, 'of-nobody')],
    ['/v1/messages', 405, send('/v1/messages')],
    ['/v1/models/:id', 405, send('/v1/models/a', { method: 'DELETE' })],
    ['/v1/messages', 413, send('/v1/messages', post('x'.repeat(2_000)))],
    ['/v1/batch', 400, send('/v1/batch', post('{'))],
    ['/v1/models/:id', 400, send('/v1/models/%zz')],
    ['', 404, send('/v1/none')],
  ];
  for (const [route, status, actual] of refusals) assert.equal(await actual, status, route);
  const counted = (text: string, route: string, status: number) =>
    text.split('\n').some((line) => {
      if (!line.startsWith('http_server_request_duration_count{')) return false;
      const hasRoute = route
        ? line.includes(`http_route="${route}"`)
        : !line.includes('http_route');
      return hasRoute && line.includes(`http_response_status_code="${status}"`);
    });
  // A request is counted when its connection is done with it, which is later than its answer.
  await eventually(async () => {
    const text = await scrape(service.metricsUrl);
    return refusals.every(([route, status]) => counted(text, route, status));
  });
  for (const [route, status] of refusals) {
    const line = await service.line(
      (l) => l['msg'] === 'request' && l['route'] === (route || 'none') && l['status'] === status,
    );
    assert.equal(line['client_address'], '127.0.0.1');
    assert.equal(line['caller'], status === 401 ? undefined : 'search');
  }
});

test('/metrics: a dead collector fails no call, and the spans that it lost are counted', async (t) => {
  const { service } = await serviceWithSimulator(t, { OTEL_BSP_MAX_QUEUE_SIZE: '512' });
  const statuses = await Promise.all(
    Array.from({ length: 400 }, async () => (await ask(service.url)).status),
  );
  assert.deepEqual([...new Set(statuses)], [200]);
  const lost = await eventually(async () =>
    (await scrape(service.metricsUrl))
      .split('\n')
      .find((l) => l.startsWith('otel_sdk_processor_span_processed') && l.includes('error_type')),
  );
  assert(Number(lost.split(' ').at(-1)) > 0, lost);
});

/** A scrape without its values: `name type {labels}`, one line a metric, sorted. */
function shape(text: string): string[] {
  const labels = new Map<string, Set<string>>();
  const types = new Map<string, string>();
  for (const line of text.split('\n')) {
    const type = /^# TYPE (\S+) (\S+)/.exec(line);
    if (type) types.set(type[1] ?? '', type[2] ?? '');
    const sample = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? /.exec(line);
    if (!sample) continue;
    const base = (sample[1] ?? '').replace(/_(bucket|sum|count)$/, '');
    const name = types.has(base) ? base : (sample[1] ?? '');
    const set = labels.get(name) ?? new Set();
    for (const [, label] of (sample[2] ?? '').matchAll(/(\w+)="/g)) set.add(label ?? '');
    labels.set(name, set);
  }
  const ours = [...types].filter(([name]) =>
    /^(claude|gen_ai|http|otel_sdk_processor)_/.test(name),
  );
  return ours
    .map(([name, type]) => `${name} ${type} {${[...(labels.get(name) ?? [])].sort().join(', ')}}`)
    .sort();
}
