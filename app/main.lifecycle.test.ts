/** How the process starts, refuses to start, and stops. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { test } from 'node:test';
import { listen } from './testing/http.ts';
import { ask, bodyOf, serviceWithSimulator } from './testing/observed-service.ts';
import { eventually } from './testing/poll.ts';
import { scrape } from './testing/samples.ts';
import { spawnService, startService } from './testing/service-process.ts';

test('SIGTERM: a stream in progress is finished, new calls are refused, the exit code is 0', async (t) => {
  const { simulator, service } = await serviceWithSimulator(t, { OTEL_TRACES_EXPORTER: 'none' });
  simulator.setFaults([{ kind: 'slow', delayMs: 300, probability: 1 }]);
  const pending = ask(service.url, {}, bodyOf({ stream: true }));
  await eventually(() => simulator.requests().length > 0);
  const stopped = service.stop();
  const text = await (await pending).text();
  assert(text.includes('event: message_stop'));
  assert.equal(await stopped, 0);
  await assert.rejects(ask(service.url));
  assert(service.lines.some((l) => l['msg'] === 'stopped'));
});

/** Spawns the service and waits for its end. */
async function runToEnd(env: Readonly<Record<string, string>>) {
  const child = spawnService(env);
  let printed = '';
  for (const stream of [child.stderr, child.stdout]) {
    stream?.on('data', (chunk) => {
      printed += chunk;
    });
  }
  const [code] = await once(child, 'close');
  return { code, printed };
}

test('a bad configuration: the exit code is 78, every bad setting is listed, and no value is printed', async () => {
  const bad = { PORT: 'x', LOG_LEVEL: 'loud', CLAUDE_API_KEY: 'planted secret' };
  const { code, printed } = await runToEnd(bad);
  assert.equal(code, 78);
  for (const key of Object.keys(bad)) assert(printed.includes(`${key}:`), key);
  assert(!printed.includes('planted'));
});

test('former settings: one warning names each that is still set and the constant in its place', async (t) => {
  const { service } = await serviceWithSimulator(t, {
    OTEL_TRACES_EXPORTER: 'none',
    BREAKER_OPEN_MS: '1',
    HEDGE_AFTER_MS: '20',
  });
  const warning = await service.line((l) => String(l['msg']).includes('no longer exist'));
  assert.equal(warning['level'], 'warn');
  assert.deepEqual(warning['settings'], [
    'HEDGE_AFTER_MS → nothing: hedging was removed',
    'BREAKER_OPEN_MS → BREAKER_DEFAULTS in app/upstreams/circuit-breaker.ts',
  ]);
});

const MOST_WAITING = Number(readFileSync('/proc/sys/net/core/somaxconn', 'utf8'));
const BURST = 1_500;

test('a burst of callers: while the process is busy all of them are connected, and none is ignored by the kernel', {
  skip: MOST_WAITING < BURST ? 'the kernel allows fewer' : false,
}, async (t) => {
  const { service } = await serviceWithSimulator(t, { OTEL_TRACES_EXPORTER: 'none' });
  const { port } = new URL(service.url);
  service.child.kill('SIGSTOP');
  const sockets = Array.from({ length: BURST }, () => connect(Number(port), '127.0.0.1'));
  // Whoever is ignored cannot connect before the process goes on, which it does only afterwards.
  const signal = AbortSignal.timeout(30_000);
  const connected = Promise.all(sockets.map((socket) => once(socket, 'connect', { signal })));
  await connected.finally(() => {
    service.child.kill('SIGCONT');
    for (const socket of sockets) socket.destroy();
  });
});

const STANDING_CALLS = 20;
const ATTEMPT_MS = 1_000;
const ANSWER = JSON.stringify({
  ...{ id: 'm', type: 'message', role: 'assistant', content: [], stop_reason: 'end_turn' },
  usage: { input_tokens: 1, output_tokens: 1 },
});

/** An upstream that suspends the service once all calls have come, answers them, and lets it go on when they are overdue. */
function answersMeanwhile(suspend: (signal: NodeJS.Signals) => void) {
  const waiting: ServerResponse[] = [];
  return createServer((request, response) => {
    request.resume();
    waiting.push(response);
    if (waiting.length < STANDING_CALLS) return;
    suspend('SIGSTOP');
    for (const one of waiting) one.setHeader('content-type', 'application/json').end(ANSWER);
    setTimeout(suspend, 2 * ATTEMPT_MS, 'SIGCONT');
  });
}

test('a suspended process: what was answered meanwhile is an answer and no timeout, and no circuit opens', async (t) => {
  let suspend: (signal: NodeJS.Signals) => void = () => assert.fail('too early');
  const port = await listen(
    t,
    answersMeanwhile((signal) => suspend(signal)),
  );
  const service = await startService({
    CLAUDE_API_KEY: 'a-key-of-the-test',
    CLAUDE_BASE_URL: `http://127.0.0.1:${port}`,
    ATTEMPT_TIMEOUT_MS: String(ATTEMPT_MS),
    OTEL_TRACES_EXPORTER: 'none',
  });
  t.after(() => service.stop());
  suspend = (signal) => service.child.kill(signal);
  const answers = await Promise.all(
    Array.from({ length: STANDING_CALLS }, () => ask(service.url, {}, bodyOf({}))),
  );
  assert.deepEqual(new Set(answers.map(({ status }) => status)), new Set([200]));
  const attempts = (await scrape(service.metricsUrl)).by('outcome', 'claude_api_attempts_total');
  assert.deepEqual(attempts, { success: STANDING_CALLS });
});

test('a port in use: the error is logged, and the exit code is 1', async (t) => {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  t.after(() => taken.close());
  const { port } = taken.address() as AddressInfo;
  const { code, printed } = await runToEnd({ PORT: String(port) });
  assert.equal(code, 1);
  assert(printed.includes('EADDRINUSE'));
});
