/** Two processes behind one port: each is an instance of its own, and together they have every call. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startSimulator } from '../loadtest/simulator/server.ts';
import { bodyOf, KEY } from './testing/observed-service.ts';
import { eventually } from './testing/poll.ts';
import { freePort, startService } from './testing/service-process.ts';

async function callsOf(metricsUrl: string): Promise<number> {
  const text = await (await fetch(metricsUrl)).text();
  const found = /^claude_api_attempts_per_call_count\{operation="chat"\} (\d+)/m.exec(text);
  return Number(found?.[1] ?? 0);
}

/** Each call comes on a connection of its own, which is what the kernel deals out. */
async function ask(url: string): Promise<number> {
  const headers = { 'content-type': 'application/json', connection: 'close' };
  const answer = await fetch(`${url}/v1/messages`, { method: 'POST', headers, body: bodyOf() });
  await answer.arrayBuffer();
  return answer.status;
}

test('REUSE_PORT: two processes share a port, each with its own metrics, and no call is lost or counted twice', async (t) => {
  const simulator = await startSimulator();
  t.after(() => simulator.close());
  const env = {
    CLAUDE_BASE_URL: simulator.url,
    CLAUDE_API_KEY: KEY,
    OTEL_TRACES_EXPORTER: 'none',
    PORT: String(await freePort()),
    REUSE_PORT: 'true',
  };
  const services = [await startService(env), await startService(env)];
  t.after(() => Promise.all(services.map(({ stop }) => stop())));
  const [first, second] = services.map(({ url }) => url);
  assert.equal(first, second);
  let made = 0;
  // Which process gets a connection is up to a hash of its addresses.
  await eventually(async () => {
    const statuses = await Promise.all(Array.from({ length: 10 }, () => ask(String(first))));
    assert.deepEqual(new Set(statuses), new Set([200]));
    made += statuses.length;
    const calls = await Promise.all(services.map(({ metricsUrl }) => callsOf(metricsUrl)));
    assert.equal(
      calls.reduce((sum, n) => sum + n),
      made,
    );
    return calls.every((n) => n > 0);
  });
});
