/** What the images and manifests take for granted of the service: it writes to no file. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ask, serviceWithSimulator } from '../app/testing/observed-service.ts';

test('read-only root: the service starts, answers and stops where it may write no file and start no process', async (t) => {
  const { service } = await serviceWithSimulator(t, {
    OTEL_TRACES_EXPORTER: 'none',
    NODE_OPTIONS: '--permission --allow-fs-read=*',
  });
  assert.equal((await ask(service.url)).status, 200);
  assert.equal((await fetch(`${service.url}/readyz`)).status, 200);
  assert.equal(await service.stop(), 0);
  assert.equal(service.errors().includes('ERR_ACCESS_DENIED'), false, service.errors());
});
