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
