/** The process when it has no descriptors left: connections are refused, and nothing ends. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { test } from 'node:test';
import { ask, serviceWithSimulator } from './testing/observed-service.ts';
import { eventually } from './testing/poll.ts';

test('no descriptors left: connections are closed, and calls succeed once there are some again', async (t) => {
  const { service } = await serviceWithSimulator(t, { OTEL_TRACES_EXPORTER: 'none' });
  execFileSync('prlimit', ['--pid', String(service.child.pid), '--nofile=64']);
  const port = Number(new URL(service.url).port);
  let closed = 0;
  const sockets = Array.from({ length: 200 }, () => {
    const socket = connect(port, '127.0.0.1');
    socket
      .on('error', () => {})
      .once('close', () => {
        closed += 1;
      });
    return socket;
  });
  await eventually(() => closed > 100);
  await Promise.all(sockets.map((socket) => !socket.closed && once(socket.destroy(), 'close')));
  const status = await eventually(() =>
    ask(service.url).then(
      (response) => response.status,
      () => undefined,
    ),
  );
  assert.equal(status, 200);
  assert.equal(await service.stop(), 0);
});
