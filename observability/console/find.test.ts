/** What the console finds of an ID, in a real span store, a log file and the simulator. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, test } from 'node:test';
import { type ObservedService, startObservedService } from '../../app/testing/observed-service.ts';
import { fileAndSpanStore } from '../local/trace-sources.ts';
import type { Console } from './server.ts';
import { NOWHERE, partAt, send, sentence, startTestConsole } from './testing-console.ts';

const folder = mkdtempSync(join(tmpdir(), 'observatory-find-'));
const logFile = join(folder, 'service.log');
let observed: ObservedService;
let here: Console;
let gone: Console;

before(async () => {
  observed = await startObservedService({ TRUST_INBOUND_TRACE: 'true' });
  const sources = fileAndSpanStore({ logFile, spanStore: observed.store.url });
  here = await startTestConsole({ simulator: partAt(observed.simulator.url) }, sources);
  const nothing = fileAndSpanStore({ logFile: join(folder, 'none'), spanStore: NOWHERE.asked });
  gone = await startTestConsole({ simulator: NOWHERE }, nothing);
});
after(async () => {
  await observed.close();
  rmSync(folder, { recursive: true });
});

const find = (server: Console, id: string) =>
  send(server.url, `/api/find?${new URLSearchParams({ id })}`);

interface Found {
  readonly traces: readonly string[];
  readonly spans: { readonly items?: readonly object[]; readonly error?: string };
  readonly lines: { readonly items?: readonly string[]; readonly error?: string };
  readonly requests: { readonly items?: readonly object[]; readonly error?: string };
}

async function untilFound(id: string): Promise<Found> {
  const limitMs = performance.now() + 15_000;
  for (;;) {
    const { body } = await find(here, id);
    const found = JSON.parse(body) as Found & { isPartial: boolean };
    if (!found.isPartial) return found;
    assert(performance.now() < limitMs, body);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

test('find: a correlation ID and its trace ID both lead to spans, lines and the masked request', async () => {
  const id = `order-${randomUUID()}`;
  const traceId = randomUUID().replaceAll('-', '');
  await fetch(`${observed.service.url}/v1/messages`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-correlation-id': id,
      traceparent: `00-${traceId}-00f067aa0ba902b7-01`,
    },
    body: '{"model":"claude-haiku-5-5","max_tokens":9,"messages":[{"role":"user","content":"x"}]}',
  });
  writeFileSync(
    logFile,
    `{"correlation_id":"another"}\n{"correlation_id":"${id}","trace_id":"${traceId}"}\n`,
  );
  for (const wanted of [id, traceId]) {
    const found = await untilFound(wanted);
    assert.deepEqual(found.traces, [traceId]);
    assert.equal(found.lines.items?.length, 1);
    assert.equal(found.requests.items?.length, 1, JSON.stringify(found.requests));
    assert(!JSON.stringify(found).includes('sim-key-for-local-use'));
  }
});

describe('find: text that is no ID is refused before anybody is asked', () => {
  for (const id of ['', '"} or {', '<script>', 'a b', '../x', 'a'.repeat(129), 'ä', 'a\nb']) {
    test(JSON.stringify(id.slice(0, 20)), async () => {
      const reply = await find(here, id);
      assert.equal(reply.status, 400);
      assert.match(sentence(reply), /^That is no ID/);
    });
  }
});

test('find: a store that is not there is said for itself', async () => {
  const { status, body } = await find(gone, 'order-17');
  assert.equal(status, 200);
  const { spans, lines, requests } = JSON.parse(body) as Found;
  assert.equal(spans.error, 'The trace store cannot be asked: it is not there.');
  assert.match(lines.error ?? '', /^The log cannot be asked/);
  assert.equal(requests.error, 'The simulator cannot be asked: it is not there.');
});
