/** What can be put under test. */

/** Where a subject finds the world, and the world it. */
export interface Place {
  /** The upstream's base URL. */
  readonly upstream: string;
  /** The base URL of what takes spans, metrics and log lines by OTLP. */
  readonly otlp: string;
  /** The port to listen on. */
  readonly port: number;
  /** A second free port. */
  readonly metricsPort: number;
  /** A folder of its own. */
  readonly folder: string;
}

export interface Program {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** What is measured of a subject besides the series without a delay. */
export type Extra = 'delay' | 'bodies' | 'streams';

export interface Subject {
  readonly name: string;
  /** As the page calls it. */
  readonly label: string;
  readonly kind: 'limit' | 'ours' | 'client' | 'gateway';
  readonly extras: readonly Extra[];
  /** What its figures are of: `name version`, or '' for the project itself. */
  readonly version: () => string;
  readonly start: (place: Place) => Program;
  /** Why it cannot be measured here; undefined when it can. */
  readonly lacking?: () => string | undefined;
}
