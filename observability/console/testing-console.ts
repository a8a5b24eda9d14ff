/** For tests: a console of its own, a part that answers as the test wants, and requests with any header. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { after } from 'node:test';
import type { TraceSources } from '../local/trace-sources.ts';
import type { Parts } from './ask.ts';
import type { Part, PartName } from './options.ts';
import { type Console, startConsole } from './server.ts';

/** What the tests of the file have opened; a hook inside of a hook would close it at once. */
const opened: (() => unknown)[] = [];
after(() => Promise.all(opened.map((close) => close())));

/** Closes something after the tests of the file. */
export function closeAfterwards(close: () => unknown): void {
  opened.push(close);
}

export interface Reply {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

interface Sent {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

/** Sends a request whose path and headers stay as they are given. */
export async function send(url: string, path: string, sent: Sent = {}): Promise<Reply> {
  const { port } = new URL(url);
  const { method = 'GET', headers = {}, body } = sent;
  const outgoing = request({
    host: '127.0.0.1',
    port,
    path,
    method,
    headers,
    setHost: !headers['host'],
  });
  outgoing.end(body);
  const [response] = (await once(outgoing, 'response')) as [IncomingMessage];
  return {
    status: response.statusCode ?? 0,
    headers: response.headers,
    body: await text(response),
  };
}

/** @returns what the body says, or the sentence of a refusal */
export function sentence({ body }: Reply): string {
  return String((JSON.parse(body) as { error?: string }).error);
}

/** Starts an HTTP server that the tests of the file share; its URL. */
export async function startPart(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<string> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  await once(server, 'listening');
  closeAfterwards(() => {
    server.close();
    server.closeAllConnections();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

export function partAt(url: string): Part {
  return { asked: url, opened: url, healthPath: '/', pagePath: '/' };
}

/** Nothing listens there. */
export const NOWHERE = partAt('http://127.0.0.1:1');

const NO_SOURCES: TraceSources = {
  logName: 'none',
  logLines: async () => [],
  spans: async () => [],
};

/** Starts a console for the tests of the file; parts that are not given are absent. */
export async function startTestConsole(
  parts: Partial<Record<PartName, Part>>,
  sources = NO_SOURCES,
): Promise<Console & { readonly parts: Parts }> {
  const server = await startConsole({ host: '127.0.0.1', port: 0, parts, sources });
  closeAfterwards(() => server.close());
  return { ...server, parts };
}

/** A Prometheus that keeps what it is asked and knows one series. */
export async function startRecordedPrometheus() {
  const asked: URLSearchParams[] = [];
  const url = await startPart(async (incoming, response) => {
    const { search } = new URL(incoming.url ?? '', 'http://prometheus');
    asked.push(new URLSearchParams(search || (await text(incoming))));
    const result = [{ metric: {}, value: [0, '1'], values: [[0, '1']] }];
    response.end(JSON.stringify({ status: 'success', data: { resultType: 'x', result } }));
  });
  return { url, asked };
}
