/** Game days of the upstream: it refuses, fails or breaks off. */
import { type GameDay, KEYS, type Place } from '../game-day.ts';
import {
  ALL_FAIL,
  burn,
  burns,
  HIGH_ERROR_RATE,
  info,
  OUTAGE_BURNS,
  OUTAGE_PAGES,
  ticket,
} from './expectations.ts';
import { AFTER_AN_OUTAGE, injected, mayFire, mayPage, without } from './injected.ts';

/** Two regions of the simulator, the first preferred. */
function twoUpstreams({ simulator }: Place) {
  const region = (name: string, priority: number) => ({
    name,
    priority,
    url: `${simulator}/regions/${name}`,
  });
  return { CLAUDE_UPSTREAMS: JSON.stringify([region('east', 0), region('west', 1)]) };
}

const RETRIED = mayFire(
  'retries of failed attempts count as errors a second, and until the circuit opens they use up the budget of retries',
  'ClaudeRetryBudgetEmpty',
);

/** The circuit has to be open for most of five minutes, and the rule waits for two. */
const CIRCUIT_OPEN = { notBefore: 4, within: 9, clearsWithin: 12 };

const DOWN: readonly GameDay[] = [
  {
    name: 'upstream_down',
    fault: 'the only upstream answers 503',
    ...injected({ kind: 'error_503' }),
    expected: [
      ALL_FAIL,
      OUTAGE_BURNS,
      burn('availability', 'Medium', { notBefore: 16, within: 27, clearsWithin: 42 }),
      ticket('ClaudeCircuitOpen', {
        ...CIRCUIT_OPEN,
        labels: { upstream: 'simulator' },
        inhibitedBy: OUTAGE_PAGES,
        silenced: 'by one',
      }),
      HIGH_ERROR_RATE,
    ],
    companions: [...AFTER_AN_OUTAGE, ...RETRIED],
  },
  {
    name: 'long_outage',
    fault: 'the only upstream answers 529 for hours',
    ...injected({ kind: 'overloaded' }),
    expected: [
      burn('availability', 'Slow', { notBefore: 35, within: 53, clearsWithin: 170 }),
      ticket('ClaudeErrorBudgetRunsOutSoon', {
        notBefore: 100,
        within: 150,
        clearsWithin: 172,
        labels: { objective: 'availability' },
        inhibitedBy: OUTAGE_PAGES,
        silenced: 'by one',
      }),
    ],
    companions: [
      ...without(AFTER_AN_OUTAGE, 'ClaudeAvailabilityBurnSlow'),
      ...RETRIED,
      ...mayPage('the game day upstream_down is about it', ...OUTAGE_PAGES),
      ...mayFire(
        'the game day upstream_down is about it',
        'ClaudeCircuitOpen',
        'HighClaudeErrorRate',
      ),
    ],
  },
  {
    name: 'first_upstream_down',
    fault: 'the first of two upstreams answers 500',
    settings: twoUpstreams,
    ...injected({ kind: 'error_500', region: 'east' }),
    expected: [ticket('ClaudeCircuitOpen', { ...CIRCUIT_OPEN, labels: { upstream: 'east' } })],
    companions: mayFire(
      'the probes of the open circuit fail, count as errors a second, and are answered by the other upstream',
      'HighClaudeErrorRate',
      'ClaudeFailoverInUse',
      'ClaudeRetriesAmplifying',
    ),
  },
  {
    name: 'failover',
    fault: 'the first of two upstreams answers 500 to three requests in twenty',
    settings: twoUpstreams,
    ...injected({ kind: 'error_500', region: 'east', probability: 0.15 }),
    expected: [
      info('ClaudeFailoverInUse', {
        notBefore: 11,
        within: 25,
        clearsWithin: 12,
        labels: { upstream: 'west' },
      }),
      HIGH_ERROR_RATE,
    ],
  },
];

/** Of the calls that fail. */
const FAILING_MODEL = 'claude-sonnet-5-5';

/** Among so many good calls the failures of six hours are soon a small share. */
const MORE = [{ perSecond: 45 }, { perSecond: 15, stream: true }];

const PARTLY: readonly GameDay[] = [
  {
    name: 'rate_limited',
    fault: 'the rate limit of one of two keys is used up',
    ...injected({ kind: 'rate_limited', key: KEYS.blue, retryAfterS: 2 }),
    expected: [
      ticket('ClaudeRateLimitNearlyUsedUp', {
        notBefore: 9,
        within: 15,
        clearsWithin: 23,
        labels: { upstream: 'simulator', key: 'blue' },
      }),
    ],
    companions: mayFire('it counts errors a second, and a 429 is one', 'HighClaudeErrorRate'),
  },
  {
    name: 'retries',
    fault: 'a quarter of all requests is answered with 500',
    ...injected({ kind: 'error_500', probability: 0.25 }),
    expected: [
      ticket('ClaudeRetriesAmplifying', { notBefore: 11, within: 20, clearsWithin: 6 }),
      HIGH_ERROR_RATE,
    ],
  },
  {
    name: 'no_retries_left',
    fault: 'nearly half of all requests are answered with 500',
    ...injected({ kind: 'error_500', probability: 0.45 }),
    // When the circuit opens is a matter of chance.
    expected: [
      ticket('ClaudeRetryBudgetEmpty', {
        notBefore: 10,
        within: 45,
        clearsWithin: 14,
        inhibitedBy: burns('availability', 'Fast', 'Medium'),
        silenced: 'by one',
        // While the circuit is open there are no retries to refuse.
        isOneShot: true,
        inRealTime: { fired: 'a hundred retries have to be used up first' },
      }),
      burn('availability', 'Fast', { notBefore: 6, within: 25, clearsWithin: 9 }),
    ],
    companions: [
      ...AFTER_AN_OUTAGE,
      ...mayFire(
        'with so many failures it may come to that',
        'ClaudeRetriesAmplifying',
        'ClaudeCircuitOpen',
        'HighClaudeErrorRate',
      ),
      ...mayPage('with so many failures it may come to that', ...burns('availability', 'Medium')),
    ],
  },
  {
    name: 'streams_cut',
    fault: 'one stream in ten breaks off after its first chunks',
    ...injected({ kind: 'stream_cut', probability: 0.1, afterChunks: 2 }),
    expected: [
      // Five streams have to break off within ten seconds, all the time: chance may make that late.
      ticket('ClaudeStreamsTruncated', { notBefore: 7, within: 20, clearsWithin: 16 }),
      HIGH_ERROR_RATE,
    ],
  },
  {
    name: 'few_failures',
    fault: 'one call in eighteen fails, too few for a burn rate; later more calls come',
    // By the model and not by chance: 5.6 % of an hour are below the fast burn rate, and a minute of them above 1 % of six.
    load: [
      { perSecond: 8 },
      { perSecond: 9, stream: true },
      { perSecond: 1, model: FAILING_MODEL },
    ],
    on({ simulator, traffic }) {
      simulator.setFaults([{ kind: 'error_500', model: FAILING_MODEL }]);
      return () => {
        simulator.setFaults([]);
        traffic.make(MORE);
      };
    },
    expected: [
      ticket('ClaudeFailuresAtLowTraffic', {
        notBefore: 64,
        within: 100,
        clearsWithin: 90,
        labels: { objective: 'availability' },
      }),
      HIGH_ERROR_RATE,
    ],
  },
];

export const UPSTREAM_DAYS: readonly GameDay[] = [...DOWN, ...PARTLY];
