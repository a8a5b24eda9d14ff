/** How Prometheus, Alertmanager and the collector are started for a game day. */
import { join } from 'node:path';
import { GAME_DAY_SPEED } from '../../observability/generate/rules/compress.ts';
import { findTool, ROOT } from '../../observability/local/paths.ts';
import type { Command } from './program.ts';

const tool = (name: string) => findTool(name) ?? name;

const MINUTE_MS = 60_000;
/** Prometheus' own times, which are flags, go as fast as the rules. */
const compressed = (minutes: number) => `${(minutes * MINUTE_MS) / GAME_DAY_SPEED.factor}ms`;

/** Its storage, below the folder. */
export const STORAGE = 'data';

export function prometheusCommand(folder: string, port: number): Command {
  return {
    name: 'Prometheus',
    program: tool('prometheus'),
    args: [
      `--config.file=${join(folder, 'prometheus.yml')}`,
      `--storage.tsdb.path=${join(folder, STORAGE)}`,
      '--storage.tsdb.retention.time=31d',
      `--web.listen-address=127.0.0.1:${port}`,
      `--query.lookback-delta=${compressed(5)}`,
      `--rules.alert.resend-delay=${compressed(1)}`,
      `--rules.alert.for-grace-period=${compressed(10)}`,
      `--rules.alert.for-outage-tolerance=${compressed(60)}`,
      '--log.level=warn',
    ],
    cwd: folder,
    ready: `http://127.0.0.1:${port}/-/ready`,
    log: join(folder, 'prometheus.log'),
  };
}

export function alertmanagerCommand(folder: string, port: number): Command {
  return {
    name: 'Alertmanager',
    program: tool('alertmanager'),
    args: [
      `--config.file=${join(folder, 'alertmanager.yml')}`,
      `--storage.path=${join(folder, 'alertmanager')}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--cluster.listen-address=',
      '--log.level=warn',
    ],
    // The configuration looks for receiver.url and watchdog.url here.
    cwd: folder,
    ready: `http://127.0.0.1:${port}/-/ready`,
    log: join(folder, 'alertmanager.log'),
  };
}

export interface CollectorPlaces {
  /** Port of its health check. */
  readonly port: number;
  /** Port of its receiver. */
  readonly otlp: number;
  /** Port of its own metrics. */
  readonly metrics: number;
  /** Base URL to which all exporters send. */
  readonly backend: string;
}

/** Its exporters in the committed configuration. */
export const EXPORTERS = ['tempo', 'loki', 'prometheus'].map(
  (name) => `exporters::otlp_http/${name}`,
);

/** @returns an argument that changes the committed configuration */
export const set = (path: string, value: string | number): string => `yaml:${path}: ${value}`;

/** The committed configuration, at these places. @param changes further `--config` arguments */
export function collectorCommand(
  folder: string,
  { port, otlp, metrics, backend }: CollectorPlaces,
  changes: readonly string[],
): Command {
  const reader = `{pull: {exporter: {prometheus: {host: 127.0.0.1, port: ${metrics}}}}}`;
  const configurations = [
    join(ROOT, 'observability/collector/config.yaml'),
    set('receivers::otlp::protocols::http::endpoint', `127.0.0.1:${otlp}`),
    set('extensions::health_check::endpoint', `127.0.0.1:${port}`),
    set('service::telemetry::metrics::readers', `[${reader}]`),
    ...EXPORTERS.map((exporter) => set(`${exporter}::endpoint`, backend)),
    ...changes,
  ];
  return {
    name: 'the collector',
    program: tool('otelcol'),
    args: configurations.flatMap((configuration) => ['--config', configuration]),
    cwd: folder,
    ready: `http://127.0.0.1:${port}/`,
    log: join(folder, 'collector.log'),
  };
}
