/** The Node driver against a server that misbehaves on demand. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { GUARD_TRIES } from '../scenarios/guard.ts';
import { drive } from './drive.ts';

const MESSAGE = JSON.stringify({
  type: 'message',
  role: 'assistant',
  content: [{ type: 'text', text: 'Hello.' }],
  stop_reason: 'end_turn',
  usage: { input_tokens: 9, output_tokens: 3 },
});
const event = (type: string) => `event: ${type}\ndata: {"type":"${type}"}\n\n`;
const STREAM = event('message_start') + event('message_delta') + event('message_stop');

interface Behaviour {
  readonly simulator?: boolean;
  /** As many `GET /v1/models` fail, without the simulator's header, before one succeeds. */
  readonly failingProbes?: number;
  readonly headers?: (id: string) => Record<string, string>;
  readonly stream?: string;
  /** Complete answers break off after their headers. */
  readonly reset?: boolean;
}

const goodHeaders = (id: string): Record<string, string> => ({
  'x-correlation-id': id,
  'server-timing': 'upstream;dur=5.0, overhead;dur=1.5',
});

interface Service {
  url: string;
  /** The correlation ID of each call to /v1/messages. */
  readonly ids: string[];
  /** How often the guard asked for the models. */
  probes: number;
}

async function startService(t: TestContext, behaviour: Behaviour = {}): Promise<Service> {
  const service: Service = { url: '', ids: [], probes: 0 };
  const server = createServer((req, res) => {
    if (req.url === '/v1/models') {
      service.probes += 1;
      return models(res, behaviour, service.probes);
    }
    service.ids.push(String(req.headers['x-correlation-id']));
    void messages(req, res, behaviour);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  service.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return service;
}

function models(res: ServerResponse, behaviour: Behaviour, probe: number): void {
  const { simulator = true, failingProbes = 0 } = behaviour;
  if (probe <= failingProbes) return void res.writeHead(502).end();
  res.writeHead(200, simulator ? { 'x-simulator': 'claude-observatory' } : {});
  res.end('{"data":[]}');
}

async function messages(
  req: IncomingMessage,
  res: ServerResponse,
  behaviour: Behaviour,
): Promise<void> {
  const { stream } = JSON.parse(await text(req)) as { stream: boolean };
  const id = String(req.headers['x-correlation-id']);
  res.writeHead(200, (behaviour.headers ?? goodHeaders)(id));
  if (!stream && behaviour.reset) {
    res.write(MESSAGE.slice(0, 20), () => res.destroy());
    return;
  }
  res.end(stream ? (behaviour.stream ?? STREAM) : MESSAGE);
}

async function run(env: Record<string, string>) {
  const lines: string[] = [];
  const result = await drive({ CALLS: '20', ...env }, (line) => lines.push(line));
  return { ...result, lines };
}

test('drive: a healthy service gives exit 0 and a JSON summary, and it says it is not k6', async (t) => {
  const service = await startService(t);
  const { exitCode, lines, summary } = await run({ BASE_URL: service.url, CONCURRENCY: '7' });
  assert.equal(exitCode, 0);
  assert.match(lines[0] ?? '', /not k6/);
  assert.deepEqual(JSON.parse(lines.at(-1) ?? ''), summary);
  assert.equal(summary?.calls, 40);
  assert.equal(summary?.success, 1);
  assert.equal(summary?.overheadP99Ms, 1.5);
  assert.equal(new Set(service.ids).size, 40, 'each call has an ID of its own');
  for (const id of service.ids) assert.match(id, /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/);
});

const misses: [string, Behaviour, string[], RegExp][] = [
  [
    'an error event inside a 200',
    { stream: event('message_start') + event('error') + event('message_stop') },
    ['claude_call_success'],
    /20 × error_event/,
  ],
  [
    'no message_stop',
    { stream: event('message_start') },
    ['claude_call_success'],
    /20 × no_message_stop/,
  ],
  [
    'an answer that breaks off',
    { reset: true },
    ['claude_call_success', 'claude_call_overhead_ms', 'claude_call_overhead_reported'],
    /20 × network_error/,
  ],
  [
    'the correlation ID of another call',
    { headers: (id) => ({ ...goodHeaders(id), 'x-correlation-id': 'other' }) },
    ['claude_call_correlated'],
    /MISSED/,
  ],
  [
    'no server-timing',
    { headers: (id) => ({ 'x-correlation-id': id }) },
    ['claude_call_overhead_ms', 'claude_call_overhead_reported'],
    /MISSED/,
  ],
  [
    'too much overhead',
    { headers: (id) => ({ ...goodHeaders(id), 'server-timing': 'overhead;dur=100' }) },
    ['claude_call_overhead_ms'],
    /MISSED/,
  ],
];

for (const [name, behaviour, failed, printed] of misses) {
  test(`drive: ${name} gives exit 99 and names the threshold`, async (t) => {
    const service = await startService(t, behaviour);
    const { exitCode, summary, lines } = await run({ BASE_URL: service.url });
    assert.equal(exitCode, 99);
    assert.deepEqual(summary?.failedThresholds, failed);
    assert.match(lines.join('\n'), printed);
  });
}

test('drive: an upstream that is not the simulator gets no call, and the exit is 3', async (t) => {
  const service = await startService(t, { simulator: false });
  const { exitCode, lines } = await run({ BASE_URL: service.url });
  assert.equal(exitCode, 3);
  assert.match(lines.at(-1) ?? '', /refused: .*not the simulator.*ALLOW_PAID_LOAD/);
  assert.equal(service.ids.length, 0);
  assert.equal(service.probes, 1, 'a clear answer is not asked for again');
});

test('drive: a simulator that fails at first is recognised by a later probe', async (t) => {
  const service = await startService(t, { failingProbes: GUARD_TRIES - 1 });
  assert.equal((await run({ BASE_URL: service.url })).exitCode, 0);
});

test('drive: an upstream that stays unknown gets no call, and the exit is 3', async (t) => {
  const service = await startService(t, { failingProbes: GUARD_TRIES });
  assert.equal((await run({ BASE_URL: service.url })).exitCode, 3);
  assert.equal(service.probes, GUARD_TRIES);
  assert.equal(service.ids.length, 0);
});

test('drive: a redirect to a simulator does not satisfy the guard', async (t) => {
  const simulator = await startService(t);
  const server = createServer((_, res) => {
    res.writeHead(307, { location: `${simulator.url}/v1/models` }).end();
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => server.close());
  const { port } = server.address() as AddressInfo;
  assert.equal((await run({ BASE_URL: `http://127.0.0.1:${port}` })).exitCode, 3);
});

test('drive: paid load is made when allowed, and not one call more', async (t) => {
  const service = await startService(t, { simulator: false });
  const { exitCode } = await run({ BASE_URL: service.url, CALLS: '1000', ALLOW_PAID_LOAD: '7' });
  assert.equal(exitCode, 0);
  assert.equal(service.ids.length, 6);
});

test('drive: a service that does not listen gives exit 3', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  const { exitCode, lines } = await run({ BASE_URL: `http://127.0.0.1:${port}` });
  assert.equal(exitCode, 3);
  assert.match(lines.at(-1) ?? '', /answered nothing/);
});

test('drive: bad settings give exit 78, and each is named', async () => {
  const { exitCode, lines } = await run({ CALLS: 'many', CONCURRENCY: '0' });
  assert.equal(exitCode, 78);
  assert.match(lines.join('\n'), /CALLS: .*\n.*CONCURRENCY: /);
});

test('drive: run as a program, it exits with the code of the result', async (t) => {
  const service = await startService(t, { stream: event('message_start') });
  const child = spawn(process.execPath, [fileURLToPath(new URL('drive.ts', import.meta.url))], {
    env: { BASE_URL: service.url, CALLS: '5' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'exit')]);
  assert.equal(code, 99);
  assert.match(output, /^This is not k6/);
  assert.match(output, /"failedThresholds":\["claude_call_success"\]\}\n$/);
});
