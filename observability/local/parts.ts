/** The parts of the local stack: where each is, and how one sees that it is well. */
import type { PartName } from './current.ts';
import { type PortName, portOf, urlOf } from './ports.ts';

export interface Part {
  readonly name: PartName;
  /** Where people look. */
  readonly url: string;
  /** Answers 200 when the part is well; asked from outside, as some images hold nothing to ask with. */
  readonly healthUrl: string;
  /** Every port it takes, and the variable that changes it. */
  readonly ports: readonly { readonly port: number; readonly variable: PortName }[];
}

interface Place {
  readonly ports: readonly [PortName, ...PortName[]];
  readonly page?: string;
  readonly health: string;
}

const PLACES: Readonly<Record<PartName, Place>> = {
  simulator: { ports: ['SIMULATOR_PORT'], page: '/__sim', health: '/__sim/healthz' },
  'span-store': { ports: ['OTLP_PORT'], page: '/spans', health: '/healthz' },
  tempo: { ports: ['TEMPO_PORT'], health: '/ready' },
  loki: { ports: ['LOKI_PORT'], health: '/ready' },
  collector: { ports: ['COLLECTOR_PORT', 'OTLP_PORT'], health: '/' },
  service: { ports: ['PORT', 'METRICS_PORT'], health: '/readyz' },
  prometheus: { ports: ['PROMETHEUS_PORT'], health: '/-/ready' },
  alertmanager: { ports: ['ALERTMANAGER_PORT'], health: '/-/ready' },
  pages: { ports: ['PAGES_PORT'], health: '/healthz' },
  grafana: { ports: ['GRAFANA_PORT'], health: '/api/health' },
};

export function partOf(name: PartName): Part {
  const { ports, page, health } = PLACES[name];
  const base = urlOf(ports[0]);
  return {
    name,
    url: `${base}${page ?? ''}`,
    healthUrl: `${base}${health}`,
    ports: ports.map((variable) => ({ port: portOf(variable), variable })),
  };
}
