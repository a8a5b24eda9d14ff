/** Game days of waiting: for the upstream, for a slot, for a connection, for the event loop. */
import type { GameDay, World } from '../game-day.ts';
import { injected, LASTING, mayFire, SLOW_TOO } from './injected.ts';

const burns = (objective: string, ...speeds: readonly string[]) =>
  speeds.map((speed) => `Claude${objective}Burn${speed}`);

const UPSTREAM: readonly GameDay[] = [
  {
    name: 'slow_upstream',
    fault: 'every answer comes 700 ms late',
    ...injected({ kind: 'slow', delayMs: 700 }),
    expected: [
      'ClaudeP99Latency',
      ...burns('Latency', 'Fast', 'Medium', 'Slow'),
      ...burns('FirstToken', 'Fast', 'Medium', 'Slow'),
    ],
    companions: LASTING,
    patienceS: { fire: 150, clear: 200 },
  },
  {
    name: 'slow_first_token',
    fault: 'a fifth of the streams waits 12 s for its first token',
    ...injected({ kind: 'stream_pause', probability: 0.2, delayMs: 12_000, afterChunks: 0 }),
    expected: ['ClaudeFirstTokenSlow', ...burns('FirstToken', 'Fast')],
    companions: [...SLOW_TOO.filter(({ alert }) => alert !== 'ClaudeFirstTokenBurnFast')],
  },
];

/** What happens to calls where the service itself makes them wait. */
const WAITING = [
  ...LASTING,
  ...SLOW_TOO,
  ...mayFire(
    'calls that wait too long are shed',
    'ClaudeFailuresAtLowTraffic',
    ...burns('Availability', 'Fast', 'Medium', 'Slow'),
  ),
];

const CAPACITY: readonly GameDay[] = [
  {
    name: 'connections_used_up',
    fault: 'answers take 300 ms longer, and five connections cannot carry the calls',
    settings: () => ({ POOL_CONNECTIONS: '5', ADMISSION_LIMIT: '100' }),
    ...injected({ kind: 'slow', delayMs: 300 }),
    expected: ['ClaudePoolNearLimit', 'ClaudePoolExhausted'],
    companions: [
      ...WAITING,
      ...mayFire(
        'calls wait for a connection inside the service',
        ...burns('Overhead', 'Fast', 'Medium', 'Slow'),
        ...['ClaudeQueueFull', 'ClaudeCallsShed'],
      ),
    ],
  },
  {
    name: 'slots_used_up',
    fault: 'answers take 900 ms longer, and ten slots cannot carry the calls',
    settings: () => ({ ADMISSION_LIMIT: '10' }),
    ...injected({ kind: 'slow', delayMs: 900 }),
    expected: [
      ...['ClaudeQueueFull', 'ClaudeCallsShed'],
      ...burns('Overhead', 'Fast', 'Medium', 'Slow'),
    ],
    companions: WAITING,
    patienceS: { fire: 200, clear: 200 },
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

const PROCESS: readonly GameDay[] = [
  {
    name: 'event_loop_blocked',
    fault: 'the service’s event loop stands still for 400 ms of each second',
    on(world) {
      unblock = blockTheLoop(world);
    },
    off: () => unblock?.(),
    expected: ['EventLoopLagging'],
    companions: [
      ...SLOW_TOO,
      ...mayFire(
        'the service itself keeps calls waiting',
        ...burns('Overhead', 'Fast', 'Medium', 'Slow'),
      ),
    ],
  },
];

export const SLOW_DAYS: readonly GameDay[] = [...UPSTREAM, ...CAPACITY, ...PROCESS];
