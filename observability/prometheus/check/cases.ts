/** Tells which kinds of test cases an alert lacks. */
import { secondsOf } from '../../generate/rules/durations.ts';
import type { AlertCheck, Rule, TestCase } from './rule-files.ts';

/**
 * `fires`: with labels and annotations. `waits`: silent less than its `for` before it fires. `clears`: silent after
 * it has fired. `low traffic`: a share of events is silent where there are few. `no data`: silent without any
 * series, but an alert on absence fires.
 */
export type Kind = 'fires' | 'waits' | 'clears' | 'low traffic' | 'no data';

/** @returns the kinds that apply to the alert and that no test has */
export function missingCases(alert: Rule, tests: readonly TestCase[]): Kind[] {
  const histories = tests
    .map((test) => ({ test, checks: checksOf(alert, test) }))
    .filter(({ checks }) => checks.length > 0);
  const has: Record<Kind, boolean> = {
    fires: histories.some(({ checks }) => checks.some(firesExactly)),
    waits: histories.some(({ checks }) => waits(checks, secondsOf(alert.for ?? ''))),
    clears: histories.some(({ checks }) => clears(checks)),
    'low traffic': histories.some(
      ({ test, checks }) => /low traffic/.test(test.name ?? '') && checks.some(isSilent),
    ),
    'no data': histories.some(
      ({ test, checks }) =>
        (test.input_series ?? []).length === 0 &&
        checks.every((check) => isSilent(check) !== isAboutAbsence(alert)),
    ),
  };
  return applicable(alert).filter((kind) => !has[kind]);
}

function applicable(alert: Rule): Kind[] {
  const isConstant = /^vector\(/.test(alert.expr);
  return [
    'fires',
    ...(alert.for ? (['waits'] as const) : []),
    ...(isConstant ? [] : (['clears'] as const)),
    ...(isShareOfEvents(alert) ? (['low traffic'] as const) : []),
    'no data',
  ];
}

function isAboutAbsence({ expr }: Rule): boolean {
  return /\babsent\w*\(|^vector\(/.test(expr);
}

function isShareOfEvents({ expr }: Rule): boolean {
  return (
    /error_ratio/.test(expr) || (/\b(rate|increase)\(/.test(expr) && /\/\s*[^\s\d]/.test(expr))
  );
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

function waits(checks: readonly AlertCheck[], forSeconds: number): boolean {
  return checks.some((check, i) => {
    const before = checks[i - 1];
    return (
      before !== undefined &&
      isSilent(before) &&
      !isSilent(check) &&
      timeOf(check) - timeOf(before) <= forSeconds
    );
  });
}

function clears(checks: readonly AlertCheck[]): boolean {
  const firing = checks.findIndex((check) => !isSilent(check));
  return firing !== -1 && checks.slice(firing).some(isSilent);
}
