/** The part of the dashboard of calls that shows API keys: their states, ages, sources and rate limits. */
import { METRICS } from '../../../app/telemetry/metric-catalogue.ts';
import { thresholds } from '../../slo.ts';
import { above, below, type RowSpec } from './panel-spec.ts';
import { highest, rate, series } from './queries.ts';

const KEY = ['upstream', 'caller', 'key'];
const FAMILY = [...KEY, 'model_family', 'limit'];
const lowest = (labels: readonly string[], what: string) =>
  `min by (${labels.join(', ')}) (${what})`;

export const KEYS_ROWS: readonly RowSpec[] = [
  {
    title: 'Keys and rate limits',
    panels: [
      {
        kind: 'lines',
        title: 'Room left in the rate limits',
        description:
          'The part that is left of each limit, by key and model family, as the API last said. Near 0 the next peak gets a 429.',
        unit: 'percentunit',
        min: 0,
        max: 1,
        queries: [
          {
            expr: `${lowest(FAMILY, series(METRICS.rateLimitRemaining))} / (${lowest(FAMILY, series(METRICS.rateLimitMax))} > 0)`,
            legend: '{{upstream}} {{key}} {{model_family}} {{limit}}',
          },
        ],
        limit: below(thresholds.rateLimitRemainingRatio, 2 * thresholds.rateLimitRemainingRatio),
        noValue: 'no limit reported',
      },
      {
        kind: 'lines',
        title: 'Keys that rest',
        description:
          '1 while the limit of a key for a model family is used up: its calls go to other keys until the reset.',
        unit: 'short',
        min: 0,
        max: 1,
        queries: [
          {
            expr: highest(METRICS.keyResting, [...KEY, 'model_family']),
            legend: '{{upstream}} {{key}} {{model_family}}',
          },
        ],
        noValue: 'no limit reported',
      },
      {
        kind: 'table',
        title: 'Keys and their states',
        description:
          'The state of each key on each instance. A rejected key stays out until its source gives another one.',
        unit: 'short',
        width: 12,
        queries: [{ expr: `${series(METRICS.keyState)} == 1`, legend: '' }],
        columns: {
          upstream: 'Upstream',
          caller: 'Caller',
          key: 'Key',
          state: 'State',
          instance: 'Instance',
        },
        noValue: 'not scraped',
      },
      {
        kind: 'stat',
        title: 'Key sources that cannot be read',
        description: 'The last good keys stay in use meanwhile, but a rotation would go unnoticed.',
        unit: 'short',
        width: 4,
        height: 8,
        queries: [
          {
            expr: `count(${series(METRICS.keySourceUp)} == 0) or 0 * count(${series(METRICS.keySourceUp)})`,
            legend: '',
          },
        ],
        limit: above(1),
        noValue: 'not scraped',
      },
      {
        kind: 'lines',
        title: 'Failed reads of key sources',
        description:
          'By reason. `denied` needs whoever owns the permissions, `unreachable` the network.',
        unit: 'rps',
        width: 8,
        min: 0,
        queries: [
          {
            expr: rate(METRICS.keySourceFailures, ['upstream', 'caller', 'reason']),
            legend: '{{upstream}} {{caller}} {{reason}}',
          },
        ],
        noValue: 'none failed',
      },
      {
        kind: 'lines',
        title: 'Age of the keys',
        description:
          'Time since an instance first read a key, the oldest of all instances. It falls to 0 when a key is rotated, and at a restart.',
        unit: 's',
        min: 0,
        queries: [
          { expr: highest(METRICS.keyAge, KEY), legend: '{{upstream}} {{caller}} {{key}}' },
        ],
        noValue: 'not scraped',
      },
      {
        kind: 'lines',
        title: 'Rotations',
        description:
          'Reads of a source that found other keys than before, the first read included.',
        unit: 'rps',
        min: 0,
        queries: [
          {
            expr: rate(METRICS.keyRotations, ['upstream', 'caller']),
            legend: '{{upstream}} {{caller}}',
          },
        ],
        noValue: 'not scraped',
      },
    ],
  },
];
