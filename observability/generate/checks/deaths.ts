/** Says what dies with a metric: every panel, rule and runbook that reads it. */
import { committedRunbooks } from './committed.ts';
import { committedExpressions, substitute } from './expressions.ts';
import { type KnownMetrics, unknownNames } from './known-metrics.ts';

/** Words of runbooks that name a metric of ours or of a program that we run; after `FAULT=` stands a game day. */
const NAMES =
  /(?<!FAULT=)\b(?:job:)?(?:claude|gen_ai|otelcol|otel_sdk|nodejs|v8js|prometheus|alertmanager)_[a-z0-9_:]+\b/g;
const CODE = /```[\s\S]*?```|`[^`\n]+`/g;

interface Death {
  readonly problem: string;
  readonly where: string;
}

/** A runbook may also name a histogram without the suffix of its series, or one of its labels. */
function ofRunbooks(known: KnownMetrics): Death[] {
  const words = new Set<string>();
  for (const [name, labels] of known) {
    words.add(name).add(name.replace(/_(?:bucket|sum|count)$/, ''));
    for (const label of labels.keys()) words.add(label);
  }
  return committedRunbooks().flatMap(({ file, text }) =>
    [...text.matchAll(CODE)].flatMap(([code]) =>
      [...code.matchAll(NAMES)]
        .filter(([name]) => !words.has(name))
        .map(([name]) => ({ problem: `no metric ${name}`, where: `runbook ${file}` })),
    ),
  );
}

/** @returns a line for each name that does not exist, with all that reads it */
export function deaths(known: KnownMetrics): string[] {
  const all: Death[] = committedExpressions()
    .filter(({ language }) => language === 'promql')
    .flatMap(({ where, text }) =>
      unknownNames(substitute(text), known).map((problem) => ({ problem, where })),
    );
  const byProblem = Map.groupBy([...all, ...ofRunbooks(known)], ({ problem }) => problem);
  return [...byProblem].map(([problem, found]) => {
    const places = new Set(found.map(({ where }) => where));
    return `${problem}: dead are ${[...places].join('; ')}`;
  });
}
