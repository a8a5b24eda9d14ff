/** Where the dashboards break a rule on purpose. A test fails for an exception that nothing needs any more. */

export interface Exception {
  readonly rule: string;
  readonly dashboard: string;
  /** A part of the lines that it excuses. */
  readonly where: string;
  readonly because: string;
}

const NO_METRICS = 'It shows traces and log lines of one ID, and no metrics that could be chosen.';
const OF_PUSHED = 'The load pushes its series, so they have neither job nor instance.';
const OF_ALERTS =
  'An alert has the labels of its expression; one about Prometheus itself would be hidden.';
const OF_RECORDINGS =
  'Objectives and budgets are recorded by job: a part of the instances has none.';

export const EXCEPTIONS: readonly Exception[] = [
  ...['template-datasource', 'template-job', 'template-instance'].map((rule) => ({
    rule,
    dashboard: 'one-id.json',
    where: '',
    because: NO_METRICS,
  })),
  ...['target-job', 'target-instance'].flatMap((rule) => [
    { rule, dashboard: 'load-test.json', where: ': k6_', because: OF_PUSHED },
    { rule, dashboard: 'objectives.json', where: ': ALERTS', because: OF_ALERTS },
  ]),
  ...['objectives.json', 'calls.json'].map((dashboard) => ({
    rule: 'target-instance',
    dashboard,
    where: ': traces_span_metrics',
    because: 'Their instance is the service’s own ID, not the address that is scraped.',
  })),
  ...['objectives.json', 'cost.json'].map((dashboard) => ({
    rule: 'target-instance',
    dashboard,
    where: ': job:claude_',
    because: OF_RECORDINGS,
  })),
  {
    rule: 'target-instance',
    dashboard: 'objectives.json',
    where: ': claude_build_info{',
    because: 'Users are served by all instances of a job, whichever are chosen.',
  },
  {
    rule: 'target-rate-interval',
    dashboard: 'cost.json',
    where: 'over 1d',
    because: 'What was spent in a day is read over a day, whatever range is shown.',
  },
];
