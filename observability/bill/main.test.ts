/** The program of the reconciliation: off without a key, and as an exporter it serves its gauges and nothing else. */
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { request } from 'undici';
import { listen } from '../../app/testing/http.ts';
import { startSimulator } from '../../loadtest/simulator/server.ts';
import { ROOT } from '../local/paths.ts';

const KEY = 'sk-ant-admin01-of-a-test';

function start(env: Record<string, string>) {
  const child = spawn(process.execPath, ['observability/bill/main.ts'], { cwd: ROOT, env });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      output += chunk;
    });
  }
  return { child, output: () => output };
}

test('make bill: without a key it reads nothing, says what is missing and ends with 78', async () => {
  const { child, output } = start({});
  const [code] = await once(child, 'close');
  assert.equal(code, 78);
  assert.match(output(), /BILL_ADMIN_KEY/);
});

test('make bill: it prints both by model and ends, and its output has no key', async (t) => {
  const simulator = await startSimulator({ adminKey: KEY });
  t.after(() => simulator.close());
  const result = [{ metric: { model: 'claude-opus-5-5' }, value: [1, '12.5'] }];
  const body = JSON.stringify({ status: 'success', data: { resultType: 'vector', result } });
  const prometheus = createServer((_request, response) => response.end(body));
  const { child, output } = start({
    BILL_ADMIN_KEY: KEY,
    BILL_API_URL: simulator.url,
    BILL_PROMETHEUS_URL: `http://127.0.0.1:${await listen(t, prometheus)}`,
  });
  const [code] = await once(child, 'close');
  assert.equal(code, 0, output());
  assert.match(
    output(),
    /^model +billed +counted\nclaude-opus-5-5 +0\.00 +12\.50\nall +0\.00 +12\.50$/m,
  );
  assert.match(output(), /^counted \/ billed: nothing was billed$/m);
  assert(!output().includes(KEY));
});

test('make bill: with a port it goes on when nothing can be read, and serves its gauges by address alone', async (t) => {
  const nobody = 'http://127.0.0.1:9';
  const { child, output } = start({
    BILL_ADMIN_KEY: KEY,
    BILL_API_URL: nobody,
    BILL_PROMETHEUS_URL: nobody,
    BILL_PORT: '0',
  });
  t.after(() => child.kill('SIGKILL'));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const { value: first = '' } = await lines.next();
  const { value: second = '' } = await lines.next();
  assert.match(second, /"problem":"unreachable: the cost report cannot be reached"/);
  const url = `http://127.0.0.1:${JSON.parse(first).address.port}`;
  const scraped = await request(`${url}/metrics`);
  assert.equal(scraped.statusCode, 200);
  assert.match(
    await scraped.body.text(),
    /claude_bill_read_failures_total\{reason="unreachable"\} 1\n/,
  );
  for (const [path, host] of [
    ['/', '127.0.0.1'],
    ['/metrics', 'evil.example'],
  ] as const) {
    const other = await request(url + path, { headers: { host } });
    assert.equal(other.statusCode, 404, path);
    await other.body.dump();
  }
  child.kill('SIGTERM');
  const [code] = await once(child, 'close');
  assert.equal(code, 0);
  assert(!output().includes(KEY));
});
