/**
 * A webhook receiver that keeps Alertmanager's last notifications and shows them, newest first: what a
 * pager, a ticket system and a dead-man's switch would have been sent. It has the runbooks, too, to which alerts
 * link. https://prometheus.io/docs/alerting/latest/configuration/#webhook_config
 */
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Maximum number of notifications kept. */
const CAPACITY = 200;
const MAX_BODY_BYTES = 1024 * 1024;

/** A group of alerts that fire or are resolved. */
export interface Notification {
  /** When it arrived, RFC 3339. */
  readonly receivedAt: string;
  /** Whom Alertmanager told: the receiver's name in its configuration. */
  readonly receiver: string;
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
  /** When the watchdog was last heard, RFC 3339. */
  watchdogAt(): string | undefined;
  close(): Promise<void>;
}

/**
 * Starts the receiver: `POST /` takes a notification, `POST /watchdog` only notes when. `GET /` shows them as HTML,
 * `GET /notifications` gives them as JSON, `GET /runbooks/<alert>.md` a runbook.
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
  const kept: Kept = { notifications: [], watchdogAt: undefined };
  const server = createServer((request, response) => {
    serve(request, response, kept).catch(() =>
      send(response, 400, 'text/plain', 'the body is no webhook message of Alertmanager\n'),
    );
  });
  server.listen(port, host);
  await once(server, 'listening');
  return {
    url: `http://${host}:${(server.address() as AddressInfo).port}`,
    notifications: () => kept.notifications,
    watchdogAt: () => kept.watchdogAt,
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

interface Kept {
  readonly notifications: Notification[];
  watchdogAt: string | undefined;
}

async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  kept: Kept,
): Promise<void> {
  const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
  if (request.method === 'POST') return take(request, response, path, kept);
  if (path === '/healthz') return send(response, 200, 'text/plain', 'ok\n');
  if (path === '/') return send(response, 200, 'text/html; charset=utf-8', html(kept));
  if (path === '/notifications') {
    return send(response, 200, 'application/json', JSON.stringify(kept.notifications));
  }
  const runbook = await readRunbook(path);
  if (runbook !== undefined) return send(response, 200, 'text/plain; charset=utf-8', runbook);
  send(response, 404, 'text/plain', 'see GET / and GET /notifications\n');
}

async function take(
  request: IncomingMessage,
  response: ServerResponse,
  path: string,
  kept: Kept,
): Promise<void> {
  const notification = toNotification(JSON.parse(await readBody(request)));
  if (path === '/watchdog') {
    kept.watchdogAt = notification.receivedAt;
  } else if (path === '/') {
    kept.notifications.unshift(notification);
    kept.notifications.length = Math.min(kept.notifications.length, CAPACITY);
  } else {
    return send(response, 404, 'text/plain', 'see POST / and POST /watchdog\n');
  }
  send(response, 200, 'text/plain', 'ok\n');
}

/** @returns the text of a runbook, or undefined where there is none */
async function readRunbook(path: string): Promise<string | undefined> {
  const [, name] = /^\/runbooks\/(\w+\.md)$/.exec(path) ?? [];
  if (!name) return undefined;
  return readFile(new URL(`../runbooks/${name}`, import.meta.url), 'utf8').catch(() => undefined);
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

type Message = Omit<Notification, 'receivedAt'>;

/** @throws {TypeError} when it is not a message of Alertmanager's version 4 */
function toNotification({ receiver, status, alerts }: Message): Notification {
  if (typeof receiver !== 'string') throw new TypeError('not a message');
  return { receivedAt: new Date().toISOString(), receiver, status, alerts: alerts.map(toAlert) };
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

const COLUMNS = ['received', 'by', 'status', 'severity', 'alert', 'summary', 'labels', 'since'];

function row(
  { receivedAt, receiver }: Notification,
  { status, labels, annotations, startsAt }: Alert,
): string {
  const { alertname = '?', severity = '', ...others } = labels;
  const rest = Object.entries(others).map(([name, value]) => `${name}=${value}`);
  const cells = [receivedAt, receiver, status, severity, alertname, annotations['summary'] ?? ''];
  return [...cells, rest.join(' '), startsAt].map((cell) => `<td>${escaped(cell)}`).join('');
}

function html({ notifications, watchdogAt }: Kept): string {
  const rows = notifications.flatMap((notification) =>
    notification.alerts.map((alert) => row(notification, alert)),
  );
  return `<!doctype html><html lang="en"><meta charset="utf-8"><meta http-equiv="refresh" content="5">
<title>Notifications</title>
<style>body{font:14px system-ui;margin:2rem}td,th{padding:.3rem .8rem;text-align:left;border-bottom:1px solid #ccc}</style>
<h1>Notifications</h1>
<p>The notifications of Alertmanager, newest first${notifications.length === 0 ? ': none yet' : ''}.
The watchdog was last heard at ${watchdogAt ?? '…, never'}.
<table><tr>${COLUMNS.map((column) => `<th>${column}`).join('')}${rows.map((cells) => `<tr>${cells}`).join('')}</table></html>
`;
}
