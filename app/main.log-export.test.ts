/** Log lines of a running service that go to a collector by OTLP. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import { startLogCollector } from './testing/log-collector.ts';
import { ask, KEY, serviceWithSimulator } from './testing/observed-service.ts';
import { eventually } from './testing/poll.ts';

test('OTEL_LOGS_EXPORTER=otlp: lines are exported with their IDs, and a dead collector delays nothing', async (t) => {
  const { bodies, url, stop } = await startLogCollector(t);
  const { service } = await serviceWithSimulator(t, {
    OTEL_LOGS_EXPORTER: 'otlp',
    OTEL_EXPORTER_OTLP_ENDPOINT: url,
    OTEL_SERVICE_NAME: 'named-by-the-environment',
  });
  const uuid = randomUUID();
  await ask(service.url, { 'x-correlation-id': uuid });
  const traceId = Buffer.from(uuid.replaceAll('-', ''), 'hex');
  const body = await eventually(() => bodies.find((b) => b.includes(uuid) && b.includes(traceId)));
  assert(body.includes('named-by-the-environment'));
  const isCall = (line: Readonly<Record<string, unknown>>) =>
    line['msg'] === 'call' && line['correlation_id'] === uuid;
  const line = await service.line(isCall);
  assert.equal(line['service'], 'named-by-the-environment');
  const metrics = await (await fetch(service.metricsUrl)).text();
  assert.match(metrics, /otel_sdk_processor_log_processed_total\{[^}]*\} [1-9]/);

  stop();
  for (let i = 0; i < 20; i++) assert.equal((await ask(service.url)).status, 200);
  assert.equal(await service.stop(), 0);
  assert(!bodies.some((exported) => exported.includes(KEY)));
});
