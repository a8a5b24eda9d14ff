/**
 * Keys from AWS Secrets Manager: the version staged AWSCURRENT is used, the one staged AWSPREVIOUS is still
 * valid. https://docs.aws.amazon.com/secretsmanager/latest/userguide/whats-in-a-secret.html
 */
import type { GetSecretValueCommandOutput } from '@aws-sdk/client-secrets-manager';
import type { SourceFailure } from '../../telemetry/vocabulary.ts';
import type { ApiKey } from '../secret.ts';
import { type KeySource, keysFromText, SourceError } from './source.ts';

const FAILURES: Readonly<Record<string, SourceFailure>> = {
  ResourceNotFoundException: 'not_found',
  AccessDeniedException: 'denied',
  UnrecognizedClientException: 'denied',
  InvalidSignatureException: 'denied',
  ExpiredTokenException: 'denied',
  CredentialsProviderError: 'denied',
  DecryptionFailure: 'denied',
};

/** The SDK finds region, credentials and endpoint by itself: `AWS_REGION`, roles, `AWS_ENDPOINT_URL`. */
export function awsSource(secretId: string): KeySource {
  const name = `aws:${secretId}`;
  // The SDK is large: load it only where AWS is used.
  const loaded = import('@aws-sdk/client-secrets-manager').then((sdk) => ({
    sdk,
    client: new sdk.SecretsManagerClient({ maxAttempts: 1 }),
  }));
  loaded.catch(() => {});
  const stage = async (VersionStage: string, abortSignal: AbortSignal) => {
    const { sdk, client } = await loaded;
    const command = new sdk.GetSecretValueCommand({ SecretId: secretId, VersionStage });
    return client.send(command, { abortSignal });
  };
  return {
    name,
    async read(signal) {
      const current = keysOf(await stage('AWSCURRENT', signal).catch(failed), name);
      const previous = await stage('AWSPREVIOUS', signal)
        .then((answer) => keysOf(answer, name))
        // A secret that was never rotated has no previous version.
        .catch((): readonly ApiKey[] => []);
      return { current, previous };
    },
  };

  function failed(error: unknown): never {
    const { name: code = 'unknown' } = error as { name?: string };
    const failure = FAILURES[code] ?? 'unreachable';
    throw new SourceError(failure, `${name}: Secrets Manager answered ${code}`);
  }
}

function keysOf({ SecretString }: GetSecretValueCommandOutput, name: string): readonly ApiKey[] {
  return keysFromText(SecretString ?? '', name);
}
