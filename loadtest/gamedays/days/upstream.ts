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
        clearsWithin: 8,
        labels: { upstream: 'west' },
      }),
      HIGH_ERROR_RATE,
    ],
  },
];

/** The load falls to a few calls, and later comes back. */
const QUIET = [{ perSecond: 1 }, { perSecond: 1, stream: true }];
const BUSY = [{ perSecond: 45 }, { perSecond: 15, stream: true }];

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
      ticket('ClaudeStreamsTruncated', { notBefore: 7, within: 20, clearsWithin: 13 }),
      HIGH_ERROR_RATE,
    ],
  },
  {
    name: 'failures_at_night',
    fault: 'at two calls a second the upstream fails for most; later the day’s load comes back',
    load: QUIET,
    on({ simulator, traffic }) {
      simulator.setFaults([{ kind: 'error_500', probability: 0.9 }]);
      return () => {
        simulator.setFaults([]);
        traffic.make(BUSY);
      };
    },
    // Burn rates are silent below 16 calls an hour, and two calls a second are 7,200. In compressed time there cannot be
    // so few; promtool's cases have them.
    expected: [
      ticket('ClaudeFailuresAtLowTraffic', {
        notBefore: 9,
        within: 18,
        clearsWithin: 190,
        labels: { objective: 'availability' },
        inhibitedBy: burns('availability', 'Fast', 'Medium'),
        silenced: 'by one',
      }),
    ],
    companions: [
      ...mayPage(
        'few as the calls are, most of them fail',
        ...burns('availability', 'Fast', 'Medium'),
      ),
      ...mayFire(
        'few as the calls are, most of them fail',
        ...burns('availability', 'Slow', 'Trickle'),
        'HighClaudeErrorRate',
        'ClaudeCircuitOpen',
      ),
    ],
  },
];

export const UPSTREAM_DAYS: readonly GameDay[] = [...DOWN, ...PARTLY];
