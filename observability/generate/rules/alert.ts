/** The shape of an alert, from which the rule, its annotations and its runbook's heading are made. */

/**
 * Whom it wakes. `page`: somebody at once, as users suffer now. `ticket`: somebody in working hours. `info`:
 * nobody; it explains other alerts.
 */
export type Severity = 'page' | 'ticket' | 'info';

export interface Alert {
  /** In upper camel case. The runbook is `runbooks/<alert>.md`. */
  readonly alert: string;
  readonly severity: Severity;
  /** Why it has this severity: one sentence, for the table of alerts. */
  readonly because: string;
  readonly expr: string;
  /** How long the expression has to hold, as Prometheus writes durations; none fires at once. */
  readonly for?: string;
  /** How long it stays firing once the expression no longer holds, so that it does not flap. */
  readonly keepFiringFor?: string;
  /** One line with the values and labels that tell what is wrong, in Prometheus' template language. */
  readonly summary: string;
  /** What it means and what users feel. */
  readonly description: string;
  /** The uid of the dashboard that shows it. */
  readonly dashboard: string;
  /** Labels besides `severity`, for routing and inhibition. */
  readonly labels?: Readonly<Record<string, string>>;
}
