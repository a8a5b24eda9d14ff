/**
 * Reads from HashiCorp Vault or OpenBao with a token or an AppRole, and renews the token in time.
 * https://developer.hashicorp.com/vault/api-docs/auth/approle and …/auth/token
 */
import { type Dispatcher, request } from 'undici';
import type { SourceFailure } from '../../telemetry/vocabulary.ts';
import { SourceError } from './source.ts';

export interface VaultOptions {
  /** Vault's `VAULT_ADDR`. */
  readonly address: string;
  readonly namespace?: string | undefined;
  /** A token, or the AppRole that gets one. */
  readonly auth:
    | { readonly token: () => Promise<string> }
    | { readonly roleId: string; readonly secretId: () => Promise<string> };
}

export interface VaultDeps {
  /** Milliseconds, monotonic. */
  readonly now: () => number;
  readonly dispatcher?: Dispatcher;
}

type VaultBody = Readonly<Record<string, unknown>>;

/** A token and when it must be renewed. */
interface Lease {
  readonly token: string;
  readonly renewable: boolean;
  /** `now()` milliseconds; Infinity for a token that does not expire. */
  readonly renewAtMs: number;
  readonly expiresAtMs: number;
}

const FAILURES: Readonly<Record<number, SourceFailure>> = {
  400: 'denied',
  401: 'denied',
  403: 'denied',
  404: 'not_found',
};
/** Vault's own limit of an entry is 1 MiB. */
const MAX_BYTES = 1024 * 1024;
/** A token is renewed after this share of its lifetime. */
const RENEW_AFTER = 0.5;

export class VaultClient {
  readonly #name: string;
  readonly #options: VaultOptions;
  readonly #deps: VaultDeps;
  #lease: Lease | undefined;

  /** @param name the source, as error messages name it */
  constructor(name: string, options: VaultOptions, deps: VaultDeps) {
    this.#name = name;
    this.#options = options;
    this.#deps = deps;
  }

  /**
   * @param path below `/v1/`
   * @throws {SourceError} unreachable, denied, not_found, malformed; the signal's reason once aborted
   */
  async get(path: string, signal: AbortSignal): Promise<VaultBody> {
    const before = this.#lease;
    const lease = await this.#currentLease(signal);
    try {
      return await this.#request('GET', path, signal, { token: lease.token });
    } catch (error) {
      // A token from an earlier read may have been revoked: log in again next time. A new one lacks permission.
      const denied = error instanceof SourceError && error.failure === 'denied';
      if (denied && lease === before) this.#lease = undefined;
      throw error;
    }
  }

  async #currentLease(signal: AbortSignal): Promise<Lease> {
    let lease = this.#lease ?? (await this.#logIn(signal));
    if (this.#deps.now() >= lease.renewAtMs) lease = await this.#renewOrLogIn(lease, signal);
    this.#lease = lease;
    return lease;
  }

  async #logIn(signal: AbortSignal): Promise<Lease> {
    const { auth } = this.#options;
    if ('token' in auth) return this.#lookUp(await auth.token(), signal);
    const body = { role_id: auth.roleId, secret_id: await auth.secretId() };
    return this.#toLease(await this.#request('POST', 'auth/approle/login', signal, { body }));
  }

  /** A token from the settings: Vault is asked how long it lives. */
  async #lookUp(token: string, signal: AbortSignal): Promise<Lease> {
    const { data } = await this.#request('GET', 'auth/token/lookup-self', signal, { token });
    const { renewable, ttl } = data as { renewable?: unknown; ttl?: unknown };
    return this.#leaseFor(token, renewable, ttl);
  }

  /**
   * A token that cannot be renewed, e.g. because its maximum lifetime is over, is replaced by logging in. If
   * that fails too, the old one is used until it expires.
   */
  async #renewOrLogIn(old: Lease, signal: AbortSignal): Promise<Lease> {
    try {
      if (old.renewable) return await this.#renew(old, signal).catch(() => this.#logIn(signal));
      return await this.#logIn(signal);
    } catch (error) {
      if (this.#deps.now() >= old.expiresAtMs) throw error;
      return old;
    }
  }

  async #renew({ token }: Lease, signal: AbortSignal): Promise<Lease> {
    const body = await this.#request('POST', 'auth/token/renew-self', signal, { token });
    return { ...this.#toLease(body), token };
  }

  #toLease({ auth }: VaultBody): Lease {
    const { client_token, renewable, lease_duration } = Object(auth) as VaultBody;
    if (typeof client_token !== 'string') {
      throw new SourceError('malformed', `${this.#name}: Vault's answer holds no token`);
    }
    return this.#leaseFor(client_token, renewable, lease_duration);
  }

  /** @param seconds its lifetime; 0 for a token that does not expire */
  #leaseFor(token: string, renewable: unknown, seconds: unknown): Lease {
    const nowMs = this.#deps.now();
    const lifetimeMs = Number(seconds) > 0 ? Number(seconds) * 1000 : Infinity;
    return {
      token,
      renewable: renewable === true,
      renewAtMs: nowMs + lifetimeMs * RENEW_AFTER,
      expiresAtMs: nowMs + lifetimeMs,
    };
  }

  async #request(
    method: 'GET' | 'POST',
    path: string,
    signal: AbortSignal,
    { token, body }: { readonly token?: string; readonly body?: object },
  ): Promise<VaultBody> {
    const { address, namespace } = this.#options;
    const { dispatcher } = this.#deps;
    const response = await request(`${address}/v1/${path}`, {
      method,
      signal,
      headers: {
        'x-vault-request': 'true',
        ...(namespace && { 'x-vault-namespace': namespace }),
        ...(token && { 'x-vault-token': token }),
      },
      body: body ? JSON.stringify(body) : null,
      ...(dispatcher && { dispatcher }),
    }).catch((error) => this.#unreachable(error, signal));
    const text = await this.#textOf(response.body, signal);
    if (response.statusCode >= 300) {
      const failure = FAILURES[response.statusCode] ?? 'unreachable';
      throw new SourceError(
        failure,
        `${this.#name}: Vault answered ${response.statusCode} to ${method} ${path}`,
      );
    }
    return this.#parse(text);
  }

  async #textOf(body: AsyncIterable<Buffer>, signal: AbortSignal): Promise<string> {
    const chunks: Buffer[] = [];
    let bytes = 0;
    try {
      for await (const chunk of body) {
        bytes += chunk.length;
        if (bytes > MAX_BYTES) break;
        chunks.push(chunk);
      }
    } catch (error) {
      this.#unreachable(error, signal);
    }
    if (bytes <= MAX_BYTES) return Buffer.concat(chunks).toString();
    throw new SourceError('malformed', `${this.#name}: Vault's answer exceeds 1 MiB`);
  }

  #unreachable(cause: unknown, signal: AbortSignal): never {
    if (signal.aborted) throw signal.reason;
    throw new SourceError('unreachable', `${this.#name}: Vault cannot be reached`, cause);
  }

  #parse(text: string): VaultBody {
    try {
      const value: unknown = JSON.parse(text);
      if (typeof value === 'object' && value !== null) return value as VaultBody;
    } catch {
      // The error below does not quote the text, as the parser's would.
    }
    throw new SourceError('malformed', `${this.#name}: Vault's answer is not a JSON object`);
  }
}
