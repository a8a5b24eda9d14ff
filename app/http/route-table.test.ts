/** The table of routes against Express' own router, over the same targets. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';
import express, { type Request } from 'express';
import { listen, rawRequest } from '../testing/http.ts';
import { createRouteTable, type Found, type Row } from './route-table.ts';

const ROWS: readonly Row[] = [
  { method: 'get', path: '/v1/models' },
  { method: 'get', path: '/v1/models/:id' },
  { method: 'post', path: '/v1/messages' },
  { method: 'get', path: '/v1/messages/batches' },
  { method: 'post', path: '/v1/messages/batches' },
  { method: 'get', path: '/v1/messages/batches/:id' },
  { method: 'delete', path: '/v1/messages/batches/:id' },
  { method: 'post', path: '/v1/messages/batches/:id/cancel' },
];

const METHODS = ['GET', 'HEAD', 'POST', 'DELETE', 'PUT', 'PATCH', 'PROPFIND', 'OPTIONS'];
const TARGETS = [
  '/v1/models',
  '/v1/models/',
  '/v1/models//',
  '//v1/models',
  '/V1/Models',
  '/v1/models?a=1',
  '/v1/models/?a=1',
  '/v1/models?/v1/messages',
  '/v1/models#a',
  '/v1/models;a=1',
  '/v1/models%2f',
  '/v1/models/m',
  '/v1/models/m/',
  '/v1/models/m?id=n',
  '/v1/models/%6d',
  '/v1/models/a%2Fb',
  '/v1/models/%ff',
  '/v1/models/%',
  '/v1/models/a/b',
  '/v1/models/__proto__',
  '/v1/models/..',
  '/v1/./models',
  '/v1\\models',
  '/v1/messages',
  '/v1/messages/batches',
  '/v1/messages/batches/b',
  '/v1/messages/batches/b/cancel',
  '/v1/messages/batches//cancel',
  '/v1/messages/batches/b/cancel/',
  'http://localhost/v1/models/m?a=1',
  'HTTP://user@localhost:1/V1/messages/',
  'http://localhost',
  '*',
  '/',
];

const NONE = 'none';

/** As the service uses the table. */
function byTable(found: Found<Row> | undefined, request: Request): string {
  if (!found) return NONE;
  try {
    const params = JSON.stringify(found.params(request));
    const row = found.rows.get(request.method);
    return row ? `${row.method} ${row.path} ${params}` : `405 ${found.path} ${found.allowed}`;
  } catch {
    return '400';
  }
}

test('route table: it finds what Express finds, for every method and any spelling of a target', async (t) => {
  const find = createRouteTable(ROWS);
  const app = express();
  // Express prints what it answers with 400.
  app.set('env', 'test');
  let table = '';
  app.use((request, _response, next) => {
    table = byTable(find(request), request);
    next();
  });
  for (const { method, path } of ROWS) {
    app.route(path)[method]((request, response) => {
      response.locals['answer'] = `${method} ${path} ${JSON.stringify(request.params)}`;
      response.end();
    });
  }
  for (const [path, rows] of Map.groupBy(ROWS, ({ path }) => path)) {
    const allowed = rows.map(({ method }) => method.toUpperCase()).join(', ');
    app.all(path, (_request, response) => {
      response.locals['answer'] = `405 ${path} ${allowed}`;
      response.end();
    });
  }
  const seen: { target: string; table: string; express: string }[] = [];
  const server = createServer((request, response) => {
    table = NONE;
    response.on('finish', () => {
      const answer = (response as { locals?: Record<string, string> }).locals?.['answer'];
      const express = answer ?? (response.statusCode === 404 ? NONE : String(response.statusCode));
      seen.push({ target: `${request.method} ${request.url}`, table, express });
    });
    app(request, response);
  });
  const port = await listen(t, server);
  for (const method of METHODS) {
    for (const target of TARGETS) {
      await rawRequest(
        port,
        `${method} ${target} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n`,
      );
    }
  }
  assert.equal(seen.length, METHODS.length * TARGETS.length);
  for (const { target, table, express } of seen) assert.equal(table, express, target);
  assert(seen.some(({ table }) => table.includes('"id":"a/b"')));
});
