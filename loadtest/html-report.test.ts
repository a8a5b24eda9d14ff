/** The report shows the whole summary, and nothing in it becomes HTML or leads to another host. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { htmlReport } from './html-report.ts';
import type { Row, Summary } from './scenarios/summary.ts';

const EVIL = `"><script>alert('x')</script>`;

const ROW: Row = {
  name: 'load',
  calls: 1_000,
  perSecond: 50,
  success: 0.9987,
  answered: 1,
  dropped: 3,
  p50Ms: 45.4,
  p90Ms: 80,
  p99Ms: 612,
  firstTextP99Ms: null,
  longestGapP99Ms: 4.2,
};

const SUMMARY: Summary = {
  driver: 'node',
  scenario: 'smoke',
  question: 'Does it?',
  target: 'http://127.0.0.1:8080',
  started: '2026-01-01T00:00:00.000Z',
  seconds: 23.04,
  verdict: 'missed',
  bottlenecks: [],
  thresholds: [
    { metric: 'claude_call_duration_ms', condition: 'p(99)<500', value: 612, ok: false },
    { metric: 'claude_call_success', condition: 'rate>0.995', value: 0.9987, ok: true },
    { metric: 'claude_call_first_text_ms', condition: 'p(99)<500', value: null, ok: null },
  ],
  breakpoint: null,
  phases: [ROW],
  kinds: [{ ...ROW, name: 'complete', dropped: null }],
  driverLag: { p50Ms: 0.6, p99Ms: 1.8 },
  slowest: [
    {
      id: 'a-1',
      kind: 'complete',
      phase: 'load',
      durationMs: 900,
      trace: 'http://127.0.0.1:3000/e',
    },
  ],
  failed: [
    {
      id: 'b-2',
      kind: 'streaming',
      phase: 'load',
      durationMs: 3,
      reason: 'status_529',
      trace: 'make find ID=b-2',
    },
  ],
};

test('htmlReport: the verdict, each threshold with its value, each figure and each call are there', () => {
  const page = htmlReport(SUMMARY);
  for (const text of [
    ...['Missed: a threshold was not met', 'claude_call_duration_ms', 'p(99)&lt;500', '612'],
    ...['<td>0.9987</td>', 'not measured by node', '99.87 %', 'status_529', 'make find ID=b-2'],
    '<a href="http://127.0.0.1:3000/e">trace</a>',
  ]) {
    assert(page.includes(text), `${text} is missing`);
  }
});

test('htmlReport: whatever the summary holds stays text', () => {
  const row = { ...ROW, name: EVIL };
  const page = htmlReport({
    ...SUMMARY,
    target: EVIL,
    question: EVIL,
    bottlenecks: [EVIL],
    phases: [row],
    scenario: EVIL,
    failed: [{ id: EVIL, kind: 'batch', phase: EVIL, durationMs: 1, reason: EVIL, trace: EVIL }],
    slowest: [{ id: 'a', kind: 'batch', phase: 'b', durationMs: 1, trace: `https://x/${EVIL}` }],
    thresholds: [{ metric: EVIL, condition: EVIL, value: null, ok: null }],
  });
  assert(!page.includes('<script'), page);
});

test('htmlReport: a trace that is no http address becomes no link', () => {
  const [call] = SUMMARY.slowest;
  assert(call);
  const trace = 'javascript:alert(1)';
  assert(!htmlReport({ ...SUMMARY, slowest: [{ ...call, trace }] }).includes('href="javascript'));
});

test('htmlReport: it is whole without a network', () => {
  const page = htmlReport({ ...SUMMARY, slowest: [], failed: [] });
  assert.doesNotMatch(page, /(?:src|href)=|@import|url\(/);
});
