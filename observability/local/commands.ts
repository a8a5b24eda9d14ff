/** How each component runs as a plain process, with the configuration files that compose mounts. */
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DEFAULT_KEY } from '../../loadtest/simulator/server.ts';
import { COMPONENT_NAMES, type ComponentName, HOST, type PortName, urlOf } from './components.ts';
import { findTool, grafanaHome, prometheusAssets, ROOT } from './paths.ts';
import { type Command, Processes } from './processes.ts';
import type { Settings } from './settings.ts';

/** A command whose environment holds only what the component gets beside the stack's variables. */
type Run = Omit<Command, 'env'> & { readonly env?: Readonly<Record<string, string>> };

const RUNS: Partial<Record<ComponentName, (settings: Settings) => Run>> = {
  simulator: ({ ports }) =>
    node(['loadtest/simulator/main.ts'], {
      SIMULATOR_PORT: String(ports.SIMULATOR_PORT),
      SIMULATOR_OTLP_ENDPOINT: urlOf('OTLP_PORT', ports),
    }),
  'span-store': ({ ports }) =>
    node(['observability/local/span-store.ts'], { OTLP_PORT: String(ports.OTLP_PORT) }),
  service: (settings) => node(['app/main.ts'], serviceEnv(settings)),
  prometheus,
  alertmanager,
  receiver: ({ ports }) =>
    node(['observability/alertmanager/receiver-main.ts'], {
      RECEIVER_PORT: String(ports.RECEIVER_PORT),
    }),
  grafana,
  console: ({ ports, runDir }) =>
    node(['observability/console/main.ts'], {
      ...Object.fromEntries(Object.entries(ports).map(([name, port]) => [name, String(port)])),
      SERVICE_LOG: new Processes(runDir).logFile('service'),
    }),
};

/** The components that run as processes, in the order in which they are started. */
export function processNames({ simulator }: Settings): ComponentName[] {
  return COMPONENT_NAMES.filter((name) => {
    if (name === 'simulator') return simulator;
    if (name === 'grafana') return findTool('grafana') !== undefined;
    return RUNS[name] !== undefined;
  });
}

/** @throws {Error} when the component runs only in compose */
export function commandOf(name: ComponentName, settings: Settings): Command {
  const run = RUNS[name]?.(settings);
  if (!run) throw new Error(`${name} runs only in compose`);
  return { ...run, env: { ...settings.variables, ...run.env } };
}

function node(args: readonly string[], env: Readonly<Record<string, string>>): Run {
  return { program: process.execPath, args, cwd: ROOT, env };
}

function tool(name: string): string {
  return findTool(name) ?? name;
}

function listenAddress(name: PortName, { ports }: Settings): string {
  return `--web.listen-address=${HOST}:${ports[name]}`;
}

/** The variables of the settings win over the defaults of the stack, except for the ports. */
function serviceEnv({ ports, variables, secrets, simulator }: Settings): Record<string, string> {
  const upstream = {
    CLAUDE_API_KEY: variables['SIMULATOR_KEYS']?.split(',')[0] || DEFAULT_KEY,
    CLAUDE_BASE_URL: urlOf('SIMULATOR_PORT', ports),
    CLAUDE_UPSTREAM_NAME: 'simulator',
  };
  return {
    // The callers of the local stack are its own developer: their IDs become trace IDs.
    TRUST_INBOUND_TRACE: 'true',
    OTEL_EXPORTER_OTLP_ENDPOINT: urlOf('OTLP_PORT', ports),
    // `make find` must find a call made just now; the default is 5 s.
    OTEL_BSP_SCHEDULE_DELAY: '500',
    // The spans of a smoke load arrive at once; those that do not fit are dropped and counted.
    OTEL_BSP_MAX_QUEUE_SIZE: '8192',
    ...variables,
    PORT: String(ports.PORT),
    METRICS_PORT: String(ports.METRICS_PORT),
    ...(simulator ? upstream : secrets),
  };
}

/**
 * Writes the folders that Prometheus and Alertmanager run in: the committed configurations, linked, and
 * beside them the addresses of this stack, which in compose are those of its network.
 */
export function layOut({ runDir, ports, simulator }: Settings): void {
  const prometheusDir = join(runDir, 'prometheus');
  mkdirSync(join(prometheusDir, 'targets'), { recursive: true });
  mkdirSync(join(runDir, 'alertmanager'), { recursive: true });
  for (const name of ['prometheus.yml', 'rules']) {
    const link = join(prometheusDir, name);
    rmSync(link, { force: true });
    symlinkSync(join(ROOT, 'observability/prometheus', name), link);
  }
  const target = (port: PortName, component?: string) => ({
    targets: [`${HOST}:${ports[port]}`],
    ...(component && { labels: { component } }),
  });
  const write = (name: string, ...groups: readonly object[]) =>
    writeFileSync(join(prometheusDir, 'targets', `${name}.json`), JSON.stringify(groups));
  write('service', target('METRICS_PORT'));
  write('alertmanager', target('ALERTMANAGER_PORT'));
  write(
    'stack',
    target('PROMETHEUS_PORT', 'prometheus'),
    target('ALERTMANAGER_PORT', 'alertmanager'),
    ...(simulator ? [target('SIMULATOR_PORT', 'simulator')] : []),
    ...(findTool('grafana') ? [target('GRAFANA_PORT', 'grafana')] : []),
  );
  const receiver = urlOf('RECEIVER_PORT', ports);
  writeFileSync(join(runDir, 'alertmanager/receiver.url'), `${receiver}/\n`);
  writeFileSync(join(runDir, 'alertmanager/watchdog.url'), `${receiver}/watchdog\n`);
}

function prometheus(settings: Settings): Run {
  const directory = join(settings.runDir, 'prometheus');
  const assets = prometheusAssets();
  return {
    program: tool('prometheus'),
    args: [
      `--config.file=${join(directory, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(directory, 'data')}`,
      listenAddress('PROMETHEUS_PORT', settings),
      '--storage.tsdb.retention.time=31d',
      // Load tests write their results here.
      '--web.enable-remote-write-receiver',
      ...(assets ? [`--web.local-assets=${assets}`] : []),
    ],
    cwd: ROOT,
  };
}

function alertmanager(settings: Settings): Run {
  const directory = join(settings.runDir, 'alertmanager');
  return {
    program: tool('alertmanager'),
    args: [
      `--config.file=${join(ROOT, 'observability/alertmanager/alertmanager.yml')}`,
      `--storage.path=${directory}`,
      listenAddress('ALERTMANAGER_PORT', settings),
      // There is no cluster: without this it listens on a further port, on every address.
      '--cluster.listen-address=',
    ],
    // The configuration looks for receiver.url and watchdog.url here.
    cwd: directory,
  };
}

/** Grafana shows metrics alone: Tempo and Loki run only in compose. */
function grafana({ runDir, ports }: Settings): Run {
  const directory = join(runDir, 'grafana');
  const config = join(ROOT, 'observability/grafana/grafana.ini');
  return {
    program: tool('grafana'),
    args: ['server', `--config=${config}`, `--homepath=${grafanaHome()}`],
    cwd: ROOT,
    env: {
      PROMETHEUS_URL: urlOf('PROMETHEUS_PORT', ports),
      ALERTMANAGER_URL: urlOf('ALERTMANAGER_PORT', ports),
      TEMPO_URL: urlOf('TEMPO_PORT', ports),
      LOKI_URL: urlOf('LOKI_PORT', ports),
      DASHBOARDS_DIR: join(ROOT, 'observability/grafana/dashboards'),
      GF_PATHS_PROVISIONING: join(ROOT, 'observability/grafana/provisioning'),
      GF_PATHS_DATA: directory,
      GF_PATHS_LOGS: directory,
      GF_SERVER_HTTP_ADDR: HOST,
      GF_SERVER_HTTP_PORT: String(ports.GRAFANA_PORT),
    },
  };
}
