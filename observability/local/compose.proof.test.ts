/**
 * The whole stack on a real Docker engine, under load, while its components die: `make test-compose`. It
 * needs an engine and all images, so `make test` leaves it out (docs/unproven.md).
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { substitute } from '../generate/checks/expressions.ts';
import { EXEMPLARS } from '../generate/dashboards/queries.ts';
import { latencyP99, successRatio } from '../generate/promql.ts';
import { COMPONENT_NAMES } from './components.ts';
import { ROOT } from './paths.ts';
import {
  type Ended,
  eventually,
  execute,
  type FreePorts,
  finiteSeries,
  freePorts,
  stackEnv,
  untilNotified,
} from './testing-stack.ts';

const COMPONENTS = COMPONENT_NAMES.filter((name) => name !== 'span-store');
/** Each of them may die without any effect on calls. */
const OBSERVERS = ['collector', 'tempo', 'loki', 'prometheus', 'grafana', 'alertmanager'];
const CALLS_IN_FLIGHT = 20;
const MODEL = 'claude-haiku-5-5';

/** The end of one call: its ID, and the problem if there was one. */
interface Call {
  readonly id: string;
  readonly problem?: string;
}

describe('the stack in compose', { concurrency: false }, () => {
  const runDir = mkdtempSync(join(tmpdir(), 'observatory-compose-'));
  let ports: FreePorts;
  let env: NodeJS.ProcessEnv;

  const url = (name: keyof FreePorts) => `http://127.0.0.1:${ports[name]}`;
  const stack = (command: string): Promise<Ended> =>
    execute(process.execPath, ['observability/local/stack.ts', command], env);
  const docker = (...args: string[]) =>
    execFileSync('docker', args, { cwd: ROOT, env, encoding: 'utf8', maxBuffer: 2 ** 28 });
  const compose = (...args: string[]) => docker('compose', ...args);

  function ask(id: string, stream = false): Promise<Response> {
    const messages = [{ role: 'user', content: 'Hello' }];
    return fetch(`${url('PORT')}/v1/messages`, {
      method: 'POST',
      // Each call has a connection: an idle one may be closed at the moment of its next use.
      headers: { 'content-type': 'application/json', 'x-correlation-id': id, connection: 'close' },
      body: JSON.stringify({ model: MODEL, max_tokens: 64, messages, stream }),
    });
  }

  async function call(stream: boolean): Promise<Call> {
    const id = randomUUID();
    try {
      const response = await ask(id, stream);
      const body = await response.text();
      if (response.status !== 200) return { id, problem: `status ${response.status}` };
      const complete = stream ? body.includes('message_stop') : body.includes('"stop_reason"');
      return complete ? { id } : { id, problem: 'not complete' };
    } catch (error) {
      return { id, problem: String((error as Error).cause ?? error) };
    }
  }

  /** Makes calls until `work` is done. @returns all of them */
  async function underLoad(work: () => Promise<unknown>): Promise<Call[]> {
    let going = true;
    const calls: Call[] = [];
    const caller = async (_: unknown, i: number) => {
      while (going) calls.push(await call(i % 2 === 0));
    };
    const callers = Array.from({ length: CALLS_IN_FLIGHT }, caller);
    await work().finally(() => {
      going = false;
    });
    await Promise.all(callers);
    return calls;
  }

  const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

  before(async () => {
    ports = await freePorts();
    env = stackEnv(ports, {
      STACK: 'compose',
      RUN_DIR: runDir,
      COMPOSE_PROJECT_NAME: `observatory-proof-${process.pid}`,
    });
  });
  after(async () => {
    await stack('clean');
    rmSync(runDir, { recursive: true, force: true });
  });

  test('make up: every component is healthy', async (t) => {
    const startedMs = performance.now();
    const { code, output } = await stack('up');
    assert.equal(code, 0, output);
    for (const component of COMPONENTS)
      assert.match(output, new RegExp(`${component} +healthy`), output);
    t.diagnostic(`from up to all healthy: ${Math.round(performance.now() - startedMs)} ms`);
  });

  test('no container runs as root, and none can gain privileges', () => {
    const ids = compose('ps', '--quiet').split('\n').filter(Boolean);
    assert.equal(ids.length, COMPONENTS.length);
    for (const id of ids) {
      const [{ Config, HostConfig, Name, State }] = JSON.parse(docker('inspect', id));
      assert.notEqual(Config.User, '', Name);
      assert(!/^(0|root)\b/.test(Config.User), Name);
      assert.equal(HostConfig.ReadonlyRootfs, true, Name);
      assert.deepEqual(HostConfig.CapDrop, ['ALL'], Name);
      assert.equal(State.Running, true, Name);
    }
  });

  test('one UUID is found in the response, Loki, Tempo, the exemplars of Prometheus and the simulator', async () => {
    const uuid = randomUUID();
    const traceId = uuid.replaceAll('-', '');
    const response = await ask(uuid);
    assert.equal(response.headers.get('x-correlation-id'), uuid);
    const { code, output: found } = await execute(
      process.execPath,
      ['observability/local/find.ts', uuid],
      env,
    );
    assert.equal(code, 0, found);
    assert(found.includes('Log lines (Loki)\n  {"time"'), found);
    assert(found.includes(`Spans of trace ${traceId}\n  POST /v1/messages  `), found);
    assert.match(found, /\n {6}attempt {2}/, found);
    assert(found.includes(`"x-correlation-id":"${uuid}"`), found);
    const query = new URLSearchParams({
      query: 'traces_span_metrics_duration_seconds_bucket{gen_ai_operation_name="chat"}',
      start: String(Date.now() / 1000 - 600),
      end: String(Date.now() / 1000 + 60),
    });
    await eventually('an exemplar', async () => {
      const answer = await fetch(`${url('PROMETHEUS_PORT')}/api/v1/query_exemplars?${query}`);
      return (await answer.text()).includes(`"trace_id":"${traceId}"`) || undefined;
    });
  });

  test('make find: an ID that is no UUID is found at once too, which takes a search in Tempo', async () => {
    const id = `order-${process.pid}`;
    assert.equal((await ask(id)).headers.get('x-correlation-id'), id);
    const { code, output: found } = await execute(
      process.execPath,
      ['observability/local/find.ts', id],
      env,
    );
    assert.equal(code, 0, found);
    assert.match(found, /Spans of trace [0-9a-f]{32}\n {2}POST \/v1\/messages /, found);
  });

  test('Loki has the correlation and trace ID as metadata, not as labels', async (t) => {
    const answer = await fetch(`${url('LOKI_PORT')}/loki/api/v1/labels`);
    if (answer.status === 404) return t.skip('the server on this port is no Loki');
    const { data } = (await answer.json()) as { data: string[] };
    assert.deepEqual(data, ['service_name']);
  });

  test('an alert reaches the receiver', () =>
    untilNotified(url('ALERTMANAGER_PORT'), url('RECEIVER_PORT')));

  for (const component of OBSERVERS) {
    test(`${component} dies under load, and no call fails`, async (t) => {
      const calls = await underLoad(async () => {
        await pause(1_000);
        compose('kill', component);
        await pause(4_000);
        compose('start', component);
        await pause(1_000);
      });
      t.diagnostic(`${calls.length} calls`);
      assert(calls.length > 100, `${calls.length} calls`);
      assert.deepEqual(
        calls.filter(({ problem }) => problem !== undefined),
        [],
      );
    });
  }

  test('the two targets have data, and so has the line of the exemplars', async () => {
    const shown = { success: successRatio('1m'), P99: latencyP99('1m'), exemplars: EXEMPLARS };
    for (const [title, text] of Object.entries(shown)) {
      const expr = substitute(text).replaceAll('$job', '.+');
      const look = async () => (await finiteSeries(url('PROMETHEUS_PORT'), expr)) || undefined;
      await eventually(`${title}: ${expr}`, look);
    }
  });

  test('docker compose stop under load loses no accepted call', async (t) => {
    const calls = await underLoad(async () => {
      await pause(2_000);
      await execute('docker', ['compose', 'stop'], env);
    });
    const log = compose('logs', '--no-log-prefix', '--no-color', 'service');
    // A call is lost if it failed for the caller though the service served it. One that the service never
    // saw was refused.
    const failed = calls.filter(({ problem }) => problem !== undefined);
    const lines = log.split('\n').filter((line) => line.includes('"msg":"request"'));
    const lost = failed.filter(({ id, problem }) => {
      const line = lines.find((text) => text.includes(id));
      return line !== undefined && problem !== `status ${JSON.parse(line).status}`;
    });
    t.diagnostic(`${calls.length - failed.length} answered, ${failed.length} refused`);
    assert(log.includes('"msg":"stopped"'), 'the service was killed');
    assert.deepEqual(lost, []);
  });

  test('make down leaves no container and no network, and make clean no volume', async () => {
    const filters = ['--filter', `label=com.docker.compose.project=${env['COMPOSE_PROJECT_NAME']}`];
    assert.equal((await stack('down')).code, 0);
    assert.equal(docker('ps', '--all', '--quiet', ...filters), '');
    assert.equal(docker('network', 'ls', '--quiet', ...filters), '');
    assert.notEqual(docker('volume', 'ls', '--quiet', ...filters), '');
    assert.equal((await stack('clean')).code, 0);
    assert.equal(docker('volume', 'ls', '--quiet', ...filters), '');
  });
});
