/** The ports of the local stack: what was asked for, what is up, and what is wrong with them. */
import { current, type Stack } from './current.ts';
import { modeAskedFor } from './mode.ts';
import { runningPid } from './processes.ts';
import { fileSettings, hasUpstream, shellSettings } from './settings.ts';

export const HOST = '127.0.0.1';

/** The one list of them; docker-compose.yml and .env.example are compared with it. */
export const DEFAULT_PORTS = {
  PORT: 8080,
  METRICS_PORT: 9464,
  SIMULATOR_PORT: 8081,
  OTLP_PORT: 4318,
  PROMETHEUS_PORT: 9090,
  ALERTMANAGER_PORT: 9093,
  PAGES_PORT: 9095,
  GRAFANA_PORT: 3000,
  TEMPO_PORT: 3200,
  LOKI_PORT: 3100,
  COLLECTOR_PORT: 13_133,
} as const;
export type PortName = keyof typeof DEFAULT_PORTS;
export type Ports = Readonly<Record<PortName, number>>;
const NAMES = Object.keys(DEFAULT_PORTS) as PortName[];

type Settings = Readonly<Record<string, string | undefined>>;

/** The port to use: what was typed, then what is up, then `.env`, then the default. NaN is no port. */
export function choosePort(
  name: PortName,
  from: {
    readonly shell: Settings;
    readonly up?: Stack['ports'] | undefined;
    readonly file: Settings;
  },
): number {
  return Number(from.shell[name] || from.up?.[name] || from.file[name] || DEFAULT_PORTS[name]);
}

export function portOf(name: PortName): number {
  return choosePort(name, { shell: shellSettings, up: current?.ports, file: fileSettings });
}

export function urlOf(name: PortName): string {
  return `http://${HOST}:${portOf(name)}`;
}

/** What is asked for or up, of every part. */
export function allPorts(): Ports {
  return Object.fromEntries(NAMES.map((name) => [name, portOf(name)])) as Ports;
}

/** A line for each variable that holds no port, or the port of another. */
export function portProblems(ports: Ports = allPorts()): string[] {
  return NAMES.flatMap((name, i) => {
    const port = ports[name];
    if (!Number.isInteger(port) || port < 1 || port > 65_535) {
      return [`${name} is no port: a whole number from 1 to 65535 is`];
    }
    const other = NAMES.slice(0, i).find((before) => ports[before] === port);
    return other ? [`${name} and ${other} are both ${port}: change one of them`] : [];
  });
}

/** Without a key or upstreams of one's own the simulator answers; a stack that is up keeps what it has. */
export function usesSimulator(): boolean {
  return current?.simulator ?? !hasUpstream();
}

/** Why what is asked for cannot be had beside the stack that is up; undefined when it can. */
export function conflictWithStack(): string | undefined {
  if (!current) return undefined;
  const asked = modeAskedFor();
  if (asked && asked !== current.mode) return `it runs by ${current.mode}, and STACK is ${asked}`;
  const { ports } = current;
  const changed = NAMES.filter((name) => portOf(name) !== ports[name]);
  if (changed.length > 0) return `it has other ports (${changed.join(', ')})`;
  if (hasUpstream() && current.simulator) {
    return 'it has the simulator, and CLAUDE_API_KEY, CLAUDE_KEYS or CLAUDE_UPSTREAMS is set';
  }
  const mustStart = current.mode === 'compose' || runningPid('service') === undefined;
  if (!hasUpstream() && !current.simulator && mustStart) {
    return 'its service was started with a CLAUDE_API_KEY, which is not set now';
  }
  return undefined;
}

/** The next port above one that is taken which neither anybody else nor a part of ours has. */
export async function nextFreePort(
  taken: number,
  isFree: (port: number) => Promise<boolean>,
): Promise<number> {
  const ours = new Set<number>([...Object.values(allPorts()), ...Object.values(DEFAULT_PORTS)]);
  for (let port = taken + 1; port <= 65_535; port++) {
    if (!ours.has(port) && (await isFree(port))) return port;
  }
  throw new Error(`no port above ${taken} is free`);
}
