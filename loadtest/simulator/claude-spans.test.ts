/** Claude's own spans, as the simulator exports them: each is a child of the attempt that it answers. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import {
  ask,
  bodyOf,
  type ObservedService,
  type Span,
  spansOf,
  startObservedService,
} from '../../app/testing/observed-service.ts';
import { eventually } from '../../app/testing/poll.ts';
import { DEFAULT_KEY, startSimulator } from './server.ts';

const isClaudes = ({ resource }: Span) => resource['service.name'] === 'claude-platform';

describe('spans of Claude', { concurrency: false }, () => {
  let observed: ObservedService;
  before(async () => {
    observed = await startObservedService({ RETRY_MAX: '1' }, { claudeSpans: true });
  });
  after(() => observed.close());

  /** Waits for Claude's spans of a call and for the attempts that they answer. */
  async function spansOfCall(id: string, n = 1) {
    return eventually(() => {
      const all = spansOf(observed.store, id);
      const claudes = all.filter(isClaudes);
      const attempts = all.filter(({ name }) => name === 'attempt');
      return claudes.length === n && attempts.length === n && { claudes, attempts };
    });
  }

  const one = {
    model: 'claude-sonnet-5-5',
    max_tokens: 16,
    messages: [{ role: 'user', content: 'x' }],
  };
  const WAYS: readonly [name: string, path: string, body: string][] = [
    ['complete answer', '/v1/messages', bodyOf()],
    ['stream', '/v1/messages', bodyOf({ stream: true })],
    ['item of a batch', '/v1/batch', JSON.stringify({ requests: [{ params: one }] })],
  ];
  for (const [name, path, body] of WAYS) {
    test(`spans of Claude: that of a ${name} is a child of our attempt, and lasts no longer`, async () => {
      const id = randomUUID();
      const response = await fetch(observed.service.url + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', 'x-correlation-id': id },
        body,
      });
      await response.text();
      const { claudes, attempts } = await spansOfCall(id);
      const [claude, attempt] = [claudes[0] as Span, attempts[0] as Span];
      assert.equal(claude.parentSpanId, attempt.spanId);
      assert(claude.endNs - claude.startNs < attempt.endNs - attempt.startNs);
      assert.partialDeepStrictEqual(claude, {
        name: 'anthropic.messages.create',
        kind: 2,
        status: 1,
      });
      assert.partialDeepStrictEqual(claude.attributes, {
        'gen_ai.operation.name': 'chat',
        'gen_ai.provider.name': 'anthropic',
        'gen_ai.request.model': 'claude-sonnet-5-5',
        'gen_ai.request.max_tokens': 16,
        'anthropic.message.stop_reason': 'end_turn',
        'anthropic.request.id': attempt.attributes['anthropic.request.id'],
        'anthropic.organization.id': attempt.attributes['anthropic.organization.id'],
        'http.response.status_code': 200,
      });
      const chunk = claude.attributes['gen_ai.response.time_to_first_chunk'];
      assert.equal(typeof chunk, name === 'stream' ? 'number' : 'undefined');
    });
  }

  test('spans of Claude: a retried attempt has one of its own, which says what failed', async () => {
    observed.simulator.setFaults([{ kind: 'overloaded' }]);
    const id = randomUUID();
    await (await ask(observed.service.url, { 'x-correlation-id': id })).text();
    observed.simulator.setFaults([]);
    const { claudes, attempts } = await spansOfCall(id, 2);
    const parents = claudes.map(({ parentSpanId }) => parentSpanId).sort();
    assert.deepEqual(parents, attempts.map(({ spanId }) => spanId).sort());
    for (const { status, attributes } of claudes) {
      assert.equal(status, 2);
      assert.equal(attributes['error.type'], 'overloaded_error');
      assert.equal(attributes['http.response.status_code'], 529);
    }
  });

  test('spans of Claude: a caller who leaves cancels the work, which is no error', async () => {
    observed.simulator.setFaults([{ kind: 'hang' }]);
    const id = randomUUID();
    const controller = new AbortController();
    const asked = fetch(`${observed.service.url}/v1/messages`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-correlation-id': id },
      body: bodyOf(),
      signal: controller.signal,
    });
    await eventually(async () => {
      const faults = await fetch(`${observed.simulator.url}/__sim/faults`);
      return ((await faults.json()) as { bitten: number }[])[0]?.bitten;
    });
    controller.abort();
    await assert.rejects(asked);
    const { claudes } = await spansOfCall(id);
    observed.simulator.setFaults([]);
    assert.equal(claudes[0]?.status, 0);
    assert.equal(claudes[0]?.attributes['http.response.status_code'], undefined);
  });

  async function askDirectly(url: string, headers: Readonly<Record<string, string>>) {
    const response = await fetch(`${url}/v1/messages`, {
      method: 'POST',
      headers: {
        'content-type': 'application/json',
        'anthropic-version': '2023-06-01',
        'x-api-key': DEFAULT_KEY,
        ...headers,
      },
      body: bodyOf(),
    });
    await response.text();
  }

  test('spans of Claude: none of a trace that is not sampled, nor of a request whose key is refused', async () => {
    const { url } = observed.simulator;
    const [unsampled, refused, sampled] = ['1', '2', '3'].map((digit) => digit.repeat(32));
    const parent = 'ab'.repeat(8);
    await askDirectly(url, { traceparent: `00-${unsampled}-${parent}-00` });
    await askDirectly(url, { traceparent: `00-${refused}-${parent}-01`, 'x-api-key': 'wrong' });
    await askDirectly(url, { traceparent: `00-${sampled}-${parent}-01` });
    const spans = () => observed.store.spans();
    // Spans are sent in the order in which they ended.
    const last = await eventually(() => spans().find(({ traceId }) => traceId === sampled));
    assert.equal(last.parentSpanId, parent);
    assert(!spans().some(({ traceId }) => traceId === unsampled || traceId === refused));
  });

  for (const traceparent of [undefined, 'nonsense', `00-${'0'.repeat(32)}-${'1'.repeat(16)}-01`]) {
    test(`spans of Claude: a request with the traceparent ${traceparent} has a trace of its own`, async () => {
      const before = observed.store.spans().length;
      await askDirectly(observed.simulator.url, traceparent ? { traceparent } : {});
      const [span] = await eventually(() => {
        const found = observed.store.spans().slice(before).filter(isClaudes);
        return found.length > 0 && found;
      });
      assert.match(span?.traceId ?? '', /^(?!0{32})[0-9a-f]{32}$/);
      assert.equal(span?.parentSpanId, '');
    });
  }

  test('spans of Claude: a collector that is away stops neither an answer nor the end of the simulator', async () => {
    const simulator = await startSimulator({ spansTo: 'http://127.0.0.1:9' });
    await askDirectly(simulator.url, {});
    assert.equal(simulator.seen(), 1);
    await simulator.close();
  });
});
