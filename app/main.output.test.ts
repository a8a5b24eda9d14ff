/** The process when nobody reads what it writes: a full disk, or a reader that has gone. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { type TestContext, test } from 'node:test';
import { startSimulator } from '../loadtest/simulator/server.ts';
import { ask, KEY, serviceWithSimulator } from './testing/observed-service.ts';
import { eventually } from './testing/poll.ts';
import { freePort, spawnService } from './testing/service-process.ts';

const NO_SPANS = { OTEL_TRACES_EXPORTER: 'none' };
/** The environment in which SIGUSR2 runs this code where Node calls back, as a timer or an event would. */
const onSignal = (code: string) => {
  const base64 = Buffer.from(`process.on('SIGUSR2', () => { ${code} });`).toString('base64');
  return { ...NO_SPANS, NODE_OPTIONS: `--import=data:text/javascript;base64,${base64}` };
};
const CRASH = `throw new Error('of the test');`;
/** Each signal beyond the first is a line of the log; a third one ends the process. */
const STOP_TWICE = `process.emit('SIGTERM', 'SIGTERM'); process.emit('SIGTERM', 'SIGTERM');`;

function fullDisk(t: TestContext): number {
  const fd = openSync('/dev/full', 'w');
  t.after(() => closeSync(fd));
  return fd;
}

async function droppedLines(metricsUrl: string): Promise<number> {
  const text = await (await fetch(metricsUrl)).text();
  const found = /^claude_log_lines_dropped_total\{reason="write_failed"\} (\d+)/m.exec(text);
  return Number(found?.[1]);
}

test('standard output on a full disk: the service starts, serves, counts the lines and stops well', async (t) => {
  const [port, metricsPort] = [await freePort(), await freePort()];
  const simulator = await startSimulator();
  t.after(() => simulator.close());
  const env = {
    ...NO_SPANS,
    CLAUDE_BASE_URL: simulator.url,
    CLAUDE_API_KEY: KEY,
    PORT: `${port}`,
    METRICS_PORT: `${metricsPort}`,
  };
  const disk = fullDisk(t);
  const child = spawnService(env, undefined, [disk, disk]);
  t.after(() => child.kill('SIGKILL'));
  const url = `http://127.0.0.1:${port}`;
  await eventually(() =>
    fetch(`${url}/readyz`).then(
      ({ ok }) => ok,
      () => false,
    ),
  );
  assert.equal((await ask(url)).status, 200);
  const dropped = () => droppedLines(`http://127.0.0.1:${metricsPort}/metrics`);
  assert((await eventually(dropped)) >= 2);
  child.kill('SIGTERM');
  assert.deepEqual(await once(child, 'exit'), [0, null]);
});

test('the reader of standard output goes away: calls go on, the lines are counted, the stop is clean', async (t) => {
  const { service } = await serviceWithSimulator(t, NO_SPANS);
  service.child.stdout?.destroy();
  service.child.stderr?.destroy();
  for (let i = 0; i < 3; i += 1) assert.equal((await ask(service.url)).status, 200);
  await eventually(async () => (await droppedLines(service.metricsUrl)) >= 3);
  assert.equal(await service.stop(), 0);
});

test('a crash while nobody reads: the exit code is 1', async (t) => {
  const { service } = await serviceWithSimulator(t, onSignal(CRASH));
  service.child.stdout?.destroy();
  service.child.stderr?.destroy();
  service.child.kill('SIGUSR2');
  assert.deepEqual(await once(service.child, 'exit'), [1, null]);
});

for (const [how, code] of [
  ['crashes', STOP_TWICE + CRASH],
  ['exits', `${STOP_TWICE} process.emit('SIGTERM', 'SIGTERM');`],
] as const) {
  test(`a process that ${how} in the turn of a line: the line is written`, async (t) => {
    const { service } = await serviceWithSimulator(t, onSignal(code));
    service.child.kill('SIGUSR2');
    assert.deepEqual(await once(service.child, 'close'), [1, null]);
    const written = service.lines.map(({ msg }) => msg);
    const at = written.indexOf('stopping already; a third signal ends the process');
    assert(at > 0, `${written}`);
    if (how === 'crashes') assert.equal(written[at + 1], 'crashed');
  });
}

test('a bad configuration that cannot be printed: the exit code is 78 all the same', async (t) => {
  const disk = fullDisk(t);
  const child = spawnService({ PORT: 'x' }, undefined, [disk, disk]);
  assert.deepEqual(await once(child, 'exit'), [78, null]);
});
