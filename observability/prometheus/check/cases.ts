/** Tells which kinds of test cases an alert lacks. */
import { secondsOf } from '../../generate/rules/durations.ts';
import type { AlertCheck, Rule, TestCase } from './rule-files.ts';

/**
 * `fires`: with labels and annotations. `waits`: silent before it fires; a mutant of `for`
 * tells whether close enough. `clears`: silent after
 * it has fired. `low traffic`: a share of events is silent where there are few. `no data`: silent without the
 * series that it reads; a watchdog fires.
 */
export type Kind = 'fires' | 'waits' | 'clears' | 'low traffic' | 'no data';

/** @returns the kinds that apply to the alert and that no test has */
export function missingCases(alert: Rule, tests: readonly TestCase[]): Kind[] {
  const histories = tests
    .map((test) => ({ test, checks: checksOf(alert, test) }))
    .filter(({ checks }) => checks.length > 0);
  const has: Record<Kind, boolean> = {
    fires: histories.some(({ checks }) => checks.some(firesExactly)),
    waits: histories.some(({ checks }) => turns(checks, 'more')),
    clears: histories.some(({ checks }) => turns(checks, 'fewer')),
    'low traffic': histories.some(
      ({ test, checks }) => /low traffic/.test(test.name ?? '') && checks.some(isSilent),
    ),
    'no data': histories.some(
      ({ test, checks }) =>
        !givesData(test, alert) && checks.every((check) => isSilent(check) !== isConstant(alert)),
    ),
  };
  return applicable(alert).filter((kind) => !has[kind]);
}

function applicable(alert: Rule): Kind[] {
  return [
    'fires',
    ...(alert.for ? (['waits'] as const) : []),
    ...(isConstant(alert) ? [] : (['clears'] as const)),
    ...(isShareOfEvents(alert) ? (['low traffic'] as const) : []),
    // One on absence has to fire then, as it does above.
    ...(/\babsent\w*\(/.test(alert.expr) ? [] : (['no data'] as const)),
  ];
}

/** A watchdog fires whatever there is. */
function isConstant({ expr }: Rule): boolean {
  return expr.startsWith('vector(');
}

function isShareOfEvents({ expr }: Rule): boolean {
  return (
    /error_ratio/.test(expr) || (/\b(rate|increase)\(/.test(expr) && /\/\s*[^\s\d]/.test(expr))
  );
}

/** Whether a history has a series that the alert reads; `up` alone says only that somebody looks. */
function givesData({ input_series = [] }: TestCase, { expr }: Rule): boolean {
  const names = input_series.map(({ series }) => series.split('{', 1)[0] ?? '');
  const isAboutUp = !/(?!up\b)\b[a-z]\w*_\w+\b(?=[{[ )]|$)/.test(expr);
  const read = new Set(expr.match(/[a-zA-Z_:][\w:]*/g));
  return names.some((name) => read.has(name) && (name !== 'up' || isAboutUp));
}

/** In the order of their times. */
function checksOf({ alert }: Rule, { alert_rule_test = [] }: TestCase): AlertCheck[] {
  return alert_rule_test
    .filter(({ alertname }) => alertname === alert)
    .toSorted((a, b) => timeOf(a) - timeOf(b));
}

/** Seconds; promtool also takes `1d2h`. */
function timeOf({ eval_time }: AlertCheck): number {
  const parts = String(eval_time).match(/\d+[a-z]+/g) ?? [];
  return parts.reduce((sum, part) => sum + (secondsOf(part) || 0), 0);
}

function isSilent({ exp_alerts = [] }: AlertCheck): boolean {
  return exp_alerts.length === 0;
}

function firesExactly({ exp_alerts = [] }: AlertCheck): boolean {
  return (
    exp_alerts.length > 0 &&
    exp_alerts.every(
      ({ exp_labels, exp_annotations }) => exp_labels?.['severity'] && exp_annotations?.['summary'],
    )
  );
}

/** Whether more alerts fire at one check than at the one before, or fewer. */
function turns(checks: readonly AlertCheck[], direction: 'more' | 'fewer'): boolean {
  const counts = checks.map(({ exp_alerts = [] }) => exp_alerts.length);
  return counts.some((count, i) => {
    const before = counts[i - 1] ?? count;
    return direction === 'more' ? count > before : count < before;
  });
}
