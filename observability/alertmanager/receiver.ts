/**
 * A webhook receiver that keeps Alertmanager's last notifications and shows them, newest first: what a
 * pager would have been sent. https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Maximum number of notifications kept. */
const CAPACITY = 200;
const MAX_BODY_BYTES = 1024 * 1024;

/** A group of alerts that fire or are resolved. */
export interface Notification {
  /** When it arrived, RFC 3339. */
  readonly receivedAt: string;
  readonly status: 'firing' | 'resolved';
  readonly alerts: readonly Alert[];
}

export interface Alert {
  readonly status: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  /** RFC 3339. */
  readonly startsAt: string;
}

export interface Receiver {
  readonly url: string;
  /** Newest first. */
  notifications(): readonly Notification[];
  close(): Promise<void>;
}

/**
 * Starts the receiver: `POST /` takes a notification, `GET /` shows them as HTML, `GET /notifications`
 * gives them as JSON.
 * @throws {Error} EADDRINUSE
 */
export async function startReceiver({
  port,
  host = '127.0.0.1',
}: {
  /** 0 takes a free one. */
  readonly port: number;
  readonly host?: string;
}): Promise<Receiver> {
  const notifications: Notification[] = [];
  const server = createServer((request, response) => {
    serve(request, response, notifications).catch(() =>
      send(response, 400, 'text/plain', 'the body is no webhook message of Alertmanager\n'),
    );
  });
  server.listen(port, host);
  await once(server, 'listening');
  return {
    url: `http://${host}:${(server.address() as AddressInfo).port}`,
    notifications: () => notifications,
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
  notifications: Notification[],
): Promise<void> {
  const path = (request.url ?? '/').split('?', 1)[0];
  if (request.method === 'POST' && path === '/') {
    notifications.unshift(toNotification(JSON.parse(await readBody(request))));
    notifications.length = Math.min(notifications.length, CAPACITY);
    return send(response, 200, 'text/plain', 'ok\n');
  }
  if (path === '/healthz') return send(response, 200, 'text/plain', 'ok\n');
  if (path === '/') return send(response, 200, 'text/html; charset=utf-8', html(notifications));
  if (path === '/notifications') {
    return send(response, 200, 'application/json', JSON.stringify(notifications));
  }
  send(response, 404, 'text/plain', 'see GET / and GET /notifications\n');
}

/** Reads a body to its end even when it is too large, so that the sender sees the response. @throws {Error} */
async function readBody(request: IncomingMessage): Promise<string> {
  let body = '';
  for await (const chunk of request.setEncoding('utf8')) {
    if (body.length <= MAX_BODY_BYTES) body += chunk;
  }
  if (body.length > MAX_BODY_BYTES) throw new Error('the notification is too large');
  return body;
}

type Message = { readonly status: Notification['status']; readonly alerts: readonly Alert[] };

/** @throws {TypeError} when it is not a message of Alertmanager's version 4 */
function toNotification({ status, alerts }: Message): Notification {
  return { receivedAt: new Date().toISOString(), status, alerts: alerts.map(toAlert) };
}

function toAlert({ status, labels, annotations, startsAt }: Alert): Alert {
  const texts = [status, startsAt, ...Object.values(labels), ...Object.values(annotations)];
  if (!texts.every((text) => typeof text === 'string')) throw new TypeError('not an alert');
  return { status, labels, annotations, startsAt };
}

function send(response: ServerResponse, status: number, type: string, body: string): void {
  response.writeHead(status, { 'content-type': type, 'x-content-type-options': 'nosniff' });
  response.end(body);
}

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '"': '&quot;' };

function escaped(text: string): string {
  return text.replaceAll(/[&<"]/g, (character) => ESCAPES[character] ?? character);
}

const COLUMNS = ['received', 'status', 'severity', 'alert', 'summary', 'labels', 'since'];

function row(receivedAt: string, { status, labels, annotations, startsAt }: Alert): string {
  const { alertname = '?', severity = '', ...others } = labels;
  const rest = Object.entries(others).map(([name, value]) => `${name}=${value}`);
  const cells = [receivedAt, status, severity, alertname, annotations['summary'] ?? ''];
  return [...cells, rest.join(' '), startsAt].map((cell) => `<td>${escaped(cell)}`).join('');
}

function html(notifications: readonly Notification[]): string {
  const rows = notifications.flatMap(({ receivedAt, alerts }) =>
    alerts.map((alert) => row(receivedAt, alert)),
  );
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="5">
<title>Notifications</title>
<style>body{font:14px system-ui;margin:2rem}td,th{padding:.3rem .8rem;text-align:left;border-bottom:1px solid #ccc}</style>
<h1>Notifications</h1>
<p>The notifications of Alertmanager, newest first${notifications.length === 0 ? ': none yet' : ''}.
<table><tr>${COLUMNS.map((column) => `<th>${column}`).join('')}${rows.map((cells) => `<tr>${cells}`).join('')}</table></html>
`;
}
