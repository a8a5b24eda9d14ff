/** The documented alert, word for word, and the documented P99 as an alert of its own. */
import { documentedRule, type Objective } from '../../slo.ts';
import type { Alert } from './alert.ts';
import { enoughEvents } from './guards.ts';
import { budgetOf, recorded } from './recording.ts';

/** What the file's comment says of the documented rule. */
export const ABOUT_DOCUMENTED = `The unit of HighClaudeErrorRate is errors per second and series, not a share: at 1,000 req/s it fires at
0.005 % errors, at 1 req/min never. Alertmanager sends it to nobody. See docs/article.md.`;

/**
 * The P99 lies above the limit exactly when more than one call in a hundred takes longer. The share needs no
 * interpolation within a bucket, and it counts callers who lost patience.
 */
export function p99Latency(latency: Required<Objective>): Alert {
  const { limitMs } = latency;
  const share = budgetOf(latency);
  return {
    alert: 'ClaudeP99Latency',
    severity: 'ticket',
    because: 'the burn rates of latency page; this shows the documented target as it is written',
    expr: [
      `${recorded('latency', 'error_ratio_rate5m')} > ${share}`,
      `and ${recorded('latency', 'counted_rate5m')} * 300 >= ${enoughEvents(share)}`,
    ].join('\n'),
    for: '10m',
    summary: `{{ $labels.job }}: the P99 latency is above ${limitMs} ms, as {{ $value | humanizePercentage }} of the calls in the last 5m took longer`,
    description: `The documented target is missed. It says nothing about live models, none of which answers every request within ${limitMs} ms.`,
    dashboard: 'claude-objectives',
    labels: { objective: 'latency' },
  };
}

/** @returns the rules of the documented profile */
export function documentedAlerts(latency: Required<Objective>) {
  return [documentedRule, p99Latency(latency)];
}
