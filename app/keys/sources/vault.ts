/**
 * Keys from a secret of HashiCorp Vault or OpenBao, KV version 2: its fields map aliases to keys.
 * https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2
 */
import { type KeySource, keysFrom } from './source.ts';
import { VaultClient, type VaultDeps, type VaultOptions } from './vault-client.ts';

/** @param path `mount/path`, e.g. `secret/claude` */
export function vaultSource(path: string, options: VaultOptions, deps: VaultDeps): KeySource {
  const name = `vault:${path}`;
  const client = new VaultClient(name, options, deps);
  const [mount = '', ...rest] = path.split('/').map(encodeURIComponent);
  return {
    name,
    async read(signal) {
      const { data } = await client.get(`${mount}/data/${rest.join('/')}`, signal);
      return { current: keysFrom((data as { data?: unknown } | null)?.data, name) };
    },
  };
}
