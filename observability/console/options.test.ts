/** Where the console asks, and where a browser is sent. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readOptions } from './options.ts';

test('options: without settings everything is on its default port of this machine', () => {
  const { host, port, parts } = readOptions({});
  assert.deepEqual({ host, port }, { host: '127.0.0.1', port: 8090 });
  assert.equal(parts.prometheus?.asked, 'http://127.0.0.1:9090');
  assert.equal(parts.traces?.asked, 'http://127.0.0.1:4318');
  assert.equal(parts.logs, undefined);
  assert.equal(parts.simulator?.pagePath, '/__sim');
});

test('options: a part is asked by its address in a network, and opened by the port that is published', () => {
  const { parts } = readOptions({
    ...{ PROMETHEUS_URL: 'http://prometheus:9090/', PROMETHEUS_PORT: '19090' },
    ...{ LOKI_URL: 'http://loki:3100', TEMPO_URL: 'http://tempo:3200' },
  });
  assert.equal(parts.prometheus?.asked, 'http://prometheus:9090');
  assert.equal(parts.prometheus?.opened, 'http://127.0.0.1:19090');
  assert.equal(parts.logs?.asked, 'http://loki:3100');
  assert.equal(parts.traces?.asked, 'http://tempo:3200');
});

for (const bad of ['http', '-1', '70000', '1.5']) {
  test(`options: ${bad} is no port`, () =>
    assert.throws(() => readOptions({ CONSOLE_PORT: bad }), /CONSOLE_PORT is no port/));
}
