/** For tests of signatures: what an honest client sends, and the receiving end as a real server. */
import { once } from 'node:events';
import { createServer, request as httpRequest, type IncomingMessage } from 'node:http';
import type { TestContext } from 'node:test';
import express, { type RequestHandler } from 'express';
import { MemoryNonces } from '../callers/nonces.ts';
import { readBody } from '../http/body.ts';
import { ByteBudget } from '../http/byte-budget.ts';
import { requestContext } from '../http/context.ts';
import { errorHandler } from '../http/error-handler.ts';
import { Lifecycle } from '../http/lifecycle.ts';
import { verifySignature } from '../http/middleware.ts';
import { asMiddleware } from '../http/step.ts';
import { type SignOptions, sign } from '../pipeline/sign.ts';
import { Redactor } from '../privacy/redactor.ts';
import type { SignatureVersion } from '../signing/signature.ts';
import type { VerifyOptions } from '../signing/verify.ts';
import { createLogger } from '../telemetry/logger.ts';
import type { SignatureCheck } from '../telemetry/vocabulary.ts';
import { anUpstream, aRequest, aResponse, scripted } from './fakes.ts';
import { listen } from './http.ts';

export const START_MS = 1_764_000_000_000;
/** The secret that signs now; the old one is still valid. */
export const NEW = { id: 'new', secret: 'the-secret-that-signs-now' };
export const OLD = { id: 'old', secret: 'the-secret-that-signed-before' };
export const NONCE = 'b2f0a4c1-0f5e-4d8e-9d59-6b8b5f3c2a10';

/** A request as it goes over the wire; a header with a list is sent once for each value. */
export interface Sent {
  readonly method: string;
  readonly target: string;
  readonly headers: Readonly<Record<string, string | readonly string[]>>;
  readonly body?: string | Buffer;
}

/** What is signed, where it differs from the usual POST. */
export interface Honest extends Partial<SignOptions> {
  readonly method?: 'GET' | 'POST';
  readonly url?: string;
  /** null for no body. */
  readonly body?: string | null;
  readonly nonce?: string;
  /** Default `SIGNATURE_VERSIONS`. */
  readonly versions?: readonly SignatureVersion[];
  /** Default `START_MS`. */
  readonly atMs?: number;
}

/** @returns the request as the stage sends it */
export async function signed(honest: Honest = {}): Promise<Sent> {
  const { method = 'POST', url = '/v1/messages?beta=true&n=1', body = '{"n":1}' } = honest;
  const { nonce = NONCE, versions, atMs = START_MS, ...options } = honest;
  const deps = { now: () => atMs, nonce: () => nonce };
  const next = scripted(aResponse());
  const upstream = anUpstream({ baseUrl: '', ...(versions && { signatures: versions }) });
  const { body: _usual, ...bare } = aRequest({ method, url, upstream });
  const request = body === null ? bare : { ...bare, body };
  await sign({ secret: () => NEW, ...options }, deps)(request, next);
  const headers = next.seen[0]?.headers ?? {};
  return { method, target: url, headers, ...(body !== null && { body }) };
}

/** A server that verifies signatures: it knows both secrets, and its clock shows `START_MS`. */
export async function receiver(
  t: TestContext,
  part: Partial<VerifyOptions> = {},
  {
    parser = asMiddleware(readBody({ limitBytes: 100_000, budget: new ByteBudget(1_000_000) })),
    mount = '/',
  }: { parser?: RequestHandler; mount?: string } = {},
) {
  const checks: SignatureCheck[] = [];
  const bodies: unknown[] = [];
  const redactor = new Redactor({ secrets: () => [] });
  const logger = createLogger({ level: 'silent', service: 'test', redactor, sinks: [] });
  const app = express();
  app.use(requestContext({ logger, lifecycle: new Lifecycle(), onReplacedId() {} }));
  app.post(/.*/, parser);
  app.use(
    mount,
    verifySignature({
      secrets: () => [NEW, OLD],
      nonces: new MemoryNonces({ maxEntries: 100 }, { now: () => 0 }),
      now: () => START_MS,
      onResult: (check) => void checks.push(check),
      ...part,
    }),
  );
  app.use((request, response) => {
    bodies.push(request.body);
    response.json({});
  });
  app.use(errorHandler(logger, redactor));
  return { checks, bodies, port: await listen(t, createServer(app)) };
}

/** Sends a request. @returns its status and, if it failed, the error message */
export async function send(port: number, { method, target, headers, body }: Sent) {
  const request = httpRequest({
    host: '127.0.0.1',
    port,
    method,
    path: target,
    headers: headers as Record<string, string | string[]>,
    agent: false,
  });
  request.end(body);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  let text = '';
  for await (const chunk of response) text += chunk;
  return { status: response.statusCode, message: JSON.parse(text).error?.message as unknown };
}
