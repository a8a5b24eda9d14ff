/** Game days of the upstream: it refuses, fails or breaks off. */
import { type GameDay, KEYS, type Place } from '../game-day.ts';
import { burn, burns, highErrorRate, info, OUTAGE_PAGES, page, ticket } from './expectations.ts';
import { AFTER_AN_OUTAGE, injected, mayFire } from './injected.ts';

/** Two regions of the simulator, the first preferred. */
function twoUpstreams({ simulator }: Place) {
  const region = (name: string, priority: number) => ({
    ...{ name, priority, url: `${simulator}/regions/${name}` },
  });
  return { CLAUDE_UPSTREAMS: JSON.stringify([region('east', 0), region('west', 1)]) };
}

const RETRIED = mayFire(
  'retries of failed attempts count as errors a second, and until the circuit opens they use up the budget of retries',
  'ClaudeRetryBudgetEmpty',
);

const DOWN: readonly GameDay[] = [
  {
    name: 'upstream_down',
    fault: 'the only upstream answers 503',
    ...injected({ kind: 'error_503' }),
    expected: [
      page('AllCallsFailing', 40),
      burn('availability', 'Fast', 15),
      burn('availability', 'Medium', 30),
      ticket('ClaudeCircuitOpen', 14, {
        labels: { upstream: 'simulator' },
        inhibitedBy: OUTAGE_PAGES,
      }),
      highErrorRate(20),
    ],
    companions: [...AFTER_AN_OUTAGE, ...RETRIED],
  },
  {
    name: 'long_outage',
    fault: 'the only upstream answers 529 for hours',
    ...injected({ kind: 'overloaded' }),
    expected: [
      {
        ...burn('availability', 'Slow', 55),
        inhibitedBy: OUTAGE_PAGES,
      },
      ticket('ClaudeErrorBudgetRunsOutSoon', 150, {
        labels: { objective: 'availability' },
        inhibitedBy: OUTAGE_PAGES,
      }),
    ],
    companions: [
      ...AFTER_AN_OUTAGE.filter(({ alert }) => alert !== 'ClaudeAvailabilityBurnSlow'),
      ...RETRIED,
      ...mayFire(
        'the game day upstream_down is about it',
        ...[...OUTAGE_PAGES, 'ClaudeCircuitOpen', 'HighClaudeErrorRate'],
      ),
    ],
    clearS: 200,
  },
  {
    name: 'first_upstream_down',
    fault: 'the first of two upstreams answers 500',
    settings: twoUpstreams,
    ...injected({ kind: 'error_500', region: 'east' }),
    expected: [ticket('ClaudeCircuitOpen', 14, { labels: { upstream: 'east' } })],
    companions: mayFire(
      'the probes of the open circuit fail, count as errors a second, and are answered by the other upstream',
      ...['HighClaudeErrorRate', 'ClaudeFailoverInUse', 'ClaudeRetriesAmplifying'],
    ),
  },
  {
    name: 'failover',
    fault: 'the first of two upstreams answers 500 to one request in eight',
    settings: twoUpstreams,
    ...injected({ kind: 'error_500', region: 'east', probability: 0.125 }),
    expected: [info('ClaudeFailoverInUse', 20, { upstream: 'west' }), highErrorRate(20)],
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
      ticket('ClaudeRateLimitNearlyUsedUp', 20, { labels: { upstream: 'simulator', key: 'blue' } }),
    ],
    companions: mayFire('it counts errors a second, and a 429 is one', 'HighClaudeErrorRate'),
  },
  {
    name: 'retries',
    fault: 'a quarter of all requests is answered with 500',
    ...injected({ kind: 'error_500', probability: 0.25 }),
    expected: [ticket('ClaudeRetriesAmplifying', 30), highErrorRate(20)],
  },
  {
    name: 'no_retries_left',
    fault: 'nearly half of all requests are answered with 500',
    ...injected({ kind: 'error_500', probability: 0.45 }),
    expected: [
      ticket('ClaudeRetryBudgetEmpty', 60, {
        inhibitedBy: burns('availability', 'Fast', 'Medium'),
        // While the circuit is open there are no retries to refuse.
        isOneShot: true,
        inRealTime: { fired: 'a hundred retries have to be used up first' },
      }),
      burn('availability', 'Fast', 30),
    ],
    companions: [
      ...AFTER_AN_OUTAGE,
      ...mayFire(
        'with so many failures it may come to that',
        ...['ClaudeRetriesAmplifying', 'ClaudeCircuitOpen', 'HighClaudeErrorRate'],
        ...burns('availability', 'Medium'),
      ),
    ],
  },
  {
    name: 'streams_cut',
    fault: 'one stream in ten breaks off after its first chunks',
    ...injected({ kind: 'stream_cut', probability: 0.1, afterChunks: 2 }),
    expected: [ticket('ClaudeStreamsTruncated', 20), highErrorRate(20)],
    companions: mayFire('one call in twenty fails', 'ClaudeFailuresAtLowTraffic'),
  },
  {
    name: 'failures_at_night',
    fault:
      'at two calls a second the upstream fails for some of them; later the day’s load comes back',
    load: QUIET,
    on: ({ simulator }) => simulator.setFaults([{ kind: 'error_500', probability: 0.9 }]),
    off({ simulator, traffic }) {
      simulator.setFaults([]);
      traffic.make(BUSY);
    },
    expected: [
      ticket('ClaudeFailuresAtLowTraffic', 30, {
        labels: { objective: 'availability' },
        inhibitedBy: OUTAGE_PAGES,
      }),
    ],
    companions: mayFire(
      'few as the calls are, most of them fail',
      ...[...OUTAGE_PAGES, ...burns('availability', 'Slow'), 'ClaudeAvailabilityBurnTrickle'],
      ...['HighClaudeErrorRate', 'ClaudeCircuitOpen', 'ClaudeRetryBudgetEmpty'],
    ),
    clearS: 200,
  },
];

export const UPSTREAM_DAYS: readonly GameDay[] = [...DOWN, ...PARTLY];
