/** The parts of the Docker-free stack: how each is run, where it is, how one sees that it is well. */
import { mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { DEFAULT_KEY } from '../../loadtest/simulator/simulator.ts';
import { findTool, prometheusAssets, ROOT, RUN_DIR } from './paths.ts';
import type { Command } from './processes.ts';

export interface Part extends Command {
  /** Where people look. */
  readonly url: string;
  /** Answers 200 when the part is well. */
  readonly healthUrl: string;
  /** Every port it takes, and the variable that changes it. */
  readonly ports: readonly { readonly port: number; readonly variable: string }[];
}

const HOST = '127.0.0.1';

const DEFAULT_PORTS = {
  PORT: 8080,
  METRICS_PORT: 9464,
  SIMULATOR_PORT: 8081,
  OTLP_PORT: 4318,
  PROMETHEUS_PORT: 9090,
  ALERTMANAGER_PORT: 9093,
} as const;
type PortName = keyof typeof DEFAULT_PORTS;

const PORTS_FILE = join(RUN_DIR, 'ports.json');

/** The ports of the stack that is up, so that the other commands need not be told again. */
function savedPorts(): Partial<Record<PortName, number>> {
  try {
    return JSON.parse(readFileSync(PORTS_FILE, 'utf8'));
  } catch {
    return {};
  }
}
const saved = savedPorts();

export function portOf(name: PortName): number {
  return Number(process.env[name] || saved[name] || DEFAULT_PORTS[name]);
}

/** Variables that ask for another port than the stack that is up has. */
export function changedPorts(): PortName[] {
  const names = Object.keys(saved) as PortName[];
  return names.filter((name) => portOf(name) !== saved[name]);
}

export function savePorts(): void {
  const names = Object.keys(DEFAULT_PORTS) as PortName[];
  writeFileSync(PORTS_FILE, JSON.stringify(Object.fromEntries(names.map((n) => [n, portOf(n)]))));
}

export function forgetPorts(): void {
  rmSync(PORTS_FILE, { force: true });
}

export function urlOf(name: PortName): string {
  return `http://${HOST}:${portOf(name)}`;
}

/** Without a key of the real API the simulator answers. */
export function usesSimulator(): boolean {
  return !process.env['CLAUDE_API_KEY'];
}

const ports = (...names: PortName[]) =>
  names.map((variable) => ({ port: portOf(variable), variable }));

function simulator(): Part {
  return {
    name: 'simulator',
    program: process.execPath,
    args: ['loadtest/simulator/main.ts'],
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
    url: `${urlOf('OTLP_PORT')}/spans`,
    healthUrl: `${urlOf('OTLP_PORT')}/healthz`,
    ports: ports('OTLP_PORT'),
  };
}

function service(): Part {
  const upstream = {
    CLAUDE_API_KEY: process.env['SIMULATOR_KEYS']?.split(',')[0] || DEFAULT_KEY,
    CLAUDE_BASE_URL: urlOf('SIMULATOR_PORT'),
    CLAUDE_UPSTREAM_NAME: 'simulator',
  };
  return {
    name: 'service',
    program: process.execPath,
    args: ['--import', './app/telemetry/preload.ts', 'app/main.ts'],
    env: {
      // Callers of the local stack are its own developer: their IDs become trace IDs.
      TRUST_INBOUND_TRACE: process.env['TRUST_INBOUND_TRACE'] || 'true',
      OTEL_EXPORTER_OTLP_ENDPOINT: process.env['OTEL_EXPORTER_OTLP_ENDPOINT'] || urlOf('OTLP_PORT'),
      // Soon enough that `make find` finds what was just asked; the default is 5 s.
      OTEL_BSP_SCHEDULE_DELAY: process.env['OTEL_BSP_SCHEDULE_DELAY'] || '500',
      // A smoke load's spans at once; what is over is dropped and counted.
      OTEL_BSP_MAX_QUEUE_SIZE: process.env['OTEL_BSP_MAX_QUEUE_SIZE'] || '8192',
      ...(usesSimulator() && upstream),
    },
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
