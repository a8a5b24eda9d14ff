/** Writes alerts and recordings as the rule files of Prometheus. */
import { Document } from 'yaml';
import { type Profile, slo } from '../../slo.ts';
import type { Alert } from './alert.ts';

/** A recording rule. */
export interface Recording {
  readonly record: string;
  readonly expr: string;
}

/** An alert that is written as it stands, without labels and links of ours. */
export interface PlainAlert {
  readonly alert: string;
  readonly expr: string;
  readonly for: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
}

/** Rules that Prometheus evaluates one after the other. */
export interface RuleGroup {
  readonly name: string;
  /** How often; without it as often as Prometheus does by default. */
  readonly interval?: string;
  readonly rules: readonly (Alert | PlainAlert | Recording)[];
}

/**
 * What an alert speaks of, for routing and inhibition: what users feel, what may be why, or the monitoring
 * itself. It is the label `kind` of every alert of a file.
 */
export type Kind = 'symptom' | 'cause' | 'monitoring';

export interface RuleFile {
  /** The comment at the top, after the line that says where the file comes from. */
  readonly about: string;
  readonly kind: Kind;
  readonly groups: readonly RuleGroup[];
}

const ORIGIN = ' Generated from observability/slo.ts by `make generate`; do not edit.\n';

/** @returns the text of the file; the links of its alerts start with the profile's addresses */
export function ruleFile({ about, kind, groups }: RuleFile, { urls }: Pick<Profile, 'urls'>) {
  const document = new Document({
    groups: groups.map(({ name, interval, rules }) => ({
      name,
      ...(interval && { interval }),
      rules: rules.map((rule) => ('dashboard' in rule ? alertRule(rule, kind, urls) : rule)),
    })),
  });
  document.commentBefore = `${ORIGIN}${about.replaceAll(/^/gm, ' ')}`;
  // Expressions stay as they are, because they are copied.
  return document.toString({ lineWidth: 0 });
}

/** The dashboard opens with the job of the alert, where it has one. */
const JOB = '{{ with $labels.job }}?var-job={{ . | urlquery }}{{ end }}';

function alertRule(alert: Alert, kind: Kind, urls: Profile['urls']) {
  return {
    alert: alert.alert,
    expr: alert.expr,
    ...(alert.for && { for: alert.for }),
    ...(alert.keepFiringFor && { keep_firing_for: alert.keepFiringFor }),
    labels: { severity: alert.severity, kind, pack: slo.pack, ...alert.labels },
    annotations: {
      summary: alert.summary,
      description: alert.description,
      runbook_url: `${urls.runbooks}/${alert.alert}.md`,
      dashboard_url: `${urls.dashboards}/d/${alert.dashboard}${JOB}`,
    },
  };
}
