/** What each call adds to the metrics, and the keys of series. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Observation } from '../calls/kinds.ts';
import { SCENARIO_NAMES, SCENARIOS } from './all.ts';
import { samplesOf, seriesKey } from './metrics.ts';
import { countedPhases, kindOf } from './scenario.ts';
import { holds } from './thresholds.ts';

const GOOD: Observation = {
  verdict: { ok: true },
  answered: true,
  correlated: true,
  durationMs: 20,
  overheadMs: 2,
};

test('samples: a good complete call counts in every metric that is not of streams', () => {
  assert.deepEqual(Object.fromEntries(samplesOf('complete', GOOD)), {
    claude_calls: 1,
    claude_call_success: 1,
    claude_call_answered: 1,
    claude_call_correlated: 1,
    claude_call_duration_ms: 20,
    claude_call_overhead_reported: 1,
    claude_call_overhead_ms: 2,
  });
});

test('samples: a good stream tells its times, and is not asked for its overhead', () => {
  const stream = { firstEventMs: 5, firstTextMs: 6, longestGapMs: 3 };
  const samples = samplesOf('streaming', { ...GOOD, overheadMs: undefined, stream });
  assert.deepEqual(Object.fromEntries(samples), {
    claude_calls: 1,
    claude_call_success: 1,
    claude_call_answered: 1,
    claude_call_correlated: 1,
    claude_call_duration_ms: 20,
    claude_call_first_event_ms: 5,
    claude_call_first_text_ms: 6,
    claude_call_longest_gap_ms: 3,
  });
});

test('samples: a failed call has no times', () => {
  const seen = { ...GOOD, verdict: { ok: false, reason: 'status_503' }, answered: true } as const;
  assert.deepEqual(Object.fromEntries(samplesOf('complete', seen)), {
    claude_calls: 1,
    claude_call_success: 0,
    claude_call_answered: 1,
    claude_call_correlated: 1,
  });
});

test('samples: a call without an answer is neither correlated nor uncorrelated', () => {
  const seen = { ...GOOD, verdict: { ok: false, reason: 'timeout' }, answered: false } as const;
  const samples = samplesOf('complete', { ...seen, correlated: undefined });
  assert(!samples.some(([metric]) => metric === 'claude_call_correlated'));
});

test('samples: a good call that does not tell its overhead counts against reporting', () => {
  const samples = Object.fromEntries(samplesOf('tools', { ...GOOD, overheadMs: undefined }));
  assert.equal(samples.claude_call_overhead_reported, 0);
  assert.equal('claude_call_overhead_ms' in samples, false);
});

test('samples: a caller who hung up is neither a success nor a duration', () => {
  const samples = samplesOf('hang_up', { ...GOOD, correlated: undefined });
  assert.deepEqual(samples, [['claude_calls', 1]]);
});

test('samples: a caller who was refused before they hung up is counted apart', () => {
  const seen = { ...GOOD, verdict: { ok: false, reason: 'status_503' } } as const;
  assert.deepEqual(Object.fromEntries(samplesOf('hang_up', seen)), {
    claude_calls: 1,
    claude_call_correlated: 1,
    claude_hang_up_failed: 1,
  });
});

for (const name of SCENARIO_NAMES) {
  test(`samples: in ${name} failures above the target are a miss, however many callers hang up`, () => {
    const scenario = SCENARIOS[name]({});
    const judged = scenario.thresholds.filter(({ metric }) =>
      metric.includes('claude_call_success'),
    );
    assert(judged.length > 0);
    for (const phase of countedPhases(scenario)) {
      const sums = { good: 0, all: 0 };
      let answers = 0;
      for (let n = 0; n < 3_000; n++) {
        const kind = kindOf(phase, n);
        // Every 180th call that is answered fails: 0.56 % of them.
        const ok = kind === 'hang_up' || answers++ % 180 !== 0;
        const verdict = ok ? GOOD.verdict : ({ ok, reason: 'x' } as const);
        const samples = new Map(samplesOf(kind, { ...GOOD, verdict }));
        sums.all += samples.has('claude_call_success') ? 1 : 0;
        sums.good += samples.get('claude_call_success') ?? 0;
      }
      for (const threshold of judged) assert(!holds(threshold, sums.good / sums.all), phase.name);
    }
  });
}

test("series: keys are in k6's notation, the phase before the kind", () => {
  assert.equal(seriesKey('claude_calls'), 'claude_calls');
  assert.equal(seriesKey('claude_calls', { kind: 'long' }), 'claude_calls{call_type:long}');
  const both = { kind: 'long', phase: 'smoke' } as const;
  assert.equal(seriesKey('claude_calls', both), 'claude_calls{scenario:smoke,call_type:long}');
});
