/** The stack of one game day: real programs on free ports, and what a fault needs to break them. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../app/testing/service-process.ts';
import { findTool } from '../../observability/local/paths.ts';
import { createMemoryCgroup, type MemoryCgroup } from '../lib/cgroup.ts';
import { startSimulator } from '../simulator/server.ts';
import { Backend } from './backend.ts';
import { alertmanagerCommand, collectorCommand, prometheusCommand } from './commands.ts';
import { type GameDay, KEYS, type Part, type Place, type World } from './game-day.ts';
import { layOut } from './layout.ts';
import { Program } from './program.ts';
import { Service } from './service.ts';
import { EVERYDAY, Traffic } from './traffic.ts';
import { Webhook } from './webhook.ts';

/** The service's own minutes are seconds too, where an alert has to wait for them. */
const TUNING = {
  backoff: { baseMs: 20 },
  breaker: { windowMs: 2_000, openMs: 250, slowStartMs: 500 },
};

async function part(
  make: (port: number) => ConstructorParameters<typeof Program>[0],
): Promise<Part> {
  const port = await freePort();
  return { program: new Program(make(port)), url: `http://127.0.0.1:${port}` };
}

const addressOf = ({ url }: { readonly url: string }) => url.replace('http://', '');

/** A limit that nothing reaches, so that the process is in a cgroup before the fault lowers it. */
const ROOMY_BYTES = 4 * 1024 ** 3;

function cgroupOf(day: GameDay): MemoryCgroup | undefined {
  if (!day.inCgroup) return undefined;
  const cgroup = createMemoryCgroup(ROOMY_BYTES, '');
  if (!cgroup) throw new Error('this machine, or this user, cannot have a memory cgroup');
  return cgroup;
}

async function startTheService(day: GameDay, place: Place, otlp: string | undefined) {
  const cgroup = cgroupOf(day);
  const settings = {
    CLAUDE_API_KEY: JSON.stringify(KEYS),
    CLAUDE_BASE_URL: place.simulator,
    CLAUDE_UPSTREAM_NAME: 'simulator',
    KEY_POLL_MS: '1000',
    ...(otlp ? { OTEL_EXPORTER_OTLP_ENDPOINT: otlp } : { OTEL_TRACES_EXPORTER: 'none' }),
    ...cgroup?.env,
    ...day.settings?.(place),
  };
  const service = await Service.start(settings, { ...TUNING, ...day.tuning });
  return { service, cgroup };
}

/** The real collector, whose backend takes everything. */
async function startTheCollector({ collector: changes }: GameDay, folder: string) {
  if (!changes) return undefined;
  if (!findTool('otelcol')) throw new Error('there is no otelcol here: tools.ts test builds it');
  const backend = await Backend.start();
  const [otlp, metrics] = [await freePort(), await freePort()];
  const places = { otlp, metrics, backend: backend.url };
  const collector = await part((port) => collectorCommand(folder, { ...places, port }, changes));
  await collector.program.start();
  const host = '127.0.0.1';
  return { backend, collector, otlp: `http://${host}:${otlp}`, metrics: `${host}:${metrics}` };
}

/** The webhook, and the programs that tell it, which do not run yet. */
async function preparePrograms(folder: string) {
  const receiver = new Webhook(await freePort());
  await receiver.open();
  const alertmanager = await part((port) => alertmanagerCommand(folder, port));
  const prometheus = await part((port) => prometheusCommand(folder, port));
  return { receiver, alertmanager, prometheus };
}

/** Starts everything but Prometheus, which comes when there is something to see. */
export async function startWorld(day: GameDay): Promise<World> {
  const folder = mkdtempSync(join(tmpdir(), `game-day-${day.name}-`));
  const simulator = await startSimulator({ keys: Object.values(KEYS), profile: 'documented' });
  const told = await preparePrograms(folder);
  const telemetry = await startTheCollector(day, folder);
  const place = { simulator: simulator.url, folder };
  const { service, cgroup } = await startTheService(day, place, telemetry?.otlp);
  layOut(folder, {
    service: service.metrics,
    alertmanager: addressOf(told.alertmanager),
    receiver: told.receiver.url,
    stack: {
      prometheus: addressOf(told.prometheus),
      alertmanager: addressOf(told.alertmanager),
      simulator: addressOf(simulator),
      ...(telemetry && { collector: telemetry.metrics }),
    },
  });
  await told.alertmanager.program.start();
  const traffic = new Traffic(service.url);
  traffic.make(day.load ?? EVERYDAY);
  const { collector, backend } = telemetry ?? { collector: undefined, backend: undefined };
  return { folder, simulator, service, traffic, ...told, collector, backend, cgroup };
}

/** Ends everything, also what a fault has left half dead. */
export async function stopWorld(world: World): Promise<void> {
  await world.traffic.stop();
  await world.service.end('SIGKILL');
  for (const each of [world.prometheus, world.alertmanager, world.collector]) {
    await each?.program.stop('SIGKILL');
  }
  await world.receiver.close();
  await world.simulator.close();
  await world.backend?.close();
  world.cgroup?.remove();
  rmSync(world.folder, { recursive: true, force: true });
}
