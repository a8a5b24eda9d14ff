/** The marks on the time axis of the dashboards: what was going on when a line changed its course. */
import { AnnotationQueryBuilder } from '@grafana/grafana-foundation-sdk/dashboard';
import { DataqueryBuilder } from '@grafana/grafana-foundation-sdk/prometheus';
import { METRICS } from '../../../app/telemetry/metric-catalogue.ts';
import { PROMETHEUS } from './data-sources.ts';
import { firing, series } from './queries.ts';

interface Mark {
  readonly name: string;
  readonly expr: string;
  /** What the mark says; labels in double braces. */
  readonly title: string;
  readonly color: string;
  /** The value, in milliseconds, is the time of the mark. */
  readonly valueIsTime?: true;
}

const running = (offset = '') => `count by (job, version) (${series(METRICS.buildInfo)}${offset})`;

const MARKS: readonly Mark[] = [
  {
    name: 'Firing alerts',
    expr: firing('severity=~"page|ticket"'),
    title: '{{alertname}} ({{severity}})',
    color: 'red',
  },
  {
    name: 'Deploys',
    // For a minute, a version is new that nobody ran a minute ago.
    expr: `${running()} unless ${running(' offset 1m')}`,
    title: 'version {{version}}',
    color: 'blue',
  },
  {
    name: 'Restarts',
    expr: `${series(METRICS.processStart)} * 1000`,
    title: '{{instance}} started',
    color: 'orange',
    valueIsTime: true,
  },
  {
    name: 'Faults of the simulator',
    expr: 'max by (kind, region) (simulator_fault_active)',
    title: 'fault {{kind}}, region {{region}}',
    color: 'purple',
  },
];

/** The annotations of every dashboard of the service. */
export function annotations(): AnnotationQueryBuilder[] {
  return MARKS.map(({ name, expr, title, color, valueIsTime }) => {
    const target = new DataqueryBuilder().refId(name).datasource(PROMETHEUS).expr(expr).range();
    return new AnnotationQueryBuilder()
      .name(name)
      .datasource(PROMETHEUS)
      .enable(true)
      .iconColor(color)
      .target(target)
      .expr(expr)
      .titleFormat(title)
      .useValueForTime(valueIsTime === true);
  });
}
