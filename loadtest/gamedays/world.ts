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
import { type Change, layOut } from './layout.ts';
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
  started: Started,
): Promise<Part> {
  const port = await freePort();
  const program = new Program(make(port));
  started.defer(() => program.stop('SIGKILL'));
  return { program, url: `http://127.0.0.1:${port}` };
}

const addressOf = ({ url }: { readonly url: string }) => url.replace('http://', '');

/** This machine, or this user, lacks what a game day needs, which says nothing of the rules. */
export class NotHere extends Error {}

/** @throws {NotHere} that names the programs of a game day that this machine does not have */
export function checkTools(
  { collector }: Pick<GameDay, 'collector'>,
  find: (name: string) => string | undefined = findTool,
): void {
  const needed = ['prometheus', 'promtool', 'alertmanager', ...(collector ? ['otelcol'] : [])];
  const missing = needed.filter((name) => !find(name));
  if (missing.length > 0) throw new NotHere(`there is no ${missing.join(', no ')} here`);
}

/** A limit that nothing reaches, so that the process is in a cgroup before the fault lowers it. */
const ROOMY_BYTES = 4 * 1024 ** 3;

/** What was started, to be ended in the opposite order, also when the rest does not start. */
type Started = AsyncDisposableStack;

/** Removes something at the end, also when this process ends before, which has by then ended its children. */
function removedAtLast(remove: () => void, started: Started): void {
  process.once('exit', remove);
  started.defer(() => {
    process.off('exit', remove);
    remove();
  });
}

function cgroupOf(day: GameDay, started: Started): MemoryCgroup | undefined {
  if (!day.inCgroup) return undefined;
  const cgroup = createMemoryCgroup(ROOMY_BYTES, '');
  if (!cgroup) throw new NotHere('this machine, or this user, cannot have a memory cgroup');
  removedAtLast(() => cgroup.remove(), started);
  return cgroup;
}

async function startTheService(
  day: GameDay,
  place: Place,
  otlp: string | undefined,
  started: Started,
) {
  const cgroup = cgroupOf(day, started);
  const settings = {
    CLAUDE_API_KEY: JSON.stringify(KEYS),
    CLAUDE_BASE_URL: place.simulator,
    CLAUDE_UPSTREAM_NAME: 'simulator',
    KEY_POLL_MS: '1000',
    ...(otlp ? { OTEL_EXPORTER_OTLP_ENDPOINT: otlp } : { OTEL_TRACES_EXPORTER: 'none' }),
    ...cgroup?.env,
    ...day.settings?.(place),
  };
  const service = await Service.onFreePorts(settings, { ...TUNING, ...day.tuning });
  started.defer(() => service.end('SIGKILL'));
  await service.begin();
  return { service, cgroup };
}

/** The real collector, whose backend takes everything. */
async function startTheCollector(
  { collector: changes }: GameDay,
  folder: string,
  started: Started,
) {
  if (!changes) return undefined;
  const backend = await Backend.start();
  started.defer(() => backend.close());
  const [otlp, metrics] = [await freePort(), await freePort()];
  const places = { otlp, metrics, backend: backend.url };
  const collector = await part(
    (port) => collectorCommand(folder, { ...places, port }, changes),
    started,
  );
  await collector.program.start();
  const host = '127.0.0.1';
  return { backend, collector, otlp: `http://${host}:${otlp}`, metrics: `${host}:${metrics}` };
}

/** The webhook, and the programs that tell it, which do not run yet. */
async function preparePrograms(folder: string, started: Started) {
  const receiver = new Webhook(await freePort());
  await receiver.open();
  started.defer(() => receiver.close());
  const alertmanager = await part((port) => alertmanagerCommand(folder, port), started);
  const prometheus = await part((port) => prometheusCommand(folder, port), started);
  return { receiver, alertmanager, prometheus };
}

/**
 * Starts everything but Prometheus, which comes when there is something to see.
 * @param change what is broken in its rules and configurations, if anything is
 * @throws {NotHere} when this machine lacks something
 */
export async function startWorld(day: GameDay, change?: Change): Promise<World> {
  checkTools(day);
  await using started = new AsyncDisposableStack();
  const folder = mkdtempSync(join(tmpdir(), `game-day-${day.name}-`));
  removedAtLast(() => rmSync(folder, { recursive: true, force: true }), started);
  const simulator = await startSimulator({ keys: Object.values(KEYS), profile: 'documented' });
  started.defer(() => simulator.close());
  const told = await preparePrograms(folder, started);
  const telemetry = await startTheCollector(day, folder, started);
  const place = { simulator: simulator.url, folder };
  const { service, cgroup } = await startTheService(day, place, telemetry?.otlp, started);
  const addresses = {
    service: service.metrics,
    alertmanager: addressOf(told.alertmanager),
    receiver: told.receiver.url,
    stack: {
      prometheus: addressOf(told.prometheus),
      alertmanager: addressOf(told.alertmanager),
      simulator: addressOf(simulator),
      ...(telemetry && { collector: telemetry.metrics }),
    },
  };
  layOut(folder, addresses, change);
  await told.alertmanager.program.start();
  const traffic = new Traffic(service.url);
  started.defer(() => traffic.stop());
  traffic.make(day.load ?? EVERYDAY);
  const { collector, backend } = telemetry ?? { collector: undefined, backend: undefined };
  const all = started.move();
  const stop = () => all.disposeAsync();
  return { folder, simulator, service, traffic, ...told, collector, backend, cgroup, stop };
}
