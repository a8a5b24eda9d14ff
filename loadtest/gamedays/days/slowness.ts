/** Game days of waiting: for the upstream, for a slot, for a connection, for the event loop. */
import type { GameDay, Undo, World } from '../game-day.ts';
import { burn, burns, type Objective, type Times, ticket } from './expectations.ts';
import { injected, mayFire, mayPage } from './injected.ts';

/** It takes three hours of calls that are all bad to use up a tenth of a month's budget for each day to come. */
const budgetRunsOut = (objective: Objective) =>
  ticket('ClaudeErrorBudgetRunsOutSoon', {
    notBefore: 150,
    within: 240,
    clearsWithin: 173,
    labels: { objective },
    inhibitedBy: burns(objective, 'Fast', 'Medium'),
    silenced: 'by one',
  });

/** All three burn rates of an objective, each with its times. */
const burnsOf = (objective: Objective, [fast, medium, slow]: readonly [Times, Times, Times]) => [
  burn(objective, 'Fast', fast),
  burn(objective, 'Medium', medium),
  burn(objective, 'Slow', slow),
];

/** With every call slow, 14.4 % of an hour are so after nine minutes, 6 % of six after 22, 3 % of a day after 43. */
const ALL_SLOW = [
  { notBefore: 10, within: 17, clearsWithin: 9 },
  { notBefore: 27, within: 42, clearsWithin: 42 },
  { notBefore: 55, within: 85, clearsWithin: 170 },
] as const;

/** Streams that wait when the fault goes end 12 s later. */
const FIRST_TOKEN_WAITS = {
  fired: 'a wait for a first token is as long as it is',
  cleared: 'as long as the last streams wait',
};

/** Of the streams that wait for their first token. */
const SLOW_MODEL = 'claude-sonnet-5-5';

/** Over a minute of slow calls is over an hour of three days. */
const lasting = (...objectives: readonly Objective[]) =>
  mayFire(
    'the fault lasts for over an hour of its three days',
    ...objectives.flatMap((objective) => burns(objective, 'Trickle')),
  );

const UPSTREAM: readonly GameDay[] = [
  {
    name: 'slow_upstream',
    fault: 'every answer comes 700 ms late',
    ...injected({ kind: 'slow', delayMs: 700 }),
    expected: [
      ticket('ClaudeP99Latency', {
        notBefore: 10,
        within: 16,
        clearsWithin: 14,
        labels: { objective: 'latency' },
        inhibitedBy: burns('latency', 'Fast', 'Medium'),
        silenced: 'by one',
      }),
      ...burnsOf('latency', ALL_SLOW),
      ...burnsOf('first_token', ALL_SLOW),
      budgetRunsOut('latency'),
      budgetRunsOut('first_token'),
    ],
    companions: lasting('latency', 'first_token'),
  },
  {
    name: 'slow_first_token',
    fault: 'streams of one model, a quarter of all, wait 12 s for their first token',
    // By the model and not by chance: a share near the threshold of a burn rate would come and go.
    load: [
      { perSecond: 24 },
      { perSecond: 18, stream: true },
      { perSecond: 6, stream: true, model: SLOW_MODEL },
    ],
    ...injected({ kind: 'stream_pause', model: SLOW_MODEL, delayMs: 12_000, afterChunks: 0 }),
    expected: [
      ticket('ClaudeFirstTokenSlow', {
        notBefore: 27,
        within: 43,
        clearsWithin: 31,
        labels: { model: SLOW_MODEL },
        inhibitedBy: burns('first_token', 'Fast'),
        silenced: 'by one',
        inRealTime: FIRST_TOKEN_WAITS,
      }),
      {
        ...burn('first_token', 'Fast', { notBefore: 42, within: 66, clearsWithin: 20 }),
        inRealTime: FIRST_TOKEN_WAITS,
      },
    ],
    companions: mayFire('streams that wait are slow calls too', 'ClaudeP99Latency'),
  },
];

const CONNECTIONS_WAIT =
  'calls wait for a connection inside the service, and in the end for a slot';
const SLOTS_WAIT = 'calls that wait are slow too';
const SLOTS_SHED = 'calls that wait too long are shed';

const SLOW_OBJECTIVES = ['latency', 'first_token', 'overhead'] as const;

/** The pages of calls that wait for a connection. */
const CONNECTION_PAGES = [
  ...burns('availability', 'Fast'),
  ...SLOW_OBJECTIVES.flatMap((objective) => burns(objective, 'Fast', 'Medium')),
];

/** The pages of calls that wait for a slot. */
const SLOT_PAGES = [...CONNECTION_PAGES, ...burns('availability', 'Medium')];

const silencedBy = (pages: readonly string[]) =>
  ({ inhibitedBy: pages, silenced: 'by one' }) as const;

const CAPACITY: readonly GameDay[] = [
  {
    name: 'connections_used_up',
    fault: 'answers take 300 ms longer, and five connections cannot carry the calls',
    settings: () => ({ POOL_CONNECTIONS: '5', ADMISSION_LIMIT: '100' }),
    ...injected({ kind: 'slow', delayMs: 300 }),
    expected: [
      ticket('ClaudePoolNearLimit', {
        notBefore: 6,
        within: 14,
        clearsWithin: 6,
        ...silencedBy(CONNECTION_PAGES),
      }),
      ticket('ClaudePoolExhausted', {
        notBefore: 6,
        within: 14,
        clearsWithin: 5,
        ...silencedBy(CONNECTION_PAGES),
      }),
    ],
    companions: [
      ...mayPage(CONNECTIONS_WAIT, ...CONNECTION_PAGES),
      ...mayFire(
        CONNECTIONS_WAIT,
        'ClaudeP99Latency',
        'ClaudeFailuresAtLowTraffic',
        'ClaudeQueueFull',
        'ClaudeCallsShed',
      ),
    ],
  },
  {
    name: 'slots_used_up',
    fault: 'answers take 900 ms longer, and ten slots cannot carry the calls',
    settings: () => ({ ADMISSION_LIMIT: '10' }),
    ...injected({ kind: 'slow', delayMs: 900 }),
    expected: [
      ticket('ClaudeQueueFull', {
        notBefore: 7,
        within: 16,
        clearsWithin: 5,
        ...silencedBy(SLOT_PAGES),
      }),
      ticket('ClaudeCallsShed', {
        notBefore: 6,
        within: 12,
        clearsWithin: 14,
        ...silencedBy(SLOT_PAGES),
      }),
      ...burnsOf('overhead', [
        { notBefore: 10, within: 19, clearsWithin: 9 },
        { notBefore: 27, within: 45, clearsWithin: 42 },
        { notBefore: 55, within: 90, clearsWithin: 170 },
      ]),
      budgetRunsOut('overhead'),
    ],
    companions: [
      ...lasting('availability', 'latency', 'first_token', 'overhead'),
      ...mayFire(
        SLOTS_WAIT,
        'ClaudeP99Latency',
        ...burns('latency', 'Slow'),
        ...burns('first_token', 'Slow'),
      ),
      ...mayPage(
        SLOTS_WAIT,
        ...burns('latency', 'Fast', 'Medium'),
        ...burns('first_token', 'Fast', 'Medium'),
      ),
      ...mayFire(SLOTS_SHED, 'ClaudeFailuresAtLowTraffic', ...burns('availability', 'Slow')),
      ...mayPage(SLOTS_SHED, ...burns('availability', 'Fast', 'Medium')),
      ...['availability', 'latency', 'first_token'].map((objective) => ({
        alert: 'ClaudeErrorBudgetRunsOutSoon',
        labels: { objective },
        because: 'calls that are shed or wait use up other budgets too',
      })),
    ],
  },
];

const PULSE_MS = 1_000;
const STOPPED_MS = 400;

/** Stops the service's process for a part of each second, which is a loop that is blocked for as long. */
function blockTheLoop({ service }: World): Undo {
  const { child } = service.process;
  let timer: NodeJS.Timeout | undefined;
  const pulse = () => {
    child.kill('SIGSTOP');
    timer = setTimeout(() => child.kill('SIGCONT'), STOPPED_MS);
  };
  const interval = setInterval(pulse, PULSE_MS);
  return () => {
    clearInterval(interval);
    clearTimeout(timer);
    child.kill('SIGCONT');
  };
}

const PROCESS: readonly GameDay[] = [
  {
    name: 'event_loop_blocked',
    fault: 'the service’s event loop stands still for 400 ms of each second',
    on: blockTheLoop,
    expected: [ticket('EventLoopLagging', { notBefore: 6, within: 13, clearsWithin: 6 })],
  },
];

export const SLOW_DAYS: readonly GameDay[] = [...UPSTREAM, ...CAPACITY, ...PROCESS];
