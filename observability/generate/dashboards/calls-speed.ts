/** The part of the dashboard of calls that shows how fast they are. */
import { METRICS } from '../../../app/telemetry/metric-catalogue.ts';
import { type Profile, slo } from '../../slo.ts';
import { limitOf } from './limits.ts';
import type { PanelSpec, Query, RowSpec } from './panel-spec.ts';
import { buckets, EXEMPLARS, type Metric, quantile } from './queries.ts';

const SUCCESS = 'outcome="success"';
/** From when on the collector keeps every trace as slow. */
const SLOW_MS = slo.profiles.documented.objectives.latency.limitMs;
const SLOW_TRACES = `{ span.gen_ai.operation.name = "chat" && duration > ${SLOW_MS}ms }`;

const quantiles = (metric: Metric, where = ''): Query[] =>
  [0.5, 0.9, 0.99].map((q) => ({ expr: quantile(q, metric, [], where), legend: `P${q * 100}` }));

function wholeCalls(profile: Profile): PanelSpec[] {
  return [
    {
      kind: 'lines',
      title: 'Latency of calls',
      description:
        'From a caller’s request to the end of the answer, of calls that succeeded. Points are kept traces, and a click opens one; the line of kept traces only shows where they lie.',
      unit: 's',
      min: 0,
      queries: [
        ...quantiles(METRICS.duration, SUCCESS),
        { expr: EXEMPLARS, legend: 'P99 of kept traces', exemplar: true },
      ],
      ...limitOf(profile, 'latency'),
      traces: SLOW_TRACES,
    },
    {
      kind: 'heatmap',
      title: 'Latency of calls, all of them',
      description:
        'How many calls took how long. Two bands are two kinds of calls, such as streams and complete answers, which a quantile hides.',
      unit: 's',
      queries: [{ expr: buckets(METRICS.duration, SUCCESS), legend: '{{le}}' }],
    },
  ];
}

function firstContent(profile: Profile): PanelSpec[] {
  return [
    {
      kind: 'lines',
      title: 'First event, first token, first visible text: P99',
      description:
        'What users of a stream wait for. The distance from token to text is time in which the model thinks.',
      unit: 's',
      min: 0,
      queries: [
        { expr: quantile(0.99, METRICS.timeToFirstEvent), legend: 'first event' },
        { expr: quantile(0.99, METRICS.timeToFirstToken), legend: 'first token' },
        { expr: quantile(0.99, METRICS.timeToFirstText), legend: 'first visible text' },
      ],
    },
    {
      kind: 'lines',
      title: 'First token by model: median and P99',
      description:
        'Time to the first content of a stream, thinking included. If only one model slows down, it is the upstream and not the service.',
      unit: 's',
      min: 0,
      queries: [
        { expr: quantile(0.5, METRICS.timeToFirstToken, ['model']), legend: 'median {{model}}' },
        { expr: quantile(0.99, METRICS.timeToFirstToken, ['model']), legend: 'P99 {{model}}' },
      ],
      ...limitOf(profile, 'first_token'),
    },
  ];
}

const WHILE_STREAMING: readonly PanelSpec[] = [
  {
    kind: 'lines',
    title: 'Output tokens a second',
    description:
      'How fast models write text and tool input once they have begun, thinking left out: the median, and the slowest tenth. People read about 5 to 10 tokens a second.',
    unit: 'cps',
    min: 0,
    queries: [
      { expr: quantile(0.5, METRICS.outputRate, ['model']), legend: 'median {{model}}' },
      { expr: quantile(0.1, METRICS.outputRate, ['model']), legend: 'slowest tenth {{model}}' },
    ],
  },
  {
    kind: 'lines',
    title: 'Longest silence in a stream',
    description:
      'The longest time between two events of a stream. Half a minute of silence looks like a hanging answer, and clients give up.',
    unit: 's',
    min: 0,
    queries: quantiles(METRICS.longestGap),
  },
];

export function speedRow(profile: Profile): RowSpec {
  return {
    title: 'Speed',
    panels: [...wholeCalls(profile), ...firstContent(profile), ...WHILE_STREAMING],
  };
}
