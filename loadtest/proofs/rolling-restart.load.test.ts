/** Proves under load, behind a real nginx, that all instances may be replaced one by one without one failed call. */
import assert from 'node:assert/strict';
import { describe, type TestContext, test } from 'node:test';
import { Agent } from 'undici';
import { eventually } from '../../app/testing/poll.ts';
import { listening, type ServiceProcess, spawnService } from '../../app/testing/service-process.ts';
import { type CallEnd, callOnce, countEndings } from '../lib/call-once.ts';
import { endWithUs } from '../lib/children.ts';
import { type Layer, type Nginx, skipNginx, startNginx } from '../lib/nginx.ts';
import { oneUpstream } from '../lib/service-under-test.ts';
import { type Simulator, startSimulator } from '../simulator/server.ts';

const CALLERS = 40;
/** Longer than the shipped nginx keeps an idle connection, as docs/stopping.md demands. */
const DRAIN_DELAY_MS = 6_000;
/** Longer than an instance goes on listening, so that each one is left with streams that it has to finish. */
const PAUSE_MS = 7_000;
/** How late the balancer learns that an instance leaves: a probe or two. */
const LATE_MS = 500;
const LIMIT_MS = 60_000;

/** @returns what the work gives @throws {Error} that names the work, when it takes longer than a minute */
async function within<T>(what: string, work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const over = () => reject(new Error(`not within ${LIMIT_MS} ms: ${what}`));
  const timer = setTimeout(over, LIMIT_MS);
  return await Promise.race([work, promise]).finally(() => clearTimeout(timer));
}

interface Fleet {
  readonly simulator: Simulator;
  readonly nginx: Nginx;
  readonly instances: ServiceProcess[];
}

const portOf = ({ url }: ServiceProcess) => Number(new URL(url).port);

function startInstance(simulator: Simulator): Promise<ServiceProcess> {
  const env = {
    ...oneUpstream(simulator.url),
    OTEL_TRACES_EXPORTER: 'none',
    DRAIN_DELAY_MS: String(DRAIN_DELAY_MS),
  };
  const child = spawnService(env);
  endWithUs(child);
  return within('an instance listens', listening(child));
}

async function startFleet(t: TestContext, layer: Layer): Promise<Fleet> {
  const simulator = await startSimulator();
  const instances = await Promise.all([startInstance(simulator), startInstance(simulator)]);
  const nginx = await startNginx(layer, instances.map(portOf));
  t.after(async () => {
    await within('nginx stops', nginx.stop());
    await within('the last instances stop', Promise.all(instances.map(({ stop }) => stop())));
    await simulator.close();
  });
  simulator.setFaults([
    { kind: 'stream_pause', delayMs: PAUSE_MS, probability: 0.1 },
    { kind: 'slow', delayMs: 100 },
  ]);
  return { simulator, nginx, instances };
}

/** Calls again and again, half of them streams, until the work is done. @returns how the calls ended */
async function callsDuring(url: string, agent: Agent, work: Promise<void>): Promise<CallEnd[]> {
  const ends: CallEnd[] = [];
  let isOver = false;
  const caller = async (_: unknown, n: number) => {
    while (!isOver) ends.push(await callOnce(url, n % 2 === 0, agent));
  };
  const callers = Array.from({ length: CALLERS }, caller);
  await work.finally(() => {
    isOver = true;
  });
  await within('the last calls end', Promise.all(callers));
  return ends;
}

/** As Kubernetes does: the instance is told to stop, and only then, and late, whoever sends it calls. */
async function replace({ simulator, nginx, instances }: Fleet, old: ServiceProcess): Promise<void> {
  const toldMs = performance.now();
  const stopped = old.stop();
  const says503 = async () => (await fetch(`${old.url}/readyz`)).status === 503;
  await within('an instance says that it leaves', eventually(says503));
  await eventually(() => performance.now() - toldMs > LATE_MS);
  const others = instances.filter((one) => one !== old);
  await nginx.use(others.map(portOf));
  const lateMs = performance.now() - toldMs;
  // Nothing can be said otherwise: no delay helps where whoever sends calls learns later than that.
  assert(lateMs < DRAIN_DELAY_MS, `the balancer knew only after ${lateMs} ms`);
  assert.equal(await within('an instance stops', stopped), 0);
  const fresh = await startInstance(simulator);
  instances.splice(instances.indexOf(old), 1, fresh);
  await nginx.use(instances.map(portOf));
}

/** A caller that keeps its connections, as SDKs do, or has a new one for each call. */
const keeping = { http: new Agent({ pipelining: 0 }), tcp: new Agent() } as const;

describe('rolling restart', { skip: skipNginx, concurrency: false }, () => {
  for (const [layer, what] of [
    ['http', 'that proxies HTTP'],
    ['tcp', 'that deals out connections, which callers keep'],
  ] as const) {
    test(`rolling restart: behind an nginx ${what}, no call fails, streams included`, async (t) => {
      const fleet = await startFleet(t, layer);
      const agent = keeping[layer];
      t.after(() => agent.destroy());
      const restart = async () => {
        for (const old of [...fleet.instances]) await replace(fleet, old);
      };
      const ends = await callsDuring(fleet.nginx.url, agent, restart());
      const counts = countEndings(ends);
      t.diagnostic(JSON.stringify(Object.fromEntries(counts)));
      assert.deepEqual([...counts.keys()], ['complete'], fleet.nginx.errors());
      const longest = Math.max(...ends.map(({ durationMs }) => durationMs));
      assert(longest >= PAUSE_MS && ends.length > 500, `${ends.length} calls`);
    });
  }
});
