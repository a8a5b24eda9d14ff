/** The output of wrk is read exactly, and a figure with errors is none. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { listen } from '../../app/testing/http.ts';
import { findTool } from '../../observability/local/paths.ts';
import { parseWrk, runWrk } from './wrk.ts';

const line = (errors: object, requests = 40_000) =>
  `Running 4s test\n  Requests/sec: 9999\n\nbench ${JSON.stringify({
    requests,
    durationUs: 4_000_000,
    p50Us: 1_250,
    p99Us: 3_900,
    errors: { connect: 0, read: 0, write: 0, status: 0, timeout: 0, ...errors },
  })}\n`;

test('parseWrk: takes the exact line and not the rounded report', () => {
  assert.deepEqual(parseWrk(line({})), {
    requests: 40_000,
    perSecond: 10_000,
    p50Ms: 1.25,
    p99Ms: 3.9,
    invalid: '',
  });
});

test('parseWrk: errors of any kind make the figure invalid, and are named', () => {
  assert.equal(parseWrk(line({ status: 3, timeout: 1 })).invalid, '3 × status, 1 × timeout');
  for (const kind of ['connect', 'read', 'write', 'status', 'timeout']) {
    assert.equal(parseWrk(line({ [kind]: 2 })).invalid, `2 × ${kind}`);
  }
});

test('parseWrk: no answer at all is no figure', () => {
  assert.equal(parseWrk(line({}, 0)).invalid, 'no answer at all');
});

test('parseWrk: an output without the line is shown', () => {
  assert.throws(() => parseWrk('unable to connect'), /wrk said: unable to connect/);
});

const skip = findTool('wrk') ? false : 'wrk is neither in .tools nor on PATH';

test('runWrk: sends the body and the headers, and counts refusals as errors', {
  skip,
}, async (t) => {
  const seen = new Set<string>();
  const server = createServer(async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    seen.add(`${request.method} ${request.url} ${request.headers['x-a']} ${body}`);
    response.writeHead(503).end();
  });
  const url = `http://127.0.0.1:${await listen(t, server)}`;
  const folder = mkdtempSync(join(tmpdir(), 'wrk-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const bodyFile = join(folder, 'body');
  writeFileSync(bodyFile, '{"a":"]]"}');
  const headers = { 'x-a': 'b: c' };
  const { invalid, requests } = await runWrk({
    url,
    connections: 1,
    seconds: 1,
    bodyFile,
    headers,
  });
  assert.deepEqual([...seen], ['POST /v1/messages b: c {"a":"]]"}']);
  assert.equal(invalid, `${requests} × status`);
});
