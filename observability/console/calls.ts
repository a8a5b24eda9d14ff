/** A call to the service, made for the reader: its answer is passed on as it comes. */
import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { ask, askJson, type Parts } from './ask.ts';
import { Refusal } from './refusal.ts';

/** A stream may think for long before its first token. */
const CALL_TIMEOUT_MS = 300_000;

const schema = z.strictObject({
  model: z.string().min(1).max(200),
  prompt: z.string().min(1).max(200_000),
  stream: z.boolean(),
  maxTokens: z.int().min(1).max(100_000),
  /** A caller's token, where the service asks for one. */
  token: z.string().max(1_000).optional(),
});

/** A header takes visible ASCII alone; the service refuses anything else too. */
const TOKEN = /^[\x21-\x7e]+$/;

type Asked = z.infer<typeof schema>;

/** @throws {Refusal} with the field that is wrong */
function checked(body: unknown): Asked {
  const { data, error } = schema.safeParse(body);
  if (!data) throw new Refusal(400, z.prettifyError(error));
  if (data.token && !TOKEN.test(data.token)) {
    throw new Refusal(400, 'The token has characters that no token has.');
  }
  return data;
}

function init({ model, prompt, stream, maxTokens, token }: Asked): RequestInit {
  return {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-correlation-id': randomUUID(),
      ...(token && { 'x-api-key': token }),
    },
    body: JSON.stringify({
      ...{ model, stream, max_tokens: maxTokens },
      messages: [{ role: 'user', content: prompt }],
    }),
  };
}

/** Headers of the service that say what became of the call. */
const PASSED_ON = ['content-type', 'x-correlation-id', 'retry-after'];

/** @throws {Refusal} before anything is sent, and never after */
export async function makeCall(
  parts: Parts,
  body: unknown,
  response: ServerResponse,
): Promise<void> {
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  const signal = AbortSignal.any([gone.signal, AbortSignal.timeout(CALL_TIMEOUT_MS)]);
  const answer = await ask(parts, 'service', '/v1/messages', { ...init(checked(body)), signal });
  for (const name of PASSED_ON) {
    const value = answer.headers.get(name);
    if (value !== null) response.setHeader(name, value);
  }
  response.writeHead(answer.status);
  if (!answer.body) return void response.end();
  // Either side may break off, and the other then sees a body that ends early.
  await pipeline(Readable.fromWeb(answer.body), response).catch(() => response.destroy());
}

const SIMULATOR_HEADER = 'x-simulator';
const REAL =
  'The service calls a real upstream, where calls cost money: this page makes none by itself.';
const CALLERS_ONLY =
  'The service answers none but the callers it knows, and this page’s own calls have no token.';
const UNKNOWN =
  'Nothing tells whether the simulator answers the service or a real upstream, where calls cost money.';

/** @returns whether the simulator answers the service, and otherwise why the page makes no calls by itself; null is unknown */
export async function upstreamData(parts: Parts) {
  const { status, headers, body } = await ask(parts, 'service', '/v1/models?limit=1');
  await body?.cancel();
  // Its faults carry the header too; what the service answers by itself does not.
  if (headers.has(SIMULATOR_HEADER)) return { isSimulator: true };
  if (status === 200) return { isSimulator: false, why: REAL };
  if (status === 401) return { isSimulator: false, why: CALLERS_ONLY };
  return { isSimulator: null, why: `${UNKNOWN} It answered with status ${status}.` };
}

/** @returns the names of the models that the upstream lists */
export async function modelNames(parts: Parts): Promise<string[]> {
  const { status, body } = await askJson(parts, 'service', '/v1/models?limit=1000');
  const { data } = (body ?? {}) as { data?: { id: string }[] };
  if (!Array.isArray(data)) {
    throw new Refusal(502, `The service does not list its models (status ${status}).`);
  }
  return data.map(({ id }) => String(id));
}
