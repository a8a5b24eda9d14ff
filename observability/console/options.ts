/** Where the console listens, where it asks the other parts of the local stack, and where a reader's browser finds them. */
import { DEFAULT_PORTS, HOST, PORT_NAMES, type Ports, urlOf } from '../local/components.ts';
import type { TraceSources } from '../local/trace-sources.ts';
import { fileAndSpanStore, lokiAndTempo } from '../local/trace-sources.ts';

/** The parts that the console asks, or only links to. */
export const PART_NAMES = [
  'service',
  'prometheus',
  'simulator',
  'alertmanager',
  'receiver',
  'grafana',
  'traces',
  'logs',
] as const;
export type PartName = (typeof PART_NAMES)[number];

/** The base URLs of one part: as the console reaches it, and as a browser on this machine does. */
export interface Part {
  readonly asked: string;
  readonly opened: string;
  /** Answers 2xx when it is there. */
  readonly healthPath: string;
  /** What a reader opens of it. */
  readonly pagePath: string;
}

export interface ConsoleOptions {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** A part that this stack never has is absent. */
  readonly parts: Partial<Readonly<Record<PartName, Part>>>;
  readonly sources: TraceSources;
}

export type Environment = Readonly<Record<string, string | undefined>>;

/** The ports as the other parts have them. @throws {RangeError} for a value that is no port */
function portsOf(env: Environment): Ports {
  const entries = PORT_NAMES.map((name) => {
    const port = Number(env[name] || DEFAULT_PORTS[name]);
    if (Number.isInteger(port) && port >= 0 && port <= 65_535) return [name, port] as const;
    throw new RangeError(`${name} is no port: it must be a whole number from 0 to 65535`);
  });
  return Object.fromEntries(entries) as Ports;
}

/**
 * Reads the environment: the ports of the stack, and `<PART>_URL` where a part is asked by another address than the one
 * that a browser opens, as in Docker Compose. With LOKI_URL and TEMPO_URL an ID is looked for there, otherwise in the
 * file SERVICE_LOG and the span store.
 * @throws {RangeError} for a port that is none
 */
export function readOptions(env: Environment): ConsoleOptions {
  const ports = portsOf(env);
  const part = (
    name: keyof Ports,
    url: string,
    healthPath: string,
    pagePath = healthPath,
  ): Part => {
    const opened = urlOf(name, ports);
    return { asked: (env[url] || opened).replace(/\/$/, ''), opened, healthPath, pagePath };
  };
  const parts = {
    service: part('PORT', 'SERVICE_URL', '/readyz'),
    prometheus: part('PROMETHEUS_PORT', 'PROMETHEUS_URL', '/-/ready', '/'),
    simulator: part('SIMULATOR_PORT', 'SIMULATOR_URL', '/__sim/healthz', '/__sim'),
    alertmanager: part('ALERTMANAGER_PORT', 'ALERTMANAGER_URL', '/-/ready', '/'),
    receiver: part('RECEIVER_PORT', 'RECEIVER_URL', '/healthz', '/'),
    grafana: part('GRAFANA_PORT', 'GRAFANA_URL', '/api/health', '/'),
  };
  const { LOKI_URL, TEMPO_URL, SERVICE_LOG = '' } = env;
  const here = { host: env['CONSOLE_HOST'] || HOST, port: ports.CONSOLE_PORT };
  if (LOKI_URL && TEMPO_URL) {
    const logs = part('LOKI_PORT', 'LOKI_URL', '/ready');
    const traces = part('TEMPO_PORT', 'TEMPO_URL', '/ready');
    const sources = lokiAndTempo({ loki: logs.asked, tempo: traces.asked });
    return { ...here, parts: { ...parts, logs, traces }, sources };
  }
  const traces = part('OTLP_PORT', 'SPANS_URL', '/healthz', '/spans');
  const sources = fileAndSpanStore({ logFile: SERVICE_LOG, spanStore: traces.asked });
  return { ...here, parts: { ...parts, traces }, sources };
}
