/** The limits of streams in the running service, as its settings set them. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, test } from 'node:test';
import { ASK } from './testing/messages.ts';
import { useSimulatedService } from './testing/simulated-service.ts';

/** Six chunks of content. */
const LONG = { ...ASK, stream: true, thinking: { type: 'adaptive' } };
/** So they take four seconds. */
const SLOW = { kind: 'slow_tokens', everyMs: 800 } as const;

describe('long streams', { concurrency: false }, () => {
  const api = useSimulatedService(
    { CALL_DEADLINE_MS: '2000', RETRY_MAX: '0' },
    { stream: { silenceMs: 3_000 } },
  );

  test('long streams: one that flows passes the deadline of calls', async () => {
    const id = randomUUID();
    const startedMs = performance.now();
    const { status, text } = await api.withFaults([SLOW], () =>
      api.post('/v1/messages', LONG, { 'x-correlation-id': id }),
    );
    assert(performance.now() - startedMs > 3_000);
    assert.equal(status, 200);
    assert.match(text, /event: message_stop/);
    assert.equal(await api.outcomeOf(id), 'success');
  });

  test('long streams: a complete answer keeps the deadline', async () => {
    const id = randomUUID();
    const { status } = await api.withFaults([{ kind: 'slow', delayMs: 60_000 }], () =>
      api.post('/v1/messages', ASK, { 'x-correlation-id': id }),
    );
    assert.equal(status, 504);
    assert.equal(await api.outcomeOf(id), 'timeout');
  });

  test('long streams: silence ends one, as an error event of the kind timeout', async () => {
    const id = randomUUID();
    const { text } = await api.withFaults([{ kind: 'stream_hang' }], () =>
      api.post('/v1/messages', LONG, { 'x-correlation-id': id }),
    );
    assert.match(text, /event: error\n.*timeout_error.*for 3000 ms/);
    assert.equal(await api.outcomeOf(id), 'timeout');
  });

  test('long streams: a silence within the limit ends none', async () => {
    const id = randomUUID();
    await api.withFaults([{ kind: 'stream_pause', delayMs: 1_000 }], () =>
      api.post('/v1/messages', LONG, { 'x-correlation-id': id }),
    );
    assert.equal(await api.outcomeOf(id), 'success');
  });
});

describe('limited streams', { concurrency: false }, () => {
  const api = useSimulatedService({ STREAM_LIMIT_MS: '2000' });

  test('limited streams: STREAM_LIMIT_MS ends one that flows, and it counts as a timeout', async () => {
    const id = randomUUID();
    const { text } = await api.withFaults([SLOW], () =>
      api.post('/v1/messages', LONG, { 'x-correlation-id': id }),
    );
    assert.match(text, /event: content_block_delta[\s\S]*event: error\n.*timeout_error/);
    assert.equal(await api.outcomeOf(id), 'timeout');
  });
});
