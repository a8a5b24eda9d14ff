/** Each way to run the stack has its own place for traces. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DEFAULT_PORTS } from '../observability/local/components.ts';
import { traceOf } from './trace-link.ts';

const ID = '5b9c2b1e-3f6a-4d0e-9a51-0c7d2e8f4a6b';
const running = (mode: 'compose' | 'processes') => ({
  ports: DEFAULT_PORTS,
  running: { mode, ports: DEFAULT_PORTS, simulator: true },
});

test('traceOf: in Docker Compose it is a link into Grafana, which asks Tempo for the trace of the ID', () => {
  const url = new URL(traceOf(running('compose'))(ID));
  assert.equal(url.origin + url.pathname, 'http://127.0.0.1:3000/explore');
  const { trace } = JSON.parse(url.searchParams.get('panes') ?? '');
  assert.equal(trace.datasource, 'tempo');
  assert.equal(trace.queries[0].query, ID.replaceAll('-', ''));
});

test('traceOf: where there is no Tempo it is the command that finds the call', () => {
  assert.equal(traceOf(running('processes'))(ID), `make find ID=${ID}`);
  assert.equal(traceOf({ ports: DEFAULT_PORTS, running: undefined })(ID), `make find ID=${ID}`);
});
