import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ROOT_CONTEXT, SpanKind, TraceFlags, trace } from '@opentelemetry/api';
import { SamplingDecision } from '@opentelemetry/sdk-trace';
import { createSampler, samplingRatio } from './sampler.ts';

const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736';

function parent(isRemote: boolean, traceFlags: number) {
  const span = { traceId: TRACE_ID, spanId: '00f067aa0ba902b7', traceFlags, isRemote };
  return trace.setSpanContext(ROOT_CONTEXT, span);
}

function decide(ratio: number, random: number, ctx = ROOT_CONTEXT, traceId = TRACE_ID) {
  const sampler = createSampler(ratio, () => random);
  return sampler.shouldSample(ctx, traceId, 'x', SpanKind.SERVER, {}, []).decision;
}

const { RECORD_AND_SAMPLED: YES, NOT_RECORD: NO } = SamplingDecision;

test('createSampler: chance decides about roots, whatever their ID is', () => {
  for (const id of [`${'0'.repeat(31)}1`, 'f'.repeat(32)]) {
    assert.equal(decide(0.1, 0.09, ROOT_CONTEXT, id), YES);
    assert.equal(decide(0.1, 0.1, ROOT_CONTEXT, id), NO);
  }
});

test("createSampler: a caller's sampled flag changes nothing, set or not", () => {
  assert.equal(decide(0, 0, parent(true, TraceFlags.SAMPLED)), NO);
  assert.equal(decide(1, 0.999, parent(true, TraceFlags.NONE)), YES);
});

test('createSampler: a span below one of ours follows its decision', () => {
  assert.equal(decide(0, 0, parent(false, TraceFlags.SAMPLED)), YES);
  assert.equal(decide(1, 0, parent(false, TraceFlags.NONE)), NO);
});

const RATIOS: readonly [string, number, number][] = [
  ['always_on', 0.5, 1],
  ['parentbased_always_off', 1, 0],
  ['traceidratio', 0.25, 0.25],
  ['parentbased_traceidratio', 0.25, 0.25],
];
for (const [sampler, arg, ratio] of RATIOS) {
  test(`samplingRatio: ${sampler} with ${arg} traces a share of ${ratio}`, () => {
    assert.equal(samplingRatio(sampler, arg), ratio);
  });
}
