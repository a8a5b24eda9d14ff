/** Every expression of the pack keeps to its grammar, and reads only metrics and labels that exist. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { METRICS } from '../../../app/telemetry/metric-catalogue.ts';
import type { MetricDefinition } from '../../../app/telemetry/metric-definition.ts';
import { deaths } from './deaths.ts';
import { committedExpressions, substitute } from './expressions.ts';
import { EXTERNAL_METRICS } from './external-metrics.ts';
import { readPromql, syntaxErrors } from './grammars.ts';
import { knownMetrics, unknownNames } from './known-metrics.ts';

const expressions = committedExpressions();
const promql = expressions.filter(({ language }) => language === 'promql');

describe('expressions', () => {
  test('there are many, of each language', () => {
    const count = (language: string) =>
      expressions.filter((each) => each.language === language).length;
    assert(promql.length > 150, `${promql.length} of PromQL`);
    assert(count('logql') >= 3 && count('traceql') >= 4);
  });

  for (const { where, language, text } of expressions) {
    test(`${where}: ${language} keeps to its grammar`, () =>
      assert.deepEqual(syntaxErrors(language, substitute(text)), [], text));
  }
});

test('every metric, label and label value of the pack exists', () => {
  assert.deepEqual(deaths(knownMetrics()), []);
});

test('every external metric that is listed is read', () => {
  const read = new Set(
    promql.flatMap(({ text }) => readPromql(substitute(text)).selectors.map((s) => s.metric)),
  );
  const bases = Object.keys(EXTERNAL_METRICS).filter(
    (name) => !/_(?:bucket|sum|count)$/.test(name),
  );
  assert.deepEqual(
    bases.filter((name) => !read.has(name)),
    [],
  );
});

test('a metric that is gone is named with every panel, rule and runbook that died', () => {
  const { requests: _, ...others } = METRICS;
  const lines = deaths(knownMetrics(Object.values<MetricDefinition>(others)));
  const [line = ''] = lines.filter((each) => each.includes('no metric claude_api_requests_total'));
  for (const dead of [
    'panel claude-calls › Calls by outcome',
    'panel claude-objectives › Success',
    'variable claude-calls › model',
  ]) {
    assert(line.includes(dead), lines.join('\n'));
  }
});

test('a label or a label value that is gone is named', () => {
  const known = knownMetrics();
  const wrong = (text: string) => unknownNames(text, known);
  assert.deepEqual(
    wrong('sum by (result) (rate(claude_api_requests_total{outcome="success"}[1m]))'),
    ['no label result to group by'],
  );
  assert.deepEqual(wrong('claude_api_requests_total{result="success"}'), [
    'no label result in claude_api_requests_total{result="success"}',
  ]);
  assert.deepEqual(wrong('claude_api_requests_total{outcome=~"success|sucess"}'), [
    'outcome is never sucess',
  ]);
  assert.deepEqual(wrong('claude_api_request_total'), ['no metric claude_api_request_total']);
  assert.deepEqual(wrong('claude_api_requests_total{outcome=~".+"} / on (job) up'), []);
});
