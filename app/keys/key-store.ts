/** Every key ring of the service, each kept up to date from the source that the settings name. */
import type { Clock } from '../time/clock.ts';
import { createKeyRing, type KeyRing } from './key-pool.ts';
import type { KeyOwner, KeySpec } from './key-spec.ts';
import { type Read, type Refresher, refresh } from './refresher.ts';
import { awsSource } from './sources/aws.ts';
import { envSource } from './sources/env.ts';
import { fileSource } from './sources/file.ts';
import type { KeySource } from './sources/source.ts';
import { type VaultOptions, vaultSource } from './sources/vault.ts';

export interface KeyStoreOptions {
  readonly pollMs: number;
  readonly timeoutMs: number;
  readonly overlapMs: number;
  readonly vault: Omit<VaultOptions, 'path'>;
}

export interface KeyStoreDeps {
  readonly clock: Clock;
  /** Milliseconds since the epoch. */
  readonly wallClock: () => number;
  /** 0 inclusive to 1 exclusive. */
  readonly random: () => number;
  readonly onRead: (owner: KeyOwner, read: Read) => void;
}

export interface KeyStore {
  /** Starts keeping a ring. */
  ring(owner: KeyOwner, spec: KeySpec): KeyRing;
  rings(): readonly { readonly owner: KeyOwner; readonly ring: KeyRing }[];
  /** Resolves when every source has been read once, however that ended. */
  ready(): Promise<void>;
  /** Every key that may still go out. */
  secrets(): readonly string[];
  close(): void;
}

export function createKeyStore(options: KeyStoreOptions, deps: KeyStoreDeps): KeyStore {
  const kept: { owner: KeyOwner; ring: KeyRing; refresher: Refresher }[] = [];
  const { clock, wallClock, random, onRead } = deps;
  return {
    ring(owner, spec) {
      const ring = createKeyRing(options, { now: wallClock, random });
      const refresher = refresh(sourceOf(spec, options, deps), ring, options, {
        clock,
        random,
        onRead: (read) => onRead(owner, read),
      });
      kept.push({ owner, ring, refresher });
      return ring;
    },
    rings: () => kept,
    ready: async () => {
      await Promise.all(kept.map(({ refresher }) => refresher.ready));
    },
    secrets: () => kept.flatMap(({ ring }) => ring.valid().map(({ secret }) => secret.reveal())),
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
      return vaultSource({ ...vault, path: spec.name }, clock);
    case 'aws':
      return awsSource(spec.name);
  }
}
