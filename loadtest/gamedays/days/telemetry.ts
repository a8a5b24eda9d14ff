/** Game days of the service's process, its scrapes, its log and its series. */
import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { GameDay, World } from '../game-day.ts';
import { EVERYDAY } from '../traffic.ts';
import { page, ticket } from './expectations.ts';
import { mayFire } from './injected.ts';

/** Long enough for each start to be scraped. */
const LIVES_MS = 2_000;

const MODELS = Array.from({ length: 60 }, (_, n) => `claude-trial-${n}`);

/** What the process holds now, bytes. */
function residentBytes({ service }: World): number {
  const status = readFileSync(`/proc/${service.process.child.pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1]) * 1_024;
}

/** Also with other settings. */
async function restart({ service }: World, changed: Readonly<Record<string, string>> = {}) {
  await service.end();
  await service.begin(changed);
}

/** It is gone until the service has started again. */
const NO_SCRAPES = { notBefore: 5, within: 8, clearsWithin: 8 };

export const TELEMETRY_DAYS: readonly GameDay[] = [
  {
    name: 'service_killed',
    fault: 'the only instance of the service is killed',
    async on({ service }) {
      await service.end('SIGKILL');
      return () => service.begin();
    },
    expected: [
      page('ScrapeTargetAbsent', NO_SCRAPES),
      ticket('ScrapeTargetDown', { ...NO_SCRAPES, labels: { job: 'claude-observatory' } }),
    ],
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
      return () => undefined;
    },
    expected: [ticket('InstanceRestarting', { notBefore: 6, within: 16, clearsWithin: 25 })],
  },
  {
    name: 'memory_pressure',
    fault: 'the container’s memory limit is lowered to little more than the process holds',
    inCgroup: true,
    on(world) {
      // A little more, as the process goes on for most of a minute and must not be killed: 94 % of it are used.
      world.cgroup?.limitTo(1.06 * residentBytes(world));
      return () => world.cgroup?.limitTo(2 * residentBytes(world));
    },
    expected: [ticket('MemoryNearLimit', { notBefore: 10, within: 15, clearsWithin: 4 })],
  },
  {
    name: 'too_many_series',
    fault: 'a release gives sixty models a label of their own',
    async on(world) {
      const { traffic } = world;
      await restart(world, { CLAUDE_MODELS: MODELS.join(',') });
      const fields = (n: number) => ({ model: MODELS[n % MODELS.length] });
      traffic.make(EVERYDAY.map((shape) => ({ ...shape, fields })));
      return async () => {
        await restart(world);
        traffic.make(EVERYDAY);
      };
    },
    expected: [ticket('SeriesTooMany', { notBefore: 15, within: 23, clearsWithin: 4 })],
    companions: mayFire('the new models have no price', 'ClaudeUnpricedCalls'),
  },
  {
    name: 'log_reader_gone',
    fault: 'the program that reads the service’s log goes away',
    on(world) {
      world.service.process.child.stdout?.destroy();
      return () => restart(world);
    },
    expected: [ticket('LogLinesDropped', { notBefore: 5, within: 8, clearsWithin: 28 })],
  },
];
