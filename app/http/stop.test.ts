/** Stops a server whose connections are stand-ins; app/main.stop.test.ts stops a process. */
import { createServer } from 'node:http';
import { test } from 'node:test';
import { listen } from '../testing/http.ts';
import { Lifecycle } from './lifecycle.ts';
import { stopServing } from './stop.ts';

test('a stop: a connection that cannot be accepted as the server closes does not end it', async (t) => {
  const server = createServer();
  server.on('error', () => {});
  await listen(t, server);
  const connections = {
    leave() {},
    async close() {
      server.emit('error', Object.assign(new Error('accept EMFILE'), { code: 'EMFILE' }));
      server.close();
    },
    destroyAll() {},
  };
  const options = { delayMs: 0, limitMs: 60_000 };
  await stopServing({ server, connections, lifecycle: new Lifecycle() }, options);
});
