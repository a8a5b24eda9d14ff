import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Context, createContextKey, ROOT_CONTEXT, trace } from '@opentelemetry/api';
import { LeanContext } from './lean-context.ts';

const KEYS = ['a', 'b', 'c', 'd'].map((name) => createContextKey(name));
const [A, B] = KEYS as [symbol, symbol];

test('LeanContext: values are those of the API’s own context, whatever is set, replaced and deleted', () => {
  const below = ROOT_CONTEXT.setValue(B, 'below');
  let pairs: [Context, Context][] = [[below.setValue(A, 0), LeanContext.with(below, A, 0)]];
  for (let step = 1; step <= 5; step += 1) {
    pairs = pairs.flatMap(([theirs, ours]) =>
      KEYS.flatMap((key): [Context, Context][] => [
        [theirs.setValue(key, step), ours.setValue(key, step)],
        [theirs.deleteValue(key), ours.deleteValue(key)],
      ]),
    );
    const values = (ctx: Context) => KEYS.map((key) => ctx.getValue(key));
    for (const [theirs, ours] of pairs) assert.deepEqual(values(ours), values(theirs));
    pairs = pairs.filter((_, i) => i % 3 === 0);
  }
});

test('LeanContext: a context does not change when another is made of it', () => {
  const ctx = LeanContext.with(ROOT_CONTEXT, A, 1);
  ctx.setValue(A, 2);
  ctx.setValue(B, 3);
  assert.deepEqual([ctx.getValue(A), ctx.getValue(B)], [1, undefined]);
});

test('LeanContext: the API finds the span in it, and can take it out', () => {
  const span = trace.wrapSpanContext({
    traceId: 'a'.repeat(32),
    spanId: 'b'.repeat(16),
    traceFlags: 0,
  });
  const ctx = trace.setSpan(LeanContext.with(ROOT_CONTEXT, A, 1), span);
  assert.equal(trace.getSpan(ctx), span);
  assert.equal(trace.getSpan(trace.deleteSpan(ctx)), undefined);
});
