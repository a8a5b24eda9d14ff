/** Keys from an AWS-compatible Secrets Manager (moto), which the test starts; skipped without one. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import {
  CreateSecretCommand,
  DeleteSecretCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { findTool } from '../../../observability/local/paths.ts';
import { awsSource } from './aws.ts';
import type { KeySource } from './source.ts';

const program = findTool('moto_server');
const skip = program ? false : 'moto_server is neither in .tools nor on PATH';
const signal = new AbortController().signal;

describe('keys from AWS Secrets Manager', { skip, concurrency: false }, () => {
  let server: ChildProcess;
  let client: SecretsManagerClient;

  const read = async (from: KeySource) => {
    const { current, previous = [] } = await from.read(signal);
    const text = (keys: typeof current) =>
      keys.map(({ alias, secret }) => `${alias}=${secret.reveal()}`).join();
    return [text(current), text(previous)];
  };

  before(async () => {
    server = spawn(program as string, ['-H', '127.0.0.1', '-p', '0'], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    const { promise: url, resolve } = Promise.withResolvers<string>();
    server.stderr?.on('data', (chunk) => {
      said += chunk;
      const found = /Running on (http:\S+)/.exec(said)?.[1];
      if (found) resolve(found);
    });
    void once(server, 'exit').then(() => resolve(''));
    Object.assign(process.env, {
      AWS_ENDPOINT_URL_SECRETS_MANAGER: await url,
      AWS_REGION: 'eu-central-1',
      AWS_ACCESS_KEY_ID: 'test',
      AWS_SECRET_ACCESS_KEY: 'test',
    });
    assert(process.env['AWS_ENDPOINT_URL_SECRETS_MANAGER'], said);
    client = new SecretsManagerClient({});
  });
  after(async () => {
    client.destroy();
    server.kill();
    await once(server, 'exit');
  });

  const create = (Name: string, SecretString: string) =>
    client.send(new CreateSecretCommand({ Name, SecretString }));
  const rotate = (SecretId: string, SecretString: string) =>
    client.send(new PutSecretValueCommand({ SecretId, SecretString }));

  test('aws source: the current version is used, the previous one is still valid', async () => {
    await create('claude', 'sk-ant-one');
    const from = awsSource('claude');
    assert.deepEqual(await read(from), ['default=sk-ant-one', '']);
    await rotate('claude', 'sk-ant-two');
    assert.deepEqual(await read(from), ['default=sk-ant-two', 'default=sk-ant-one']);
    await rotate('claude', '{"blue":"sk-ant-three","green":"sk-ant-four"}');
    assert.deepEqual(await read(from), [
      'blue=sk-ant-three,green=sk-ant-four',
      'default=sk-ant-two',
    ]);
  });

  test('aws source: a previous version that cannot be read leaves the current one', async () => {
    await create('was-odd', '{"odd"');
    await rotate('was-odd', 'sk-ant-one');
    assert.deepEqual(await read(awsSource('was-odd')), ['default=sk-ant-one', '']);
  });

  test('aws source: each failure has its name, and no message quotes the secret', async () => {
    await create('odd', '{"blue":"sk-ant-planted');
    await create('bare', '{}');
    await create('gone', 'sk-ant-planted');
    await client.send(new DeleteSecretCommand({ SecretId: 'gone' }));
    for (const [failure, id] of [
      ['not_found', 'never-there'],
      ['malformed', 'odd'],
      ['empty', 'bare'],
      ['unreachable', 'gone'],
    ] as const) {
      await assert.rejects(read(awsSource(id)), (error: Error & { failure: string }) => {
        assert.equal(error.failure, failure, error.message);
        assert(!error.message.includes('planted'));
        return true;
      });
    }
  });

  test('aws source: an endpoint that is down is unreachable', async () => {
    const up = process.env['AWS_ENDPOINT_URL_SECRETS_MANAGER'];
    process.env['AWS_ENDPOINT_URL_SECRETS_MANAGER'] = 'http://127.0.0.1:9';
    await assert.rejects(read(awsSource('claude')), { failure: 'unreachable' });
    process.env['AWS_ENDPOINT_URL_SECRETS_MANAGER'] = up;
  });
});
