/** Every key pool of the service, each kept up to date from the source that the settings name. */
import { joined } from '../privacy/joined.ts';
import type { KeyRead } from '../telemetry/vocabulary.ts';
import type { Clock } from '../time/clock.ts';
import type { KeyOwner } from './key-owner.ts';
import { KeyPool } from './key-pool.ts';
import { Refresher } from './refresher.ts';
import { awsSource } from './sources/aws.ts';
import { envSource } from './sources/env.ts';
import { fileSource } from './sources/file.ts';
import type { KeySource } from './sources/source.ts';
import { vaultSource } from './sources/vault.ts';
import type { VaultOptions } from './sources/vault-client.ts';

/** How long a removed key may still be used while no current key is healthy. */
export const KEY_GRACE_PERIOD_MS = 600_000;

/** A parsed setting: `env:NAME`, `file:/path`, `vault:mount/path` or `aws:secret-id`. */
export type KeySpec =
  | { readonly kind: 'env'; readonly name: string; readonly value: string | undefined }
  | { readonly kind: 'file' | 'vault' | 'aws'; readonly name: string };

export interface KeyStoreOptions {
  readonly pollMs: number;
  readonly timeoutMs: number;
  readonly gracePeriodMs: number;
  readonly vault: VaultOptions;
}

export interface KeyStoreDeps {
  readonly clock: Clock;
  /** Milliseconds since the epoch. */
  readonly wallClock: () => number;
  /** 0 inclusive to 1 exclusive. */
  readonly random: () => number;
  /** Called after each read of a source. */
  readonly onRead: (owner: KeyOwner, read: KeyRead) => void;
}

export interface OwnedPool {
  readonly owner: KeyOwner;
  readonly pool: KeyPool;
}

export interface KeyStore {
  /** Creates a pool and starts to keep it up to date. */
  pool(owner: KeyOwner, spec: KeySpec): KeyPool;
  pools(): readonly OwnedPool[];
  /** Whether there is a key for calls to any upstream. */
  hasCallKey(): boolean;
  /** Resolves when every source has been read once, however that ended. */
  ready(): Promise<void>;
  /** Every key that may still be sent, and perhaps some that expired just now: for the redactor, which asks often. */
  secrets(): readonly string[];
  close(): void;
}

export function createKeyStore(options: KeyStoreOptions, deps: KeyStoreDeps): KeyStore {
  const kept: (OwnedPool & { refresher: Refresher; firstRead: Promise<void> })[] = [];
  const { clock, wallClock, random, onRead } = deps;
  return {
    pool(owner, spec) {
      // A token that was withdrawn is refused at once; keys that we send ourselves have time to go.
      const gracePeriodMs = owner.purpose === 'accept' ? 0 : options.gracePeriodMs;
      const pool = new KeyPool({ gracePeriodMs }, { now: clock.now, wallClock, random });
      const refresher = new Refresher(sourceOf(spec, options, deps), pool, options, {
        clock,
        random,
        onRead: (read) => onRead(owner, read),
      });
      kept.push({ owner, pool, refresher, firstRead: refresher.start() });
      return pool;
    },
    pools: () => kept,
    hasCallKey: () =>
      kept.some(({ owner, pool }) => owner.purpose === 'call' && pool.valid().length > 0),
    ready: async () => {
      await Promise.all(kept.map(({ firstRead }) => firstRead));
    },
    secrets: joined(
      () => kept.map(({ pool }) => pool.held()),
      ({ secret }) => secret.reveal(),
    ),
    close() {
      for (const { refresher } of kept) refresher.stop();
    },
  };
}

function sourceOf(spec: KeySpec, { vault }: KeyStoreOptions, { clock }: KeyStoreDeps): KeySource {
  switch (spec.kind) {
    case 'env':
      return envSource(spec.name, spec.value);
    case 'file':
      return fileSource(spec.name);
    case 'vault':
      return vaultSource(spec.name, vault, clock);
    case 'aws':
      return awsSource(spec.name);
  }
}
