/** The parts of the Docker-free stack: how each is run, where it is, how one sees that it is well. */
import { mkdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DEFAULT_KEY } from '../../loadtest/simulator/simulator.ts';
import { findTool, prometheusAssets, ROOT, RUN_DIR } from './paths.ts';
import { HOST, type PartName, type PortName, portOf, urlOf, usesSimulator } from './ports.ts';
import type { Command } from './processes.ts';
import { apiKey, settingsWithoutKey } from './settings.ts';

export interface Part extends Command {
  readonly name: PartName;
  /** Where people look. */
  readonly url: string;
  /** Answers 200 when the part is well. */
  readonly healthUrl: string;
  /** Every port it takes, and the variable that changes it. */
  readonly ports: readonly { readonly port: number; readonly variable: string }[];
}

const ports = (...names: PortName[]) =>
  names.map((variable) => ({ port: portOf(variable), variable }));

function simulator(): Part {
  return {
    name: 'simulator',
    program: process.execPath,
    args: ['loadtest/simulator/main.ts'],
    env: { ...settingsWithoutKey(), SIMULATOR_PORT: String(portOf('SIMULATOR_PORT')) },
    url: `${urlOf('SIMULATOR_PORT')}/__sim`,
    healthUrl: `${urlOf('SIMULATOR_PORT')}/__sim/healthz`,
    ports: ports('SIMULATOR_PORT'),
  };
}

function spanStore(): Part {
  return {
    name: 'span-store',
    program: process.execPath,
    args: ['observability/local/span-store-main.ts'],
    env: { ...settingsWithoutKey(), OTLP_PORT: String(portOf('OTLP_PORT')) },
    url: `${urlOf('OTLP_PORT')}/spans`,
    healthUrl: `${urlOf('OTLP_PORT')}/healthz`,
    ports: ports('OTLP_PORT'),
  };
}

/** The service's environment; what the stack wants is weaker than what is set, ports excepted. */
function serviceEnv(): Record<string, string> {
  const given = settingsWithoutKey();
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
    ...(usesSimulator() ? upstream : { CLAUDE_API_KEY: apiKey() ?? '' }),
  };
}

function service(): Part {
  return {
    name: 'service',
    program: process.execPath,
    args: ['--import', './app/telemetry/preload.ts', 'app/main.ts'],
    env: serviceEnv(),
    url: urlOf('PORT'),
    healthUrl: `${urlOf('PORT')}/readyz`,
    ports: ports('PORT', 'METRICS_PORT'),
  };
}

const PROMETHEUS_DIR = join(RUN_DIR, 'prometheus');

/**
 * Lays out Prometheus' folder: the committed configuration and rules, linked, beside target files
 * with this run's ports, which the configuration looks for next to itself.
 */
export function layOutPrometheus(): void {
  const targets = join(PROMETHEUS_DIR, 'targets');
  mkdirSync(targets, { recursive: true });
  for (const name of ['prometheus.yml', 'rules']) {
    const link = join(PROMETHEUS_DIR, name);
    rmSync(link, { force: true });
    symlinkSync(join(ROOT, 'observability/prometheus', name), link);
  }
  const write = (name: string, port: PortName) =>
    writeFileSync(
      join(targets, `${name}.json`),
      JSON.stringify([{ targets: [`${HOST}:${portOf(port)}`] }]),
    );
  write('service', 'METRICS_PORT');
  write('alertmanager', 'ALERTMANAGER_PORT');
}

function prometheus(): Part {
  const assets = prometheusAssets();
  return {
    name: 'prometheus',
    program: findTool('prometheus') ?? 'prometheus',
    args: [
      `--config.file=${join(PROMETHEUS_DIR, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(PROMETHEUS_DIR, 'data')}`,
      `--web.listen-address=${HOST}:${portOf('PROMETHEUS_PORT')}`,
      '--storage.tsdb.retention.time=31d',
      ...(assets ? [`--web.local-assets=${assets}`] : []),
    ],
    env: settingsWithoutKey(),
    url: assets ? `${urlOf('PROMETHEUS_PORT')}/classic/graph` : urlOf('PROMETHEUS_PORT'),
    healthUrl: `${urlOf('PROMETHEUS_PORT')}/-/ready`,
    ports: ports('PROMETHEUS_PORT'),
  };
}

function alertmanager(): Part {
  return {
    name: 'alertmanager',
    program: findTool('alertmanager') ?? 'alertmanager',
    args: [
      `--config.file=${join(ROOT, 'observability/alertmanager/alertmanager.yml')}`,
      `--storage.path=${join(RUN_DIR, 'alertmanager')}`,
      `--web.listen-address=${HOST}:${portOf('ALERTMANAGER_PORT')}`,
      // No cluster: without this it listens on a further port, on every address.
      '--cluster.listen-address=',
    ],
    env: settingsWithoutKey(),
    url: urlOf('ALERTMANAGER_PORT'),
    healthUrl: `${urlOf('ALERTMANAGER_PORT')}/-/ready`,
    ports: ports('ALERTMANAGER_PORT'),
  };
}

/** In the order in which they are started. */
export function allParts(): readonly Part[] {
  const upstream = usesSimulator() ? [simulator()] : [];
  return [...upstream, spanStore(), service(), prometheus(), alertmanager()];
}
