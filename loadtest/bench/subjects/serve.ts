/** Gives the programs under test what they share: the form of a call, a request's text, listening. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';

/** What a call by any of the clients gives back. */
export interface Answer {
  readonly status: number;
  readonly type: string;
  /** The whole text, or a stream of bytes. */
  readonly body: string | NodeJS.ReadableStream;
}

/** Makes one call. @param body the caller's JSON text */
export type Call = (body: string) => Promise<Answer>;

/** Where the upstream of this run is. */
export const UPSTREAM = process.env['UPSTREAM'] ?? '';

/** The upstream gets as many connections as any series asks for. */
export const CONNECTIONS = 1_000;

export const HEADERS = {
  'content-type': 'application/json',
  'x-api-key': 'a-key-of-the-bench',
  'anthropic-version': '2023-06-01',
} as const;

/** The shortest way to a request's text: no stream API between. */
export function bodyOf(request: IncomingMessage): Promise<string> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => resolve(Buffer.concat(chunks).toString()));
    request.on('error', reject);
  });
}

/** Listens on the port that it was given. */
export async function serve(listener: RequestListener): Promise<void> {
  const server = createServer({ keepAliveTimeout: 60_000 }, listener);
  server.listen({ port: Number(process.env['PORT']), host: '127.0.0.1', backlog: 4_096 });
  await once(server, 'listening');
}
