/** Alerts on the monitoring itself: who would tell if Prometheus or Alertmanager could not? */
import type { Alert } from './alert.ts';
import { OF_STACK } from './causes/expressions.ts';

const DASHBOARD = 'claude-telemetry';
const PLACE = '{{ $labels.job }} {{ $labels.instance }}';

const PROMETHEUS: readonly Alert[] = [
  {
    alert: 'PrometheusRuleFailing',
    severity: 'page',
    because: 'alerts that cannot be evaluated wake nobody',
    expr: `round(increase(prometheus_rule_evaluation_failures_total{${OF_STACK}}[5m])) > 0`,
    for: '5m',
    summary: `${PLACE}: {{ $value }} evaluations of the rules in {{ $labels.rule_group }} failed in the last 5m`,
    description: 'Recordings and alerts of the group are missing or old; outages may go unnoticed.',
    dashboard: DASHBOARD,
  },
  {
    alert: 'PrometheusConfigInvalid',
    severity: 'ticket',
    because: 'Prometheus goes on with its last good configuration',
    expr: `prometheus_config_last_reload_successful{${OF_STACK}} == 0`,
    for: '5m',
    summary: `${PLACE}: Prometheus could not load its configuration or rules`,
    description: 'What was changed last is not in force, and Prometheus would not start with it.',
    dashboard: DASHBOARD,
  },
  {
    alert: 'PrometheusNotificationsFailing',
    severity: 'page',
    because:
      'alerts that reach no Alertmanager wake nobody; the dead-man’s switch tells if all are lost',
    expr: [
      `round(sum by (job, instance) (increase(prometheus_notifications_dropped_total{${OF_STACK}}[5m]))) > 0`,
      `or sum by (job, instance) (prometheus_notifications_alertmanagers_discovered{${OF_STACK}}) < 1`,
    ].join('\n'),
    for: '5m',
    summary: `${PLACE}: {{ $value }} notifications for Alertmanager were dropped in the last 5m (0: Prometheus knows no Alertmanager)`,
    description:
      'No Alertmanager took them, the queue for it was full, or the configuration names none.',
    dashboard: DASHBOARD,
  },
];

const ALERTMANAGER: readonly Alert[] = [
  {
    alert: 'AlertmanagerNotificationsFailing',
    severity: 'ticket',
    because: 'a page about pages that cannot be sent could not be sent either',
    expr: `round(sum by (job, instance, integration) (increase(alertmanager_notifications_failed_total{${OF_STACK}}[15m]))) > 0`,
    for: '5m',
    summary: `${PLACE}: {{ $value }} notifications by {{ $labels.integration }} failed in the last 15m`,
    description: 'After its retries Alertmanager gave up; whoever should know does not.',
    dashboard: DASHBOARD,
  },
  {
    alert: 'AlertmanagerConfigInvalid',
    severity: 'ticket',
    because: 'Alertmanager goes on with its last good configuration',
    expr: `alertmanager_config_last_reload_successful{${OF_STACK}} == 0`,
    for: '5m',
    summary: `${PLACE}: Alertmanager could not load its configuration`,
    description: 'What was changed last is not in force, and Alertmanager would not start with it.',
    dashboard: DASHBOARD,
  },
];

const WATCHDOG: Alert = {
  alert: 'Watchdog',
  severity: 'info',
  because: 'it fires always; the dead-man’s switch wakes somebody when it no longer does',
  expr: 'vector(1)',
  summary: 'Prometheus evaluates rules and reaches Alertmanager',
  description:
    'It always fires. An external dead-man’s switch expects it, and raises the alarm when it stays away.',
  dashboard: DASHBOARD,
};

export const MONITORING: readonly Alert[] = [...PROMETHEUS, ...ALERTMANAGER, WATCHDOG];
