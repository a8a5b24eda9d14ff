/**
 * Keys from HashiCorp Vault or OpenBao: KV version 2, by token or AppRole, the token renewed in time.
 * https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2 and …/auth/approle
 */
import { type Dispatcher, request } from 'undici';
import { type KeySource, keysFrom, SourceError, type SourceFailure } from './source.ts';

export interface VaultOptions {
  /** Vault's `VAULT_ADDR`. */
  readonly address: string;
  readonly namespace?: string | undefined;
  /** A token, or the role that gets one. */
  readonly auth:
    | { readonly token: () => Promise<string> }
    | { readonly roleId: string; readonly secretId: () => Promise<string> };
  /** `mount/path`, e.g. `secret/claude`: the data there maps aliases to keys. */
  readonly path: string;
}

export interface VaultDeps {
  /** Milliseconds, monotonic. */
  readonly now: () => number;
  readonly dispatcher?: Dispatcher;
}

/** A token and when it must be renewed. */
interface Lease {
  readonly token: string;
  readonly renewable: boolean;
  /** `now()` milliseconds; Infinity for one that does not end. */
  readonly renewAtMs: number;
  readonly endsAtMs: number;
}

interface VaultAuth {
  readonly client_token: string;
  readonly renewable: boolean;
  /** Seconds; 0 for one that does not end. */
  readonly lease_duration: number;
}

const FAILURES: Readonly<Record<number, SourceFailure>> = {
  400: 'denied',
  401: 'denied',
  403: 'denied',
  404: 'not_found',
};
/** Of its life, after which a token is renewed. */
const RENEW_AFTER = 0.5;

export function vaultSource(options: VaultOptions, { now, dispatcher }: VaultDeps): KeySource {
  const name = `vault:${options.path}`;
  const [mount = '', ...rest] = options.path.split('/').map(encodeURIComponent);
  let lease: Lease | undefined;

  const call = async (
    method: 'GET' | 'POST',
    path: string,
    signal: AbortSignal,
    more: Call = {},
  ) => {
    const { statusCode, body } = await request(`${options.address}/v1/${path}`, {
      method,
      signal,
      headers: {
        'x-vault-request': 'true',
        ...(options.namespace && { 'x-vault-namespace': options.namespace }),
        ...(more.token && { 'x-vault-token': more.token }),
      },
      body: more.body ? JSON.stringify(more.body) : null,
      ...(dispatcher && { dispatcher }),
    }).catch((error) => unreachable(error, name, signal));
    const text = await body.text().catch((error) => unreachable(error, name, signal));
    if (statusCode >= 300) {
      const failure = FAILURES[statusCode] ?? 'unreachable';
      throw new SourceError(failure, `${name}: ${method} ${path} was answered ${statusCode}`);
    }
    return parse(text, name);
  };

  const leaseOf = ({ client_token, renewable, lease_duration }: VaultAuth): Lease => {
    const lifeMs = lease_duration > 0 ? lease_duration * 1000 : Infinity;
    const nowMs = now();
    const renewAtMs = nowMs + lifeMs * RENEW_AFTER;
    return { token: client_token, renewable, renewAtMs, endsAtMs: nowMs + lifeMs };
  };

  const logIn = async (signal: AbortSignal): Promise<Lease> => {
    const { auth } = options;
    if ('roleId' in auth) {
      const body = { role_id: auth.roleId, secret_id: await auth.secretId() };
      return leaseOf(authOf(await call('POST', 'auth/approle/login', signal, { body }), name));
    }
    const token = await auth.token();
    const { data } = await call('GET', 'auth/token/lookup-self', signal, { token });
    const { renewable, ttl } = data as { renewable?: boolean; ttl?: number };
    return leaseOf({
      client_token: token,
      renewable: renewable === true,
      lease_duration: Number(ttl ?? 0),
    });
  };

  const renew = async ({ token }: Lease, signal: AbortSignal): Promise<Lease> => {
    const said = await call('POST', 'auth/token/renew-self', signal, { token });
    return leaseOf({ ...authOf(said, name), client_token: token });
  };

  /**
   * A token that will not be renewed (its longest life is over, say) is got anew; when that fails too, it
   * is used as long as it lives.
   */
  const renewed = async (old: Lease, signal: AbortSignal): Promise<Lease> => {
    try {
      if (old.renewable) return await renew(old, signal).catch(() => logIn(signal));
      return await logIn(signal);
    } catch (error) {
      if (now() >= old.endsAtMs) throw error;
      return old;
    }
  };

  const readKeys = (token: string, signal: AbortSignal) =>
    call('GET', `${mount}/data/${rest.join('/')}`, signal, { token });

  return {
    name,
    async read(signal) {
      const before = lease;
      lease ??= await logIn(signal);
      if (now() >= lease.renewAtMs) lease = await renewed(lease, signal);
      try {
        const { data } = await readKeys(lease.token, signal);
        return { current: keysFrom((data as { data?: unknown } | null)?.data, name) };
      } catch (error) {
        // An old token may have been revoked: the next read logs in anew. A new one lacks the right.
        const denied = error instanceof SourceError && error.failure === 'denied';
        if (denied && lease === before) lease = undefined;
        throw error;
      }
    },
  };
}

interface Call {
  readonly token?: string;
  readonly body?: object;
}

function unreachable(cause: unknown, name: string, signal: AbortSignal): never {
  if (signal.aborted) throw signal.reason;
  throw new SourceError('unreachable', `${name}: Vault cannot be reached`, cause);
}

function parse(text: string, name: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
  } catch {
    // Said below, without the text.
  }
  throw new SourceError('malformed', `${name}: Vault's answer is no JSON object`);
}

function authOf({ auth }: Record<string, unknown>, name: string): VaultAuth {
  const given = auth as Partial<VaultAuth> | null | undefined;
  if (typeof given?.client_token !== 'string') {
    throw new SourceError('malformed', `${name}: Vault gave no token`);
  }
  return {
    client_token: given.client_token,
    renewable: given.renewable === true,
    lease_duration: Number(given.lease_duration ?? 0),
  };
}
