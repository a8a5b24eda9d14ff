/** Keys from a real OpenBao or Vault, which the test starts; skipped where neither is installed. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import { Agent, request } from 'undici';
import { findTool } from '../../../observability/local/paths.ts';
import { eventually } from '../../testing/poll.ts';
import { freePort } from '../../testing/service-process.ts';
import type { KeySource } from './source.ts';
import { vaultSource } from './vault.ts';
import type { VaultOptions } from './vault-client.ts';

const program = findTool('bao') ?? findTool('vault');
const skip = program ? false : 'neither bao nor vault is on PATH (docs/unproven.md)';
const ROOT = 'root-token-of-the-test';
const signal = new AbortController().signal;

describe('keys from Vault', { skip, concurrency: false }, () => {
  let server: ChildProcess;
  let address: string;
  let nowMs = 0;
  /** Requests of the source under test, as `METHOD path`. */
  const requests: string[] = [];
  const agent = new Agent();
  const dispatcher = agent.compose((dispatch) => (options, handler) => {
    requests.push(`${options.method} ${options.path}`);
    return dispatch(options, handler);
  });

  const admin = async (method: 'GET' | 'POST' | 'DELETE', path: string, body?: object) => {
    const { statusCode, body: answer } = await request(`${address}/v1/${path}`, {
      method,
      headers: { 'x-vault-token': ROOT },
      body: body ? JSON.stringify(body) : null,
    });
    const text = await answer.text();
    assert(statusCode < 300, `${method} ${path}: ${statusCode} ${text}`);
    return text ? JSON.parse(text) : undefined;
  };
  const write = (data: object) => admin('POST', 'secret/data/team/claude', { data });
  const policy = (name: string, rules: string) =>
    admin('POST', `sys/policies/acl/${name}`, { policy: rules });
  const source = (auth: VaultOptions['auth'], path = 'secret/team/claude'): KeySource =>
    vaultSource(path, { address, auth }, { now: () => nowMs, dispatcher });
  const withToken = (token: string, path?: string) => source({ token: async () => token }, path);
  const read = async (from: KeySource) =>
    Object.fromEntries(
      (await from.read(signal)).current.map(({ alias, secret }) => [alias, secret.reveal()]),
    );

  before(async () => {
    const port = await freePort();
    address = `http://127.0.0.1:${port}`;
    const listen = `-dev-listen-address=127.0.0.1:${port}`;
    const args = ['server', '-dev', `-dev-root-token-id=${ROOT}`, listen, '-dev-no-store-token'];
    server = spawn(program as string, args, { stdio: 'ignore' });
    const isUp = () =>
      fetch(`${address}/v1/sys/health`).then(
        ({ ok }) => ok,
        () => false,
      );
    await eventually(isUp, { timeoutMs: 30_000 });
    await policy('keys', 'path "secret/data/team/claude" { capabilities = ["read"] }');
    await policy('nothing', 'path "secret/data/other" { capabilities = ["read"] }');
    await admin('POST', 'sys/auth/approle', { type: 'approle' });
  });
  after(async () => {
    server.kill();
    await once(server, 'exit');
    await agent.close();
  });

  /** @returns the role's ID and secret ID, as a service gets them */
  async function aRole(name: string, settings: object) {
    await admin('POST', `auth/approle/role/${name}`, { token_policies: 'keys', ...settings });
    const { data: role } = await admin('GET', `auth/approle/role/${name}/role-id`);
    const { data: secret } = await admin('POST', `auth/approle/role/${name}/secret-id`);
    return { roleId: role.role_id, secretId: async () => secret.secret_id };
  }

  test('vault source: with a token it reads keys by alias, and the next read has the new ones', async () => {
    await write({ blue: 'sk-blue-one', green: 'sk-green-one' });
    const from = withToken(ROOT);
    assert.equal(from.name, 'vault:secret/team/claude');
    assert.deepEqual(await read(from), { blue: 'sk-blue-one', green: 'sk-green-one' });
    await write({ blue: 'sk-blue-two' });
    assert.deepEqual(await read(from), { blue: 'sk-blue-two' });
  });

  test('vault source: an AppRole logs in once and renews its token after half of its lifetime', async () => {
    await write({ default: 'sk-default' });
    const from = source(await aRole('renewing', { token_ttl: '60s', token_max_ttl: '600s' }));
    requests.length = 0;
    await read(from);
    await read(from);
    nowMs += 30_000;
    assert.deepEqual(await read(from), { default: 'sk-default' });
    assert.deepEqual(requests, [
      'POST /v1/auth/approle/login',
      'GET /v1/secret/data/team/claude',
      'GET /v1/secret/data/team/claude',
      'POST /v1/auth/token/renew-self',
      'GET /v1/secret/data/team/claude',
    ]);
  });

  test('vault source: a token that cannot be renewed is replaced by a login', async () => {
    const from = source(await aRole('short', { token_ttl: '60s', token_type: 'batch' }));
    await read(from);
    nowMs += 30_000;
    requests.length = 0;
    await read(from);
    assert.equal(requests[0], 'POST /v1/auth/approle/login');
  });

  test('vault source: a token that can be neither renewed nor replaced is used until it expires', async () => {
    const role = await aRole('once', {
      token_ttl: '60s',
      token_type: 'batch',
      secret_id_num_uses: 1,
    });
    const from = source(role);
    await read(from);
    nowMs += 31_000;
    assert.deepEqual(await read(from), { default: 'sk-default' });
    nowMs += 31_000;
    await assert.rejects(read(from), { failure: 'denied' });
  });

  test('vault source: a revoked token is denied once, and the next read logs in again', async () => {
    const from = source(await aRole('revoked', { token_ttl: '600s' }));
    await read(from);
    await admin('POST', 'sys/leases/revoke-prefix/auth/approle/login');
    await assert.rejects(read(from), { failure: 'denied' });
    assert.deepEqual(await read(from), { default: 'sk-default' });
  });

  test('vault source: a periodic token from the settings is renewed too', async () => {
    const { auth } = await admin('POST', 'auth/token/create', {
      policies: ['keys'],
      period: '60s',
    });
    const from = withToken(auth.client_token);
    await read(from);
    nowMs += 30_000;
    requests.length = 0;
    await read(from);
    assert.equal(requests[0], 'POST /v1/auth/token/renew-self');
  });

  test('vault source: each failure has its name, and no message holds a secret', async () => {
    const { auth } = await admin('POST', 'auth/token/create', { policies: ['nothing'] });
    const role = await aRole('wrong', {});
    const cases: readonly [string, KeySource][] = [
      ['denied', withToken('not-a-token')],
      ['denied', withToken('')],
      ['denied', withToken(auth.client_token)],
      ['denied', source({ roleId: role.roleId, secretId: async () => 'not-its-secret' })],
      ['not_found', withToken(ROOT, 'secret/not/there')],
      [
        'unreachable',
        vaultSource(
          'secret/x',
          {
            address: `http://127.0.0.1:${await freePort()}`,
            auth: { token: async () => ROOT },
          },
          { now: () => 0 },
        ),
      ],
    ];
    for (const [failure, from] of cases) {
      await assert.rejects(read(from), (error: Error & { failure: string }) => {
        assert.equal(error.failure, failure, error.message);
        assert(!/not-a-token|not-its-secret|root-token/.test(error.message));
        return true;
      });
    }
  });

  test('vault source: a secret without valid keys is empty, malformed or not found', async () => {
    const from = withToken(ROOT);
    for (const [failure, data] of [
      ['empty', {}],
      ['malformed', { blue: 12345678 }],
      ['malformed', { blue: { nested: 'sk-blue-one' } }],
      ['malformed', { 'Blue Key': 'sk-blue-one' }],
    ] as const) {
      await write(data);
      await assert.rejects(read(from), { failure });
    }
    await admin('DELETE', 'secret/data/team/claude');
    await assert.rejects(read(from), { failure: 'not_found' });
  });

  test('vault source: a sealed Vault is unreachable', async () => {
    await write({ default: 'sk-default' });
    const from = withToken(ROOT);
    await read(from);
    await admin('POST', 'sys/seal').catch(() => {});
    await assert.rejects(read(from), { failure: 'unreachable' });
  });
});
