/** The console's server: who is served, what it asks Prometheus, and what it says of what is not there. */
import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { describe, test } from 'node:test';
import { readJson } from './body.ts';
import {
  NOWHERE,
  partAt,
  send,
  sentence,
  startPart,
  startRecordedPrometheus,
  startTestConsole,
} from './testing-console.ts';

const prometheus = await startRecordedPrometheus();
const html = await startPart((_, response) => response.end('<html>another program</html>'));
const refusing = await startPart((_, response) => {
  response.writeHead(422);
  response.end(JSON.stringify({ status: 'error', error: 'parse error <b>' }));
});
const breaking = await startPart((_, response) => {
  response.writeHead(200, { 'content-length': 100 });
  response.write('{"status":', () => response.destroy());
});
const { url } = await startTestConsole({ prometheus: partAt(prometheus.url), simulator: NOWHERE });
const empty = await startTestConsole({ prometheus: NOWHERE, service: NOWHERE, simulator: NOWHERE });

describe('console: it serves nobody but its own page on this machine', () => {
  for (const host of ['localhost', '127.0.0.1:8090', '[::1]:8090', 'LOCALHOST.']) {
    test(`host ${host} is served`, async () => {
      assert.equal((await send(url, '/', { headers: { host } })).status, 200);
    });
  }
  for (const host of ['evil.example', '10.0.0.7', 'localhost.evil.example', 'console']) {
    test(`host ${host} is refused, the page too`, async () => {
      for (const path of ['/', '/api/parts', '/healthz']) {
        assert.equal((await send(url, path, { headers: { host } })).status, 403, path);
      }
    });
  }
  test('a Host that names no host is refused', async () => {
    assert.equal((await send(url, '/', { headers: { host: 'a b' } })).status, 400);
  });

  const host = new URL(url).host;
  const foreign: [name: string, headers: Record<string, string>][] = [
    ['another site', { origin: 'https://evil.example' }],
    ['the same name on another port', { origin: 'http://127.0.0.1:1' }],
    ['a frame without an origin', { origin: 'null' }],
    ['a link of another site', { 'sec-fetch-site': 'cross-site' }],
    ['another port of this machine', { 'sec-fetch-site': 'same-site' }],
  ];
  for (const [name, headers] of foreign) {
    test(`the API refuses ${name}`, async () => {
      assert.equal((await send(url, '/api/parts', { headers })).status, 403);
      const put = { method: 'PUT', headers: { 'content-type': 'application/json', ...headers } };
      assert.equal((await send(url, '/api/faults', { ...put, body: '{"on":[]}' })).status, 403);
    });
  }
  test('the API serves its own origin', async () => {
    const headers = { origin: `http://${host}`, 'sec-fetch-site': 'same-origin' };
    assert.equal((await send(url, '/api/parts', { headers })).status, 200);
  });
  test('the page may be reached by a link of another site', async () => {
    const headers = { 'sec-fetch-site': 'cross-site' };
    assert.equal((await send(url, '/', { headers })).status, 200);
  });
});

const POLICY = [
  ...["default-src 'none'", "script-src 'self'", "style-src 'self'", "frame-ancestors 'none'"],
  ...["require-trusted-types-for 'script'", "trusted-types 'none'"],
];

describe('console: every response keeps other code and other pages out', () => {
  for (const path of ['/', '/main.js', '/nothing', '/api/nothing', '/runbooks/Watchdog.md']) {
    test(path, async () => {
      const { headers } = await send(url, path);
      const policy = String(headers['content-security-policy']);
      for (const part of POLICY) assert(policy.includes(part), policy);
      assert(!/unsafe|https?:|\*/.test(policy), policy);
      assert.equal(headers['x-content-type-options'], 'nosniff');
    });
  }
  test('the page has no inline script and no inline style', async () => {
    const { body } = await send(url, '/');
    assert(!/<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=/i.test(body));
  });
});

describe('console: a path is never a path of the file system', () => {
  for (const path of [
    '/../package.json',
    '/%2e%2e/package.json',
    '/..%2f..%2fpackage.json',
    '/runbooks/../slo.ts',
    '/runbooks/..%2fslo.ts.md',
    '/runbooks/nothing.md',
    '/server.ts',
    '//etc/passwd',
    '/constructor',
  ]) {
    test(path, async () => assert.equal((await send(url, path)).status, 404));
  }
  test('files can only be read', async () => {
    assert.equal((await send(url, '/', { method: 'DELETE' })).status, 405);
  });
  test('a runbook is text', async () => {
    const { status, headers, body } = await send(url, '/runbooks/Watchdog.md');
    assert.equal(status, 200);
    assert.equal(headers['content-type'], 'text/plain; charset=utf-8');
    assert(body.startsWith('# Watchdog'));
  });
});

describe('console: it asks Prometheus only what the dashboards ask', () => {
  test('an expression of the request is not looked at', async () => {
    const before = prometheus.asked.length;
    const path = '/api/panel?dashboard=claude-calls&panel=3&expr=up&query=up&target=up';
    const { status, body } = await send(url, path);
    assert.equal(status, 200);
    const [target] = (JSON.parse(body) as { targets: { expr: string }[] }).targets;
    assert.match(target?.expr ?? '', /^sum \(claude_api_calls_in_flight\{/);
    const queries = prometheus.asked.slice(before).map((form) => form.get('query'));
    assert(queries.includes(target?.expr ?? ''), queries.join());
  });
  const wrong: [path: string, status: number, words: RegExp][] = [
    ['panel?dashboard=nothing&panel=1', 404, /no such dashboard/],
    ['panel?dashboard=claude-calls&panel=999', 404, /no such panel/],
    ['panel?dashboard=claude-calls&panel=1&range=60', 400, /no such range/],
    ['panel?dashboard=claude-calls&panel=1&var-nothing=1', 400, /no such variable/],
    ['panel?dashboard=claude-calls&panel=1&var-model=a%0Ab', 400, /no value of the variable model/],
    [`panel?dashboard=claude-calls&panel=1&var-model=${'a'.repeat(201)}`, 400, /no value/],
    [`panel?dashboard=claude-calls&panel=1${'&var-model=a'.repeat(21)}`, 400, /no value/],
    ['panel?dashboard=claude-one-id&panel=3', 400, /asks Prometheus alone/],
    ['values?dashboard=claude-calls&variable=datasource', 404, /no such list/],
    ['values?dashboard=claude-calls&variable=__proto__', 404, /no such list/],
    ['dashboard?dashboard=__proto__', 404, /no such dashboard/],
  ];
  for (const [path, status, words] of wrong) {
    test(`${path.slice(0, 80)} is refused in words`, async () => {
      const before = prometheus.asked.length;
      const reply = await send(url, `/api/${path}`);
      assert.equal(reply.status, status, reply.body);
      assert.match(sentence(reply), words);
      assert.equal(prometheus.asked.length, before);
    });
  }
});

describe('console: a bad body is refused in words', () => {
  const type = { 'content-type': 'application/json' };
  const bad: [name: string, headers: Record<string, string>, body: string, status: number][] = [
    ['a form of another page', { 'content-type': 'text/plain' }, '{"on":[]}', 415],
    ['no JSON', type, '{', 400],
    ['no names', type, '{"on":1}', 400],
    ['more than is asked', type, '{"on":[],"faults":[{"kind":"hang"}]}', 400],
    ['an unknown switch', type, '{"on":["constructor"]}', 404],
    ['too much', type, `{"on":["${'a'.repeat(300_000)}"]}`, 413],
  ];
  for (const [name, headers, body, status] of bad) {
    test(name, async () => {
      const reply = await send(url, '/api/faults', { method: 'PUT', headers, body });
      assert.equal(reply.status, status, reply.body);
      assert(sentence(reply).endsWith('.'));
    });
  }
  test('a sender that goes away in the middle of it is refused, and is no fault of the console', async () => {
    const body = new Readable({ read: () => body.destroy(new Error('aborted')) });
    const request = Object.assign(body, { headers: type }) as unknown as IncomingMessage;
    await assert.rejects(readJson(request), { status: 400, message: 'The body broke off.' });
  });
  test('a call without a prompt, with the field that is missing', async () => {
    const reply = await send(url, '/api/call', { method: 'POST', headers: type, body: '{}' });
    assert.equal(reply.status, 400);
    assert.match(sentence(reply), /prompt/);
  });
});

describe('console: what is not there is said in plain words', () => {
  const missing: [path: string, words: RegExp][] = [
    ['alerts', /^Prometheus is not there\.$/],
    ['objectives', /^Prometheus is not there/],
    ['values?dashboard=claude-calls&variable=job', /^Prometheus is not there/],
    ['models', /^The service is not there/],
    ['faults', /^The simulator is not there/],
  ];
  for (const [path, words] of missing) {
    test(path.slice(0, 30), async () => {
      const reply = await send(empty.url, `/api/${path}`);
      assert.equal(reply.status, 502);
      assert.match(sentence(reply), words);
      assert.match(reply.body, /looked for at http:\/\/127\.0\.0\.1:1\. “make status”/);
    });
  }
  test('a panel says it for each of its expressions', async () => {
    const { status, body } = await send(empty.url, '/api/panel?dashboard=claude-calls&panel=7');
    assert.equal(status, 200);
    const { targets } = JSON.parse(body) as { targets: { error?: string }[] };
    assert(targets.length > 1);
    for (const { error } of targets) assert.match(error ?? '', /^Prometheus is not there/);
  });
  test('the parts are listed with what is there', async () => {
    const { body } = await send(url, '/api/parts');
    const parts = JSON.parse(body) as { name: string; isThere: boolean }[];
    assert.deepEqual(
      parts.map(({ name, isThere }) => [name, isThere]),
      [
        ['prometheus', true],
        ['simulator', false],
      ],
    );
  });
  test('a stack that has no such part says so', async () => {
    const reply = await send(url, '/api/models');
    assert.equal(reply.status, 404);
    assert.equal(sentence(reply), 'This stack has nothing as the service.');
  });
  test('another program on the port is recognised', async () => {
    const other = await startTestConsole({ prometheus: partAt(html) });
    const reply = await send(other.url, '/api/alerts');
    assert.equal(reply.status, 502);
    assert.match(sentence(reply), /^What answers as Prometheus is something else/);
  });
  test('a Prometheus that breaks off in the middle of its answer is not called another program', async () => {
    const other = await startTestConsole({ prometheus: partAt(breaking) });
    assert.equal(sentence(await send(other.url, '/api/alerts')), 'Prometheus is not there.');
  });
  test('what Prometheus refuses is passed on', async () => {
    const other = await startTestConsole({ prometheus: partAt(refusing) });
    assert.equal(
      sentence(await send(other.url, '/api/alerts')),
      'Prometheus refuses: parse error <b>',
    );
  });
});
