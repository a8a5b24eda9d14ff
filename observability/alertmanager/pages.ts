/**
 * Receives Alertmanager's webhook and shows the last pages, newest first: what a pager would have
 * said. https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Pages kept at most. */
const CAPACITY = 200;
const MAX_BODY_BYTES = 1024 * 1024;

/** One notification: a group of alerts that fire or have ended. */
export interface Page {
  /** When it came, RFC 3339. */
  readonly receivedAt: string;
  readonly status: 'firing' | 'resolved';
  readonly alerts: readonly PagedAlert[];
}

export interface PagedAlert {
  readonly status: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** RFC 3339. */
  readonly startsAt: string;
}

export interface PageReceiver {
  readonly url: string;
  /** Newest first. */
  pages(): readonly Page[];
  close(): Promise<void>;
}

/**
 * Starts the receiver: `POST /` takes a page, `GET /` shows them, `GET /pages` gives them as JSON.
 * @throws {Error} EADDRINUSE
 */
export async function startPages({
  port,
  host = '127.0.0.1',
}: {
  /** 0 takes a free one. */
  readonly port: number;
  readonly host?: string;
}): Promise<PageReceiver> {
  const pages: Page[] = [];
  const server = createServer((request, response) => {
    serve(request, response, pages).catch(() =>
      answer(response, 400, 'text/plain', 'this is no webhook message of Alertmanager\n'),
    );
  });
  server.listen(port, host);
  await once(server, 'listening');
  return {
    url: `http://${host}:${(server.address() as AddressInfo).port}`,
    pages: () => pages,
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  pages: Page[],
): Promise<void> {
  const path = (request.url ?? '/').split('?', 1)[0];
  if (request.method === 'POST' && path === '/') {
    pages.unshift(toPage(JSON.parse(await bodyOf(request))));
    pages.length = Math.min(pages.length, CAPACITY);
    return answer(response, 200, 'text/plain', 'ok\n');
  }
  if (path === '/healthz') return answer(response, 200, 'text/plain', 'ok\n');
  if (path === '/pages') return answer(response, 200, 'application/json', JSON.stringify(pages));
  if (path === '/') return answer(response, 200, 'text/html; charset=utf-8', html(pages));
  answer(response, 404, 'text/plain', 'see GET / and GET /pages\n');
}

/** @throws {Error} when it is too large; it is read to its end, so that the answer is seen */
async function bodyOf(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of request.setEncoding('utf8')) {
    if (body.length <= MAX_BODY_BYTES) body += chunk;
  }
  if (body.length > MAX_BODY_BYTES) throw new Error('the page is too large');
  return body;
}

type Message = { readonly status: Page['status']; readonly alerts: readonly PagedAlert[] };

/** @throws {TypeError} when it is no message of Alertmanager's version 4 */
function toPage({ status, alerts }: Message): Page {
  return { receivedAt: new Date().toISOString(), status, alerts: alerts.map(toAlert) };
}

function toAlert({ status, labels, annotations, startsAt }: PagedAlert): PagedAlert {
  const texts = [status, startsAt, ...Object.values(labels), ...Object.values(annotations)];
  if (!texts.every((text) => typeof text === 'string')) throw new TypeError('not an alert');
  return { status, labels, annotations, startsAt };
}

function answer(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'content-type': type, 'x-content-type-options': 'nosniff' });
  response.end(body);
}

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '"': '&quot;' };

function escaped(text: string): string {
  return text.replaceAll(/[&<"]/g, (character) => ESCAPES[character] ?? character);
}

function html(pages: readonly Page[]): string {
  const rows = pages.flatMap(({ receivedAt, alerts }) =>
    alerts.map(({ status, labels, annotations, startsAt }) => {
      const { alertname = '?', severity = '', ...others } = labels;
      const rest = Object.entries(others).map(([name, value]) => `${name}=${value}`);
      const cells = [receivedAt, status, severity, alertname, annotations['summary'] ?? ''];
      return [...cells, rest.join(' '), startsAt].map((cell) => `<td>${escaped(cell)}`).join('');
    }),
  );
  const heads = ['came', 'status', 'severity', 'alert', 'summary', 'labels', 'since'];
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="5">
<title>Pages</title>
<style>body{font:14px system-ui;margin:2rem}td,th{padding:.3rem .8rem;text-align:left;border-bottom:1px solid #ccc}</style>
<h1>Pages</h1>
<p>What Alertmanager sent, newest first${pages.length === 0 ? ': nothing yet' : ''}.
<table><tr>${heads.map((head) => `<th>${head}`).join('')}${rows.map((row) => `<tr>${row}`).join('')}</table></html>
`;
}
