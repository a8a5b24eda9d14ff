/** Defines what the package's pipeline shows to telemetry, and what it reports to it. */
import type { KeyOwner } from '../keys/key-owner.ts';
import type { OwnedPool } from '../keys/key-store.ts';
import type { Recorder } from '../telemetry/recorder.ts';
import type { CircuitState, KeyRead } from '../telemetry/vocabulary.ts';

/** State that is read at each scrape; the functions are cheap. */
export interface ClaudeSources {
  /** Label values. */
  readonly models: readonly string[];
  readonly upstreams: readonly string[];
  /** Connections, and requests that wait for one. */
  readonly pool: () => { readonly open: number; readonly free: number; readonly pending: number };
  readonly poolLimit: () => number;
  readonly circuits: () => readonly { readonly name: string; readonly state: CircuitState }[];
  /** Retries left. */
  readonly budget: () => number;
  readonly keys: () => readonly OwnedPool[];
  /** The keys' texts, for the redaction of log lines. */
  readonly secrets: () => readonly string[];
}

/** Telemetry of one pipeline. */
export interface ClaudeTelemetry {
  readonly recorder: Recorder;
  /** A source of keys was read, or could not be. */
  onKeyRead(owner: KeyOwner, read: KeyRead): void;
  onCircuitChange(upstream: string, state: CircuitState): void;
}
