import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { listen, rawRequest } from '../testing/http.ts';
import { createHostCheck, type HostOptions } from './hosts.ts';

const HOSTS: readonly [host: string, options: HostOptions, verdict: string][] = [
  ['localhost', { allowed: [] }, 'served'],
  ['LOCALHOST.:8080', { allowed: [] }, 'served'],
  ['localhost:', { allowed: [] }, 'served'],
  ['127.0.0.1:8080', { allowed: [] }, 'served'],
  ['127.255.0.9', { allowed: [] }, 'served'],
  ['[::1]:8080', { allowed: [] }, 'served'],
  ['[0:0:0:0:0:0:0:1]', { allowed: [] }, 'served'],
  ['[::ffff:127.0.0.1]', { allowed: [] }, 'served'],
  ['evil.example:8080', { allowed: [] }, 'foreign'],
  ['localhost.evil.example', { allowed: [] }, 'foreign'],
  ['127.0.0.1.evil.example', { allowed: [] }, 'foreign'],
  ['127.evil.example', { allowed: [] }, 'foreign'],
  ['0.0.0.0:8080', { allowed: [] }, 'foreign'],
  ['10.0.0.7:8080', { allowed: [] }, 'foreign'],
  ['[2001:db8::1]', { allowed: [] }, 'foreign'],
  ['10.0.0.7:9464', { allowed: [], anyAddress: true }, 'served'],
  ['[2001:db8::1]', { allowed: [], anyAddress: true }, 'served'],
  ['1.2.3.4.evil.example', { allowed: [], anyAddress: true }, 'foreign'],
  ['Service:8080', { allowed: ['service'] }, 'served'],
  ['service.', { allowed: ['service'] }, 'served'],
  ['notservice', { allowed: ['service'] }, 'foreign'],
  ['service.evil.example', { allowed: ['service'] }, 'foreign'],
  ['[2001:DB8::1]:8080', { allowed: ['2001:db8::1'] }, 'served'],
  ['evil.example', { allowed: ['*'] }, 'served'],
  ['', { allowed: ['*'] }, 'malformed'],
  ['user@localhost', { allowed: ['*'] }, 'malformed'],
  ['localhost@evil.example', { allowed: [] }, 'malformed'],
  ['localhost/evil', { allowed: [] }, 'malformed'],
  ['localhost, evil.example', { allowed: [] }, 'malformed'],
  ['localhost:80:80', { allowed: [] }, 'malformed'],
  ['[::1', { allowed: [] }, 'malformed'],
  ['.', { allowed: ['*'] }, 'malformed'],
];
for (const [host, options, verdict] of HOSTS) {
  test(`Host ${host || '(empty)'}, where ${JSON.stringify(options)}: ${verdict}`, async (t) => {
    const check = createHostCheck(options);
    const server = createServer({ requireHostHeader: false }, (request, response) => {
      response.end(check(request));
    });
    const port = await listen(t, server);
    const answer = await rawRequest(
      port,
      `GET / HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`,
    );
    assert.match(answer, new RegExp(`${verdict}(\r\n0)?\\s*$`));
  });
}

test('a request of HTTP/1.0 without Host: foreign, and served where every host is', async (t) => {
  for (const [allowed, verdict] of [
    [[], 'foreign'],
    [['*'], 'served'],
  ] as const) {
    const check = createHostCheck({ allowed });
    const server = createServer((request, response) => {
      response.end(check(request));
    });
    const answer = await rawRequest(await listen(t, server), 'GET / HTTP/1.0\r\n\r\n');
    assert(answer.endsWith(verdict), answer);
  }
});
