/** Stage: signs the request that is sent, so it stands inside every stage that changes requests. */
import {
  canonicalV1,
  canonicalV2,
  KEY_ID,
  NONCE,
  SIGNATURE_HEADERS,
  SIGNATURE_VERSIONS,
  type SigningSecret,
  signatureOf,
} from '../signing/signature.ts';
import type { Next, PipelineRequest, PipelineResponse, Stage } from './stage.ts';

export interface SignOptions {
  /** Called for each attempt, so a rotation needs no restart; without a secret nothing is signed. */
  readonly secret: (request: PipelineRequest) => SigningSecret | undefined;
}

export interface SignDeps {
  /** Milliseconds since the epoch, which the receiving end compares with its own clock. */
  readonly now: () => number;
  /** Makes a new random text of the form `NONCE` for each request, e.g. a UUID. */
  readonly nonce: () => string;
}

/** @throws when the secret or the nonce breaks its contract; nothing is sent then */
export function sign({ secret: current }: SignOptions, deps: SignDeps): Stage {
  return function sign(request, next) {
    const secret = current(request);
    return secret ? sendSigned(request, secret, next, deps) : next(request);
  };
}

async function sendSigned(
  request: PipelineRequest,
  secret: SigningSecret,
  next: Next,
  deps: SignDeps,
): Promise<PipelineResponse> {
  const versions = request.upstream?.signatures ?? SIGNATURE_VERSIONS;
  const timestamp = String(Math.trunc(deps.now()));
  const signed = {
    ...(versions.includes('v1') && headersV1(request, secret, timestamp)),
    ...(versions.includes('v2') && headersV2(request, secret, timestamp, deps.nonce())),
  };
  return next({ ...request, headers: { ...request.headers, ...signed } });
}

function headersV1({ url }: PipelineRequest, { secret }: SigningSecret, timestamp: string) {
  return {
    [SIGNATURE_HEADERS.v1]: signatureOf(secret, canonicalV1(timestamp, url)).toString('hex'),
    [SIGNATURE_HEADERS.timestamp]: timestamp,
  };
}

function headersV2(
  request: PipelineRequest,
  { id: keyId, secret }: SigningSecret,
  timestamp: string,
  nonce: string,
) {
  // Show neither value: errors are logged, and the secret is easily put into the wrong field.
  if (!KEY_ID.test(keyId)) throw new Error("a signing secret's id is not a valid header value");
  if (!NONCE.test(nonce)) throw new Error('a nonce is malformed');
  const { method, body = '' } = request;
  const target = targetOf(request);
  const canonical = canonicalV2({ method, target, timestamp, nonce, body, keyId });
  return {
    [SIGNATURE_HEADERS.v2]: signatureOf(secret, canonical).toString('hex'),
    [SIGNATURE_HEADERS.timestamp]: timestamp,
    [SIGNATURE_HEADERS.nonce]: nonce,
    [SIGNATURE_HEADERS.keyId]: keyId,
  };
}

/** What undici writes into the request line: joined as the transport does, normalised as a URL is. */
function targetOf({ upstream, url }: PipelineRequest): string {
  // Only path and query count, so any host will do where there is no upstream.
  const { pathname, search } = new URL((upstream?.baseUrl ?? '') + url, 'http://localhost');
  return pathname + search;
}
