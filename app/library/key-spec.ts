/** Where a key is, as the settings write it too: `env:NAME`, `file:/path`, `vault:mount/path` or `aws:secret-id`. */
import type { KeySpec } from '../keys/key-store.ts';

export type { VaultOptions } from '../keys/sources/vault-client.ts';

const SOURCE = /^(env|file|vault|aws):(.+)$/;

/**
 * @param env the variables of the process
 * @throws {TypeError} for any other text, which is not quoted: somebody may have given the key itself
 */
export function keySpec(
  source: string,
  env: Readonly<Record<string, string | undefined>>,
): KeySpec {
  const [, kind, name] = SOURCE.exec(source) ?? [];
  if (kind === undefined || name === undefined)
    throw new TypeError('keys must be env:NAME, file:/path, vault:mount/path or aws:secret-id');
  if (kind === 'env') return { kind, name, value: env[name] };
  return { kind: kind as 'file' | 'vault' | 'aws', name };
}
