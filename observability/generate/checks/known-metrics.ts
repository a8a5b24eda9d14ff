/** Every metric that may stand in an expression: of the catalogue, of other programs, and of our recordings. */
import { METRICS } from '../../../app/telemetry/metric-catalogue.ts';
import type { MetricDefinition } from '../../../app/telemetry/metric-definition.ts';
import { prometheusName, seriesName } from '../prometheus-names.ts';
import { committedRules } from './committed.ts';
import { EXTERNAL_METRICS } from './external-metrics.ts';
import { type Matcher, readPromql } from './grammars.ts';

/** The labels of a metric, each with its values if they are a fixed set. */
export type Labels = ReadonlyMap<string, readonly string[] | undefined>;
export type KnownMetrics = ReadonlyMap<string, Labels>;

/** Prometheus gives them to whatever it scrapes. */
const OF_TARGETS = ['job', 'instance'];

function labelsOf({ labels }: MetricDefinition): [string, readonly string[] | undefined][] {
  return Object.entries(labels).map(([name, values]) => [
    prometheusName(name),
    'text' in values ? undefined : values,
  ]);
}

const withTargets = (labels: [string, readonly string[] | undefined][]): Labels =>
  new Map([...OF_TARGETS.map((name) => [name, undefined] as const), ...labels]);

/** The series that each metric of a catalogue has in Prometheus. */
export function seriesOf(metrics: Iterable<MetricDefinition>): Map<string, Labels> {
  const known = new Map<string, Labels>();
  for (const metric of metrics) {
    const name = seriesName(metric);
    const labels = labelsOf(metric);
    if (metric.kind !== 'histogram') known.set(name, withTargets(labels));
    else {
      known.set(`${name}_bucket`, withTargets([...labels, ['le', undefined]]));
      for (const suffix of ['_sum', '_count']) known.set(name + suffix, withTargets(labels));
    }
  }
  return known;
}

/** The labels that it is summed by, or those of what it reads. */
function labelsOfRecording(expr: string, known: KnownMetrics): Labels {
  const { grouping, selectors } = readPromql(expr);
  if (grouping.length > 0) return new Map(grouping.map((name) => [name, undefined]));
  return new Map(selectors.flatMap(({ metric = '' }) => [...(known.get(metric) ?? [])]));
}

/** @param catalogue the service's own metrics; a test takes one away */
export function knownMetrics(
  catalogue: Iterable<MetricDefinition> = Object.values(METRICS),
): KnownMetrics {
  const known = seriesOf(catalogue);
  for (const [name, labels] of Object.entries(EXTERNAL_METRICS)) {
    known.set(name, withTargets(labels.map((label) => [label, undefined])));
  }
  // A recording stands after those that it reads.
  for (const { rule } of committedRules()) {
    if (rule.record !== undefined) known.set(rule.record, labelsOfRecording(rule.expr, known));
  }
  return known;
}

/** @returns what is wrong with the metrics and labels of an expression; nothing when all of them exist */
export function unknownNames(text: string, known: KnownMetrics): string[] {
  const { selectors, grouping, made } = readPromql(text);
  const labels = new Set(made);
  const problems = selectors.flatMap(({ metric, matchers, text: selector }) => {
    if (metric === undefined) return [];
    const own = known.get(metric);
    if (!own) return [`no metric ${metric}`];
    for (const label of own.keys()) labels.add(label);
    return matchers.flatMap((matcher) => unknownMatcher(selector, matcher, own));
  });
  // Whatever any metric has may stand where only labels select.
  const isOpen = selectors.some(({ metric }) => metric === undefined);
  const unknown = isOpen ? [] : grouping.filter((label) => !labels.has(label));
  return problems.some((problem) => problem.startsWith('no metric'))
    ? problems
    : [...problems, ...unknown.map((label) => `no label ${label} to group by`)];
}

/** Alternatives of words, each of which must exist, or the line of a renamed value would be gone in silence. */
const WORDS = /^[\w.|-]+$/;

function unknownMatcher(selector: string, { label, op, value }: Matcher, labels: Labels): string[] {
  if (!labels.has(label)) return [`no label ${label} in ${selector}`];
  const values = labels.get(label);
  if (!values || !WORDS.test(value)) return [];
  const wanted = op.endsWith('~') ? value.split('|') : [value];
  return wanted.filter((each) => !values.includes(each)).map((each) => `${label} is never ${each}`);
}
