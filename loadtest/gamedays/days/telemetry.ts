/** Game days of the service's process, its scrapes, its log and its series. */
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { GameDay, World } from '../game-day.ts';
import { EVERYDAY } from '../traffic.ts';
import { page, ticket } from './expectations.ts';
import { mayFire } from './injected.ts';

const RESTARTED = mayFire(
  'while it starts nobody answers, and the first calls after it are slow',
  ...['ClaudeP99Latency', 'ClaudeFailuresAtLowTraffic', 'ScrapeTargetDown', 'ScrapeTargetAbsent'],
);

/** Long enough for each start to be scraped. */
const LIVES_MS = 2_000;

const MODELS = Array.from({ length: 60 }, (_, n) => `claude-trial-${n}`);

/** What the process holds now, bytes. */
function residentBytes({ service }: World): number {
  const status = readFileSync(`/proc/${service.process.child.pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1_024;
}

export const TELEMETRY_DAYS: readonly GameDay[] = [
  {
    name: 'service_killed',
    fault: 'the only instance of the service is killed',
    on: ({ service }) => service.end('SIGKILL'),
    off: ({ service }) => service.begin(),
    expected: [
      page('ScrapeTargetAbsent', 15),
      ticket('ScrapeTargetDown', 15, { labels: { job: 'claude-observatory' } }),
    ],
    companions: RESTARTED.filter(({ alert }) => !alert.startsWith('Scrape')),
  },
  {
    name: 'service_restarting',
    fault: 'the service is killed three times and starts again',
    async on({ service }) {
      for (let i = 0; i < 3; i++) {
        await service.end('SIGKILL');
        await service.begin();
        await delay(LIVES_MS);
      }
    },
    off: () => undefined,
    expected: [ticket('InstanceRestarting', 30)],
    companions: RESTARTED,
    clearS: 120,
  },
  {
    name: 'memory_pressure',
    fault: 'the container’s memory limit is lowered to little more than the process holds',
    inCgroup: true,
    // A little more, as the process goes on for most of a minute and must not be killed.
    on: (world) => world.cgroup?.limitTo(1.02 * residentBytes(world)),
    off: (world) => world.cgroup?.limitTo(2 * residentBytes(world)),
    expected: [ticket('MemoryNearLimit', 25)],
    companions: mayFire('the kernel takes pages away that are then read again', 'ClaudeP99Latency'),
  },
  {
    name: 'too_many_series',
    fault: 'a release gives sixty models a label of their own',
    async on({ service, traffic }) {
      await service.end();
      await service.begin({ CLAUDE_MODELS: MODELS.join(',') });
      const fields = (n: number) => ({ model: MODELS[n % MODELS.length] });
      traffic.make(EVERYDAY.map((shape) => ({ ...shape, fields })));
    },
    async off({ service, traffic }) {
      await service.end();
      await service.begin();
      traffic.make(EVERYDAY);
    },
    expected: [ticket('SeriesTooMany', 30)],
    companions: [...RESTARTED, ...mayFire('the new models have no price', 'ClaudeUnpricedCalls')],
  },
  {
    name: 'log_reader_gone',
    fault: 'the program that reads the service’s log goes away',
    on: ({ service }) => {
      service.process.child.stdout?.destroy();
    },
    async off({ service }) {
      await service.end();
      await service.begin();
    },
    expected: [ticket('LogLinesDropped', 15)],
    companions: RESTARTED,
  },
];
