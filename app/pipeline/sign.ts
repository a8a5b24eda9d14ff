/** Stage: signs what is really sent, so it stands below everything that changes a request. */
import {
  KEY_ID,
  messageV1,
  messageV2,
  NONCE,
  SIGNATURE_HEADERS,
  type SignatureVersion,
  type SigningSecret,
  signatureOf,
} from '../signing/signature.ts';
import type { PipelineRequest, Stage } from './stage.ts';

export interface SignOptions {
  /** Asked for each attempt, so that a rotation needs no restart; without one nothing is signed. */
  readonly secret: (request: PipelineRequest) => SigningSecret | undefined;
  /** Default `v2` alone; both while the other end moves from one to the other. */
  readonly versions?: readonly SignatureVersion[];
}

export interface SignDeps {
  /** Milliseconds since the epoch: the other end compares it with its own clock. */
  readonly now: () => number;
  /** A new random text that fits `NONCE` for each request, e.g. a UUID. */
  readonly nonce: () => string;
}

/** @throws when the secret or the nonce is not what its contract says: nothing is sent then */
export function sign(options: SignOptions, deps: SignDeps): Stage {
  const { secret: current, versions = ['v2'] } = options;
  return async function sign(request, next) {
    const secret = current(request);
    if (!secret) return next(request);
    const timestamp = String(Math.trunc(deps.now()));
    const signed = {
      ...(versions.includes('v1') && headersV1(request, secret, timestamp)),
      ...(versions.includes('v2') && headersV2(request, secret, timestamp, deps.nonce())),
    };
    return next({ ...request, headers: { ...request.headers, ...signed } });
  };
}

function headersV1({ url }: PipelineRequest, { secret }: SigningSecret, timestamp: string) {
  return {
    [SIGNATURE_HEADERS.v1]: signatureOf(secret, messageV1(timestamp, url)).toString('hex'),
    [SIGNATURE_HEADERS.timestamp]: timestamp,
  };
}

function headersV2(
  request: PipelineRequest,
  { id: keyId, secret }: SigningSecret,
  timestamp: string,
  nonce: string,
) {
  // Neither value is shown: an error may be logged, and the two fields are easily mixed up.
  if (!KEY_ID.test(keyId)) throw new Error("a signing secret's id does not fit a header");
  if (!NONCE.test(nonce)) throw new Error('a nonce does not fit its form');
  const { method, body = '' } = request;
  const target = targetOf(request);
  const message = messageV2({ method, target, timestamp, nonce, body, keyId });
  return {
    [SIGNATURE_HEADERS.v2]: signatureOf(secret, message).toString('hex'),
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
