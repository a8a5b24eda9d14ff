/** The components of the local stack: their ports, the addresses that people open, and their health checks. */

export const HOST = '127.0.0.1';

/** The one list of ports; tests compare docker-compose.yml and .env.example with it. */
export const DEFAULT_PORTS = {
  PORT: 8080,
  METRICS_PORT: 9464,
  SIMULATOR_PORT: 8081,
  OTLP_PORT: 4318,
  PROMETHEUS_PORT: 9090,
  ALERTMANAGER_PORT: 9093,
  RECEIVER_PORT: 9095,
  GRAFANA_PORT: 3000,
  TEMPO_PORT: 3200,
  LOKI_PORT: 3100,
  COLLECTOR_PORT: 13_133,
  CONSOLE_PORT: 8090,
} as const;
export type PortName = keyof typeof DEFAULT_PORTS;
export type Ports = Readonly<Record<PortName, number>>;
export const PORT_NAMES = Object.keys(DEFAULT_PORTS) as PortName[];

/** In the order in which they are started. */
export const COMPONENT_NAMES = [
  'simulator',
  'span-store',
  'tempo',
  'loki',
  'collector',
  'service',
  'prometheus',
  'alertmanager',
  'receiver',
  'grafana',
  'console',
] as const;
export type ComponentName = (typeof COMPONENT_NAMES)[number];

export interface Component {
  readonly name: ComponentName;
  /** The address that people open. */
  readonly url: string;
  /** Answers 2xx when the component is healthy; asked from outside, as some images hold no HTTP client. */
  readonly healthUrl: string;
  /** Every port that it takes, and the variable that changes it. */
  readonly ports: readonly { readonly port: number; readonly variable: PortName }[];
}

interface Place {
  readonly ports: readonly [PortName, ...PortName[]];
  /** The path that people open. */
  readonly path?: string;
  readonly health: string;
}

const PLACES: Readonly<Record<ComponentName, Place>> = {
  simulator: { ports: ['SIMULATOR_PORT'], path: '/__sim', health: '/__sim/healthz' },
  'span-store': { ports: ['OTLP_PORT'], path: '/spans', health: '/healthz' },
  tempo: { ports: ['TEMPO_PORT'], health: '/ready' },
  loki: { ports: ['LOKI_PORT'], health: '/ready' },
  collector: { ports: ['COLLECTOR_PORT', 'OTLP_PORT'], health: '/' },
  service: { ports: ['PORT', 'METRICS_PORT'], health: '/readyz' },
  prometheus: { ports: ['PROMETHEUS_PORT'], health: '/-/ready' },
  alertmanager: { ports: ['ALERTMANAGER_PORT'], health: '/-/ready' },
  receiver: { ports: ['RECEIVER_PORT'], health: '/healthz' },
  grafana: { ports: ['GRAFANA_PORT'], health: '/api/health' },
  console: { ports: ['CONSOLE_PORT'], health: '/healthz' },
};

export function urlOf(name: PortName, ports: Ports): string {
  return `http://${HOST}:${ports[name]}`;
}

export function componentOf(name: ComponentName, ports: Ports): Component {
  const place = PLACES[name];
  const base = urlOf(place.ports[0], ports);
  return {
    name,
    url: `${base}${place.path ?? ''}`,
    healthUrl: `${base}${place.health}`,
    ports: place.ports.map((variable) => ({ port: ports[variable], variable })),
  };
}

/** @returns a line for each variable whose value is not a port, or is the port of another variable */
export function portProblems(ports: Ports): string[] {
  return PORT_NAMES.flatMap((name, i) => {
    const port = ports[name];
    if (!Number.isInteger(port) || port < 1 || port > 65_535) {
      return [`${name} is no port: it must be a whole number from 1 to 65535`];
    }
    const other = PORT_NAMES.slice(0, i).find((before) => ports[before] === port);
    return other ? [`${name} and ${other} are both ${port}: change one of them`] : [];
  });
}

/**
 * The next port above a taken one that is free and that no component uses or would use by default.
 * @throws {Error} when there is none
 */
export async function nextFreePort(
  taken: number,
  ports: Ports,
  isFree: (port: number) => Promise<boolean>,
): Promise<number> {
  const ours = new Set<number>([...Object.values(ports), ...Object.values(DEFAULT_PORTS)]);
  for (let port = taken + 1; port <= 65_535; port++) {
    if (!ours.has(port) && (await isFree(port))) return port;
  }
  throw new Error(`no port above ${taken} is free`);
}
