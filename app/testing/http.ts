/** For tests that speak HTTP: a server on a free port, a JSON post, a request written by hand. */
import { once } from 'node:events';
import type { IncomingHttpHeaders, Server } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import type { TestContext } from 'node:test';
import { request } from 'undici';

/** Listens on loopback until the test ends. @returns the port */
export async function listen(t: TestContext, server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.close();
    server.closeAllConnections();
  });
  return (server.address() as AddressInfo).port;
}

/** A response that was read to its end. */
export interface Reply {
  readonly status: number;
  /** Lower-case names. */
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

/** A header with a list is sent once for each value. */
export type SentHeaders = Readonly<Record<string, string | string[]>>;

/**
 * Posts a body as `application/json`, unless `headers` say otherwise.
 * @param body text and bytes go out as they are, anything else as JSON
 */
export async function postJson(
  url: string,
  body: unknown,
  headers: SentHeaders = {},
): Promise<Reply> {
  const isRaw = typeof body === 'string' || Buffer.isBuffer(body);
  const { statusCode, ...response } = await request(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...headers },
    body: isRaw ? body : JSON.stringify(body),
  });
  return { status: statusCode, headers: response.headers, text: await response.body.text() };
}

/** @returns the parsed body of a reply; the test states its shape */
export function jsonOf<T>({ text }: Reply): T {
  return JSON.parse(text) as T;
}

/** Sends a request byte for byte, as Latin-1. @returns all that came back until the connection closed */
export async function rawRequest(port: number, text: string): Promise<string> {
  const socket = connect(port, '127.0.0.1');
  await once(socket, 'connect');
  socket.write(text, 'latin1');
  let answer = '';
  for await (const chunk of socket) answer += chunk;
  return answer;
}
