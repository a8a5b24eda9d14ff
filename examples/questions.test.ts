/** The measured examples of the article's three questions, in short: what their pages say of them is so. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { startSimulator } from '../loadtest/simulator/server.ts';
import { ROOT } from '../observability/local/paths.ts';
import { between } from './questions/figures.ts';
import { measureOutage } from './questions/regions.ts';
import { measureFrozen } from './questions/serverless.ts';
import { CUT, EARLY, measureStreams } from './questions/streams.ts';

test('regions: an outage of the first region costs its callers nothing but a second attempt', async () => {
  const plan = { healthyMs: 300, outageMs: 2_500, returnMs: 10_000 };
  const outage = await measureOutage({ fault: 'reset', ...plan });
  assert(outage.calls > 20, `${outage.calls} calls`);
  assert.equal(outage.answered, outage.calls);
  // The circuit opens once 20 attempts have failed; some are under way by then.
  assert(outage.wasted >= 10 && outage.wasted < outage.calls, `${outage.wasted} attempts`);
  assert(outage.backMs > 0, 'the region answers again');
});

test('streams: what fails before the first content is made again, what is cut after it never is', async (t) => {
  let drawn = 0;
  const simulator = await startSimulator({ random: () => (drawn++ < 5 ? 0 : 0.99) });
  t.after(() => simulator.close());
  const early = await measureStreams(simulator, 10, { faults: [EARLY], maxRetries: 5 });
  assert(early.streams.every(({ outcome }) => outcome === 'success'));
  assert.equal(early.requests, 15, 'the first five fail');
  const cut = await measureStreams(simulator, 10, { faults: [{ ...CUT, probability: 1 }] });
  for (const { status, outcome, firstTextMs } of cut.streams) {
    assert.deepEqual([status, outcome], [200, 'truncated']);
    assert(firstTextMs !== undefined);
  }
  assert.equal(cut.requests, 10);
});

test('serverless: the handler holds no connection over a freeze and loses no span to one', async () => {
  const frozen = await measureFrozen({ keepAliveMs: 0, flush: true }, 5);
  const { answered, heldOverFreezes, failedAttempts, connections, traced } = frozen;
  assert.deepEqual(
    { answered, heldOverFreezes, failedAttempts },
    {
      answered: 5,
      heldOverFreezes: 0,
      failedAttempts: 0,
    },
  );
  assert.deepEqual({ connections, traced }, { connections: 5, traced: 5 });
});

test('serverless: a pool as in the service meets dead connections, and spans that wait are lost', async () => {
  const kept = await measureFrozen({ keepAliveMs: 4_000, flush: true }, 4);
  assert(kept.heldOverFreezes >= 3, `${kept.heldOverFreezes} connections`);
  assert(kept.failedAttempts >= 3, `${kept.failedAttempts} attempts`);
  assert.equal(kept.answered, 4, 'they are retried');
  const waiting = await measureFrozen({ keepAliveMs: 0, flush: false }, 2);
  assert(waiting.traced < 2, `${waiting.traced} calls`);
});

test('serverless: the handler has the 30 lines that its page promises', () => {
  const text = readFileSync(join(ROOT, 'examples/serverless.ts'), 'utf8');
  assert(text.trimEnd().split('\n').length <= 30);
});

for (const page of ['upstreams', 'streams', 'serverless']) {
  test(`make questions: docs/${page}.md has the figures of a run`, () => {
    const text = readFileSync(join(ROOT, `docs/${page}.md`), 'utf8');
    assert.notEqual(between(text, ''), text);
    assert.match(text, /Measured by `make questions` on Node v24\./);
  });
}
