/** What the shipped configuration of nginx hands on, and what not, by a real nginx. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { test } from 'node:test';
import { listen, rawRequest } from '../../app/testing/http.ts';
import { skipNginx, startNginx } from '../../loadtest/lib/nginx.ts';

const HEALTH = ['/healthz', '/readyz', '/readyz/', '/READYZ', '//readyz', '/%72eadyz', '/readyz?a'];

test('nginx: callers reach no health check of an instance, however they spell it', {
  skip: skipNginx,
}, async (t) => {
  const seen: (string | undefined)[] = [];
  const instance = createServer(({ url }, response) => {
    seen.push(url);
    response.end();
  });
  const nginx = await startNginx('http', [await listen(t, instance)]);
  t.after(() => nginx.stop());
  const port = Number(new URL(nginx.url).port);
  const statusOf = async (target: string) => {
    const answer = await rawRequest(
      port,
      `GET ${target} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n`,
    );
    return answer.split(' ')[1];
  };
  for (const target of HEALTH) assert.equal(await statusOf(target), '404', target);
  assert.equal(await statusOf('/v1/models'), '200');
  assert.deepEqual(seen, ['/v1/models']);
});

test('nginx: a call that an instance breaks off is not made again on another, and is answered 502', {
  skip: skipNginx,
}, async (t) => {
  let made = 0;
  const breakOff = () =>
    createServer(({ socket }) => {
      made += 1;
      socket.destroy();
    });
  const ports = [await listen(t, breakOff()), await listen(t, breakOff())];
  const nginx = await startNginx('http', ports);
  t.after(() => nginx.stop());
  const { status } = await fetch(`${nginx.url}/v1/messages`, { method: 'POST', body: '{}' });
  assert.deepEqual([status, made], [502, 1]);
});

test('nginx: a call goes on to another instance where one cannot be reached', {
  skip: skipNginx,
}, async (t) => {
  const gone = createServer();
  const port = await listen(t, gone);
  gone.close();
  const instance = createServer((_, response) => response.end());
  const nginx = await startNginx('http', [port, await listen(t, instance)]);
  t.after(() => nginx.stop());
  for (let call = 0; call < 4; call += 1) {
    const { status } = await fetch(`${nginx.url}/v1/messages`, { method: 'POST', body: '{}' });
    assert.equal(status, 200);
  }
});
