/** The stack without Docker: each part a plain process, with the files that compose mounts. */
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DEFAULT_KEY } from '../../loadtest/simulator/server.ts';
import type { Backend } from './backend.ts';
import { PART_NAMES, type PartName } from './current.ts';
import { findTool, grafanaHome, prometheusAssets, ROOT, RUN_DIR } from './paths.ts';
import { HOST, type PortName, portOf, urlOf, usesSimulator } from './ports.ts';
import { type Command, lastLines, logFile, runningPid, start, stop } from './processes.ts';
import { keys, settingsWithoutKeys } from './settings.ts';

const listen = (port: PortName) => `--web.listen-address=${HOST}:${portOf(port)}`;
const node = (...args: string[]) => ({ program: process.execPath, args, cwd: ROOT });
const tool = (name: string) => findTool(name) ?? name;

/** The service's environment; what the stack wants is weaker than what is set, ports excepted. */
function serviceEnv(): Record<string, string> {
  const given = settingsWithoutKeys();
  const upstream = {
    CLAUDE_API_KEY: given['SIMULATOR_KEYS']?.split(',')[0] || DEFAULT_KEY,
    CLAUDE_BASE_URL: urlOf('SIMULATOR_PORT'),
    CLAUDE_UPSTREAM_NAME: 'simulator',
  };
  return {
    // Callers of the local stack are its own developer: their IDs become trace IDs.
    TRUST_INBOUND_TRACE: 'true',
    OTEL_EXPORTER_OTLP_ENDPOINT: urlOf('OTLP_PORT'),
    // Soon enough that `make find` finds what was just asked; the default is 5 s.
    OTEL_BSP_SCHEDULE_DELAY: '500',
    // A smoke load's spans at once; what is over is dropped and counted.
    OTEL_BSP_MAX_QUEUE_SIZE: '8192',
    ...given,
    PORT: String(portOf('PORT')),
    METRICS_PORT: String(portOf('METRICS_PORT')),
    ...(usesSimulator() ? upstream : keys()),
  };
}

const PROMETHEUS_DIR = join(RUN_DIR, 'prometheus');
const ALERTMANAGER_DIR = join(RUN_DIR, 'alertmanager');
const GRAFANA_DIR = join(RUN_DIR, 'grafana');

function link(from: string, to: string): void {
  rmSync(to, { force: true });
  symlinkSync(join(ROOT, from), to);
}

/**
 * The committed configurations, linked, beside the addresses of this run, which Prometheus and
 * Alertmanager look for in files: in compose they are those of its network.
 */
function layOut(): void {
  const targets = join(PROMETHEUS_DIR, 'targets');
  mkdirSync(targets, { recursive: true });
  mkdirSync(ALERTMANAGER_DIR, { recursive: true });
  for (const name of ['prometheus.yml', 'rules']) {
    link(`observability/prometheus/${name}`, join(PROMETHEUS_DIR, name));
  }
  const target = (port: PortName, part?: string) => ({
    targets: [`${HOST}:${portOf(port)}`],
    ...(part && { labels: { part } }),
  });
  const write = (name: string, groups: readonly object[]) =>
    writeFileSync(join(targets, `${name}.json`), JSON.stringify(groups));
  write('service', [target('METRICS_PORT')]);
  write('alertmanager', [target('ALERTMANAGER_PORT')]);
  write('stack', [
    target('PROMETHEUS_PORT', 'prometheus'),
    target('ALERTMANAGER_PORT', 'alertmanager'),
    ...(findTool('grafana') ? [target('GRAFANA_PORT', 'grafana')] : []),
  ]);
  writeFileSync(join(ALERTMANAGER_DIR, 'pages.url'), `${urlOf('PAGES_PORT')}/\n`);
}

function prometheus() {
  const assets = prometheusAssets();
  return {
    program: tool('prometheus'),
    args: [
      `--config.file=${join(PROMETHEUS_DIR, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(PROMETHEUS_DIR, 'data')}`,
      listen('PROMETHEUS_PORT'),
      '--storage.tsdb.retention.time=31d',
      ...(assets ? [`--web.local-assets=${assets}`] : []),
    ],
    cwd: ROOT,
  };
}

function alertmanager() {
  return {
    program: tool('alertmanager'),
    args: [
      `--config.file=${join(ROOT, 'observability/alertmanager/alertmanager.yml')}`,
      `--storage.path=${ALERTMANAGER_DIR}`,
      listen('ALERTMANAGER_PORT'),
      // No cluster: without this it listens on a further port, on every address.
      '--cluster.listen-address=',
    ],
    cwd: ALERTMANAGER_DIR,
  };
}

/** Only metrics can be seen in it: Tempo and Loki are compose's. */
function grafana() {
  const settings = {
    PROMETHEUS_URL: urlOf('PROMETHEUS_PORT'),
    ALERTMANAGER_URL: urlOf('ALERTMANAGER_PORT'),
    TEMPO_URL: urlOf('TEMPO_PORT'),
    LOKI_URL: urlOf('LOKI_PORT'),
    DASHBOARDS_DIR: join(ROOT, 'observability/grafana/dashboards'),
    GF_PATHS_PROVISIONING: join(ROOT, 'observability/grafana/provisioning'),
    GF_PATHS_DATA: GRAFANA_DIR,
    GF_PATHS_LOGS: GRAFANA_DIR,
    GF_SERVER_HTTP_ADDR: HOST,
    GF_SERVER_HTTP_PORT: String(portOf('GRAFANA_PORT')),
  };
  const config = join(ROOT, 'observability/grafana/grafana.ini');
  const args = ['server', `--config=${config}`, `--homepath=${grafanaHome()}`];
  return { program: tool('grafana'), args, cwd: ROOT, env: settings };
}

/** What runs a part, and what it is told besides the settings that everybody gets. */
type Run = Pick<Command, 'program' | 'args' | 'cwd'> & { env?: Record<string, string> };

const RUNS: Partial<Record<PartName, () => Run>> = {
  simulator: () => ({
    ...node('loadtest/simulator/main.ts'),
    env: { SIMULATOR_PORT: String(portOf('SIMULATOR_PORT')) },
  }),
  'span-store': () => ({
    ...node('observability/local/span-store-main.ts'),
    env: { OTLP_PORT: String(portOf('OTLP_PORT')) },
  }),
  service: () => ({
    ...node('--import', './app/telemetry/preload.ts', 'app/main.ts'),
    env: serviceEnv(),
  }),
  prometheus,
  alertmanager,
  pages: () => ({
    ...node('observability/alertmanager/pages-main.ts'),
    env: { PAGES_PORT: String(portOf('PAGES_PORT')) },
  }),
  grafana,
};

function names(): PartName[] {
  return PART_NAMES.filter((name) => {
    if (name === 'simulator') return usesSimulator();
    if (name === 'grafana') return findTool('grafana') !== undefined;
    return RUNS[name] !== undefined;
  });
}

function commandOf(name: PartName): Command {
  const run = RUNS[name]?.();
  if (!run) throw new Error(`${name} is only in compose`);
  return { name, ...run, env: { ...settingsWithoutKeys(), ...run.env } };
}

export const processBackend: Backend = {
  names: names(),
  startLimitMs: 30_000,
  askEveryMs: 0,
  prepare() {
    const tools = ['observability/local/tools.ts'];
    return spawnSync(process.execPath, tools, { cwd: ROOT, stdio: 'inherit' }).status === 0;
  },
  running: () => new Set(names().filter((name) => runningPid(name) !== undefined)),
  start(missing) {
    layOut();
    for (const name of missing) start(commandOf(name));
  },
  async undo(missing) {
    for (const name of missing.toReversed()) await stop(name);
  },
  /** Also when some have died. */
  async down() {
    for (const name of PART_NAMES.toReversed()) {
      if (await stop(name)) process.stdout.write(`stopped ${name}\n`);
    }
  },
  logName: logFile,
  log: lastLines,
  left: `Logs and data stay in ${RUN_DIR}.`,
};
