import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SeverityNumber } from '@opentelemetry/api';
import {
  InMemoryLogRecordExporter,
  LoggerProvider,
  SimpleLogRecordProcessor,
} from '@opentelemetry/sdk-logs';
import { Redactor } from '../privacy/redactor.ts';
import { recordingSink } from './log-export.ts';
import { createLogger } from './logger.ts';

const SECRET = 'sk-planted-in-a-line';

function setUp() {
  const exporter = new InMemoryLogRecordExporter();
  const provider = new LoggerProvider({ processors: [new SimpleLogRecordProcessor({ exporter })] });
  const sink = recordingSink(provider.getLogger('test'));
  const redactor = new Redactor({ secrets: () => [SECRET] });
  const logger = createLogger({ level: 'trace', service: 's', redactor, sinks: [sink] });
  const records = async () => {
    await provider.forceFlush();
    return exporter.getFinishedLogRecords();
  };
  return { logger, records, sink };
}

test('log export: a line becomes a record with message, severity, time and attributes', async () => {
  const { logger, records } = setUp();
  const beforeMs = Date.now();
  logger.warn({ outcome: 'success', duration_ms: 1.5 }, 'call');
  const [record] = await records();
  assert.equal(record?.body, 'call');
  assert.equal(record.severityNumber, SeverityNumber.WARN);
  assert.equal(record.severityText, 'warn');
  assert(record.hrTime[0] * 1000 + record.hrTime[1] / 1e6 >= beforeMs);
  assert.deepEqual(record.attributes, { outcome: 'success', duration_ms: 1.5 });
});

test('log export: trace IDs become fields of the record, the correlation ID an attribute', async () => {
  const { records, sink } = setUp();
  const ids = { trace_id: 'a'.repeat(32), span_id: 'b'.repeat(16) };
  const time = new Date().toISOString();
  sink.write(JSON.stringify({ level: 'info', time, correlation_id: 'c-1', ...ids, msg: 'call' }));
  const [record] = await records();
  assert.equal(record?.spanContext?.traceId, ids.trace_id);
  assert.equal(record.spanContext.spanId, ids.span_id);
  assert.deepEqual(record.attributes, { correlation_id: 'c-1' });
});

test('log export: records are redacted', async () => {
  const { logger, records } = setUp();
  logger.error({ err: new Error(SECRET), deep: { er: [SECRET] } }, `key ${SECRET}`);
  const [record] = await records();
  assert.equal(record?.body, 'key [redacted]');
  assert(!JSON.stringify(record.attributes).includes(SECRET));
  assert(JSON.stringify(record.attributes).includes('[redacted]'));
});

test('log export: every level has its severity, and a line that is not JSON is dropped', async () => {
  const { logger, records, sink } = setUp();
  for (const level of ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const)
    logger[level]('x');
  sink.write('not JSON\n');
  assert.deepEqual(
    (await records()).map(({ severityNumber }) => severityNumber),
    [1, 5, 9, 13, 17, 21],
  );
});
