/** The console: a page on a port of its own that shows the local stack, and a small API that only passes on what others know. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { alertsData, runbook } from './alerts.ts';
import { readJson } from './body.ts';
import { makeCall, modelNames, upstreamData } from './calls.ts';
import { dashboardOf, readDashboards } from './dashboards.ts';
import { clearFaults, faultsData, setFaults } from './faults.ts';
import { type PageFile, readPage } from './files.ts';
import { findData } from './find.ts';
import { checkSender, setSecurityHeaders } from './guard.ts';
import { objectivesData } from './objectives.ts';
import type { ConsoleOptions } from './options.ts';
import { annotationData, panelData, variableValues } from './panels.ts';
import { Refusal } from './refusal.ts';
import { partsData } from './stack-parts.ts';

export interface Console {
  readonly url: string;
  close(): Promise<void>;
}

/** An answer as JSON, or one that the route has sent itself. */
type Route = (
  request: IncomingMessage,
  query: URLSearchParams,
  response: ServerResponse,
) => unknown;

function apiRoutes({ parts, sources }: ConsoleOptions): Readonly<Record<string, Route>> {
  const dashboards = readDashboards();
  const panels = { parts, dashboards, now: Date.now };
  return {
    'GET /healthz': () => ({ status: 'ok' }),
    'GET /api/parts': () => partsData(parts),
    'GET /api/objectives': () => objectivesData(parts),
    'GET /api/alerts': () => alertsData(parts),
    'GET /api/dashboards': () =>
      [...dashboards.values()].map(({ uid, title, description }) => ({ uid, title, description })),
    'GET /api/dashboard': (_, query) => dashboardOf(dashboards, query.get('dashboard')),
    'GET /api/panel': (_, query) => panelData(panels, query),
    'GET /api/values': (_, query) => variableValues(panels, query),
    'GET /api/annotations': (_, query) => annotationData(panels, query),
    'GET /api/models': () => modelNames(parts),
    'GET /api/upstream': () => upstreamData(parts),
    'POST /api/call': async (request, _, response) =>
      makeCall(parts, await readJson(request), response),
    'GET /api/find': (_, query) => findData({ parts, sources }, query.get('id') ?? ''),
    'GET /api/faults': () => faultsData(parts),
    'PUT /api/faults': async (request) => setFaults(parts, await readJson(request)),
    'DELETE /api/faults': () => clearFaults(parts),
  };
}

/** Starts the console. @throws {Error} EADDRINUSE */
export async function startConsole(options: ConsoleOptions): Promise<Console> {
  const routes = apiRoutes(options);
  const files = readPage();
  const server = createServer((request, response) => {
    setSecurityHeaders(response);
    serve(request, response, routes, files).catch((error: unknown) => refuse(response, error));
  });
  server.listen(options.port, options.host);
  await once(server, 'listening');
  return {
    url: `http://${options.host}:${(server.address() as AddressInfo).port}`,
    async close() {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

/** @throws {Refusal} */
async function serve(
  request: IncomingMessage,
  response: ServerResponse,
  routes: Readonly<Record<string, Route>>,
  files: ReadonlyMap<string, PageFile>,
): Promise<void> {
  const [path = '/', query = ''] = (request.url ?? '/').split('?', 2);
  const isApi = path.startsWith('/api/');
  checkSender(request, isApi);
  const route = routes[`${request.method} ${path}`];
  if (!route && !isApi) {
    sendFile(request, response, path, files);
    return;
  }
  if (!route) throw new Refusal(404, 'The console has no such question.');
  const answer = await route(request, new URLSearchParams(query), response);
  if (!response.headersSent) sendJson(response, 200, answer);
}

const TEXT = 'text/plain; charset=utf-8';
const RUNBOOK = /^\/runbooks\/([\w-]+\.md)$/;

function sendFile(
  { method }: IncomingMessage,
  response: ServerResponse,
  path: string,
  files: ReadonlyMap<string, PageFile>,
): void {
  if (method !== 'GET' && method !== 'HEAD') throw new Refusal(405, 'Files can only be read.');
  const [, name] = RUNBOOK.exec(path) ?? [];
  const file = name ? { type: TEXT, body: runbook(name) } : files.get(path);
  if (!file) throw new Refusal(404, 'The console has no such page.');
  response.writeHead(200, { 'content-type': file.type });
  response.end(method === 'HEAD' ? undefined : file.body);
}

function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(`${JSON.stringify(body ?? null)}\n`);
}

function refuse(response: ServerResponse, error: unknown): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  if (error instanceof Refusal) {
    const { status, message, hint } = error;
    sendJson(response, status, { error: message, hint });
    return;
  }
  process.stderr.write(`${(error as Error)?.stack ?? error}\n`);
  sendJson(response, 500, { error: 'The console has a fault of its own; its log says more.' });
}
