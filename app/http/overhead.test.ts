/** Overhead is the service's own time: callers who send or read slowly do not make it look slow. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import { test } from 'node:test';
import { listen } from '../testing/http.ts';
import { ASK } from '../testing/messages.ts';
import { eventually } from '../testing/poll.ts';
import { scrape } from '../testing/samples.ts';
import { type ServiceProcess, startService } from '../testing/service-process.ts';

/** How long the callers of these tests keep the service waiting. */
const SLOW_MS = 400;

const DELTA = `event: content_block_delta\ndata: {"delta":{"text":"${'x'.repeat(64_000)}"}}\n\n`;
const STOP = 'event: message_stop\ndata: {}\n\n';

/** The service in front of an upstream that streams 16 MB, more than any socket's buffer holds. */
async function setUp(t: Parameters<typeof listen>[0]): Promise<ServiceProcess> {
  const upstream = createServer((received, response) => {
    received.resume().on('end', () => response.end(DELTA.repeat(250) + STOP));
  });
  const service = await startService({
    CLAUDE_API_KEY: 'a-key-of-ours',
    CLAUDE_BASE_URL: `http://127.0.0.1:${await listen(t, upstream)}`,
    OTEL_TRACES_EXPORTER: 'none',
  });
  t.after(() => service.stop());
  return service;
}

function ask(service: ServiceProcess, id: string) {
  return request(`${service.url}/v1/messages`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-correlation-id': id },
  });
}

async function timesOf(service: ServiceProcess, id: string) {
  const line = await service.line((l) => l['msg'] === 'call' && l['correlation_id'] === id);
  return { durationMs: Number(line['duration_ms']), overheadMs: Number(line['overhead_ms']) };
}

/** Lets time pass: real time is what is measured here, so no fake clock can stand in for it. */
async function linger(): Promise<void> {
  const startedAtMs = performance.now();
  await eventually(() => performance.now() - startedAtMs > SLOW_MS);
}

test('overhead: the time in which a caller sends the body is not ours', async (t) => {
  const service = await setUp(t);
  const id = randomUUID();
  const asked = ask(service, id);
  const text = JSON.stringify({ ...ASK, stream: true });
  asked.write(text.slice(0, 10));
  await linger();
  asked.end(text.slice(10));
  const [response] = await once(asked, 'response');
  await once(response.resume(), 'end');
  const { durationMs, overheadMs } = await timesOf(service, id);
  assert(durationMs - overheadMs >= SLOW_MS / 2, `${overheadMs} of ${durationMs} ms`);
});

test('overhead: a refused call counts without the time in which its body came', async (t) => {
  const service = await setUp(t);
  const asked = ask(service, randomUUID());
  asked.write('{');
  await linger();
  asked.end('broken');
  const [response] = await once(asked, 'response');
  await once(response.resume(), 'end');
  const now = await scrape(service.metricsUrl);
  const own = now.sum('claude_api_overhead_seconds_sum');
  const all = now.sum('claude_api_request_duration_seconds_sum');
  assert(all - own >= SLOW_MS / 2_000, `${own} of ${all} s`);
});

test('overhead: the time in which a caller does not read a stream is not ours', async (t) => {
  const service = await setUp(t);
  const id = randomUUID();
  const asked = ask(service, id);
  asked.end(JSON.stringify({ ...ASK, stream: true }));
  // Without a reader the response stays paused, and the service waits for it to drain.
  const [response] = await once(asked, 'response');
  await linger();
  await once(response.resume(), 'end');
  const { durationMs, overheadMs } = await timesOf(service, id);
  assert(durationMs - overheadMs >= SLOW_MS / 2, `${overheadMs} of ${durationMs} ms`);
});
