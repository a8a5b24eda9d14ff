/** Reads the small JSON bodies that the console's page sends. */
import type { IncomingMessage } from 'node:http';
import { Refusal } from './refusal.ts';

/** A prompt and a little more. */
const MAX_BODY_BYTES = 256 * 1024;

/** @throws {Refusal} when it is not JSON, not declared as JSON, or too large */
export async function readJson(request: IncomingMessage): Promise<unknown> {
  // A form of another site cannot send this type without being asked about it first.
  if (!/^application\/json\b/i.test(request.headers['content-type'] ?? '')) {
    throw new Refusal(415, 'The body must be application/json.');
  }
  const text = await textOf(request);
  try {
    return JSON.parse(text);
  } catch {
    throw new Refusal(400, 'The body is not JSON.');
  }
}

async function textOf(request: IncomingMessage): Promise<string> {
  let size = 0;
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of request as AsyncIterable<Buffer>) {
      size += chunk.length;
      // The rest is read and dropped, so that the sender sees the response.
      if (size <= MAX_BODY_BYTES) chunks.push(chunk);
    }
  } catch {
    // A sender that goes away is no fault of the console.
    throw new Refusal(400, 'The body broke off.');
  }
  if (size > MAX_BODY_BYTES) throw new Refusal(413, 'That is too long: 256 KiB is the limit.');
  return Buffer.concat(chunks).toString('utf8');
}
