/**
 * Minutes of mixed load with cancels and faults, and after each a look at what the service still holds
 * at rest: heap, sockets, timers, listeners. `make soak` writes docs/soak.md; MINUTES, default 10.
 */
import { writeFileSync } from 'node:fs';
import { startTwoRegions } from '../lib/service-under-test.ts';
import { INSPECTED, inspect } from './inspector.ts';
import { mixedLoad, untilAtRest } from './mixed-load.ts';
import { grows, type Minute, soakPage } from './report.ts';

const MINUTES = Number(process.env['MINUTES'] || 10);
const PAGE = new URL('../../docs/soak.md', import.meta.url);
const CALLERS = 30;
const KEEP_ALIVE_MS = 500;

const { simulator, service, stop } = await startTwoRegions({
  ...INSPECTED,
  FIRST_EVENT_TIMEOUT_MS: '500',
  ATTEMPT_TIMEOUT_MS: '500',
  IDLE_TIMEOUT_MS: '500',
  RETRY_BASE_MS: '20',
  BREAKER_OPEN_MS: '500',
  BREAKER_RAMP_MS: '500',
  KEEP_ALIVE_MS: String(KEEP_ALIVE_MS),
});
const inspector = await inspect(service.errors());
const minutes: Minute[] = [];
for (let minute = 1; minute <= MINUTES; minute += 1) {
  const untilMs = performance.now() + 60_000;
  const more = () => performance.now() < untilMs;
  const ended = await mixedLoad({
    ...{ url: service.url, simulator, callers: CALLERS },
    ...{ more, faultMs: 1_000 },
  });
  await untilAtRest(KEEP_ALIVE_MS);
  const held = await inspector.holdings();
  minutes.push({ minute, ended, held });
  service.lines.length = 0;
  process.stdout.write(
    `minute ${minute}: ${JSON.stringify({ ...Object.fromEntries(ended), ...held })}\n`,
  );
}
inspector.close();
await stop();
writeFileSync(PAGE, soakPage(minutes));
const growing = grows(minutes);
process.stdout.write(`docs/soak.md is written; growing: ${growing.join(', ') || 'nothing'}\n`);
process.exitCode = growing.length === 0 ? 0 : 1;
