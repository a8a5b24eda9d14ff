/** Game days of waiting: for the upstream, for a slot, for a connection, for the event loop. */
import type { GameDay, World } from '../game-day.ts';
import { burn, burns, ticket } from './expectations.ts';
import { injected, LASTING, mayFire, SLOW_TOO } from './injected.ts';

/** It takes three hours of calls that are all bad to use up a tenth of a month's budget for each day to come. */
const budgetRunsOut = (objective: Parameters<typeof burns>[0]) =>
  ticket('ClaudeErrorBudgetRunsOutSoon', 240, {
    labels: { objective },
    inhibitedBy: burns(objective, 'Fast', 'Medium'),
  });

/** All three burn rates of an objective, each with its time. */
const burnsOf = (
  objective: Parameters<typeof burns>[0],
  [fast, medium, slow]: readonly [number, number, number],
) => [
  burn(objective, 'Fast', fast),
  burn(objective, 'Medium', medium),
  burn(objective, 'Slow', slow),
];

/** Streams that wait when the fault goes end 12 s later. */
const FIRST_TOKEN_WAITS = {
  fired: 'a wait for a first token is as long as it is',
  cleared: 'as long as the last streams wait',
};

/** Of the streams that wait for their first token. */
const SLOW_MODEL = 'claude-sonnet-5-5';

const UPSTREAM: readonly GameDay[] = [
  {
    name: 'slow_upstream',
    fault: 'every answer comes 700 ms late',
    ...injected({ kind: 'slow', delayMs: 700 }),
    expected: [
      ticket('ClaudeP99Latency', 20, {
        labels: { objective: 'latency' },
        inhibitedBy: burns('latency', 'Fast', 'Medium'),
      }),
      ...burnsOf('latency', [20, 42, 85]),
      ...burnsOf('first_token', [20, 42, 85]),
      ...[budgetRunsOut('latency'), budgetRunsOut('first_token')],
    ],
    companions: LASTING,
    clearS: 200,
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
      ticket('ClaudeFirstTokenSlow', 40, {
        labels: { model: SLOW_MODEL },
        inhibitedBy: burns('first_token', 'Fast'),
        inRealTime: FIRST_TOKEN_WAITS,
      }),
      {
        ...burn('first_token', 'Fast', 90),
        inRealTime: FIRST_TOKEN_WAITS,
      },
    ],
    companions: mayFire('streams that wait are slow calls too', 'ClaudeP99Latency'),
  },
];

/** What happens to calls where the service itself makes them wait. */
const WAITING = [
  ...LASTING,
  ...SLOW_TOO,
  ...mayFire(
    'calls that wait too long are shed',
    'ClaudeFailuresAtLowTraffic',
    ...burns('availability', 'Fast', 'Medium', 'Slow'),
  ),
];

/** The pages of calls that wait inside the service. */
const WAITING_PAGES = (['availability', 'latency', 'first_token', 'overhead'] as const).flatMap(
  (objective) => burns(objective, 'Fast', 'Medium'),
);

const CAPACITY: readonly GameDay[] = [
  {
    name: 'connections_used_up',
    fault: 'answers take 300 ms longer, and five connections cannot carry the calls',
    settings: () => ({ POOL_CONNECTIONS: '5', ADMISSION_LIMIT: '100' }),
    ...injected({ kind: 'slow', delayMs: 300 }),
    expected: [
      ticket('ClaudePoolNearLimit', 20, { inhibitedBy: WAITING_PAGES }),
      ticket('ClaudePoolExhausted', 22, { inhibitedBy: WAITING_PAGES }),
    ],
    companions: mayFire(
      'calls wait for a connection inside the service, and in the end for a slot',
      ...['ClaudeP99Latency', 'ClaudeFailuresAtLowTraffic', ...WAITING_PAGES],
      ...burns('latency', 'Slow'),
      ...burns('first_token', 'Slow'),
      ...burns('overhead', 'Slow'),
      ...['ClaudeQueueFull', 'ClaudeCallsShed'],
    ),
  },
  {
    name: 'slots_used_up',
    fault: 'answers take 900 ms longer, and ten slots cannot carry the calls',
    settings: () => ({ ADMISSION_LIMIT: '10' }),
    ...injected({ kind: 'slow', delayMs: 900 }),
    expected: [
      ticket('ClaudeQueueFull', 22, { inhibitedBy: WAITING_PAGES }),
      ticket('ClaudeCallsShed', 20, { inhibitedBy: WAITING_PAGES }),
      ...burnsOf('overhead', [25, 48, 90]),
      budgetRunsOut('overhead'),
    ],
    companions: [
      ...WAITING,
      ...['availability', 'latency', 'first_token'].map((objective) => ({
        alert: 'ClaudeErrorBudgetRunsOutSoon',
        labels: { objective },
        because: 'calls that are shed or wait use up other budgets too',
      })),
    ],
    clearS: 200,
  },
];

const PULSE_MS = 1_000;
const STOPPED_MS = 400;

/** Stops the service's process for a part of each second, which is a loop that is blocked for as long. */
function blockTheLoop({ service }: World): () => void {
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

let unblock: (() => void) | undefined;

const BLOCKED_PAGES = (['latency', 'first_token', 'overhead'] as const).flatMap((objective) =>
  burns(objective, 'Fast', 'Medium'),
);

const PROCESS: readonly GameDay[] = [
  {
    name: 'event_loop_blocked',
    fault: 'the service’s event loop stands still for 400 ms of each second',
    on(world) {
      unblock = blockTheLoop(world);
    },
    off: () => unblock?.(),
    expected: [
      ticket('EventLoopLagging', 20, {
        inhibitedBy: BLOCKED_PAGES,
      }),
    ],
    companions: mayFire(
      'calls wait while the loop stands still',
      'ClaudeP99Latency',
      ...BLOCKED_PAGES,
    ),
  },
];

export const SLOW_DAYS: readonly GameDay[] = [...UPSTREAM, ...CAPACITY, ...PROCESS];
