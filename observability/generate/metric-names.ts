/**
 * Keeps a list of the metrics and labels that people may have copied into their own rules and dashboards. What
 * vanishes from it must stand in the changelog, or their alerts would die without a word.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { METRICS } from '../../app/telemetry/metric-catalogue.ts';
import { ROOT } from '../local/paths.ts';
import { prometheusName, seriesName } from './prometheus-names.ts';

export const METRIC_NAMES_FILE = 'observability/generate/metric-names.json';

/** The labels of each metric, as they read in Prometheus. */
export type MetricNames = Readonly<Record<string, readonly string[]>>;

/** @returns the bullets of the changelog's unreleased part */
export function unreleasedBullets(changelog: string): string[] {
  const [, after = ''] = changelog.split('## [Unreleased]');
  const [section = ''] = after.split(/^## \[/m);
  return section.split(/^- /m).slice(1);
}

/**
 * A metric is announced by a bullet that names it, in the form of Prometheus or of the conventions; a label by one
 * that names the metric and the label.
 * @returns what is in `before`, not in `after` and not in a bullet: `metric` or `metric{label}`
 */
export function unannounced(
  before: MetricNames,
  after: MetricNames,
  bullets: readonly string[],
): string[] {
  const named = bullets.map(
    (text) => new Set(text.match(/[\w:]+(?:\.\w+)*/g)?.map(prometheusName)),
  );
  const announced = (...names: readonly string[]) =>
    named.some((words) => names.every((name) => words.has(name)));
  return Object.entries(before).flatMap(([metric, labels]) => {
    const left = after[metric];
    if (!left) return announced(metric) ? [] : [metric];
    return labels
      .filter((label) => !left.includes(label) && !announced(metric, label))
      .map((label) => `${metric}{${label}}`);
  });
}

function today(): MetricNames {
  const entries = Object.values(METRICS).map((metric): [string, string[]] => [
    seriesName(metric),
    Object.keys(metric.labels).map(prometheusName).toSorted(),
  ]);
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/**
 * @returns the list as it is committed
 * @throws {Error} when something has vanished from it that the changelog does not announce
 */
export function metricNames(): string {
  const read = (file: string) => readFileSync(join(ROOT, file), 'utf8');
  const after = today();
  const before = JSON.parse(read(METRIC_NAMES_FILE)) as MetricNames;
  const gone = unannounced(before, after, unreleasedBullets(read('CHANGELOG.md')));
  if (gone.length > 0) {
    throw new Error(
      `gone without a line under [Unreleased] in CHANGELOG.md that names it: ${gone.join(', ')}`,
    );
  }
  return `${JSON.stringify(after, null, 2)}\n`;
}
