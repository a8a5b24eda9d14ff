/**
 * Runs minutes of mixed load with cancels and faults, and after each minute counts what the idle service
 * still holds: heap, sockets, timers, listeners. `make soak` writes docs/soak.md; MINUTES,
 * default 10.
 */
import { writeFileSync } from 'node:fs';
import { exitOnSignals } from '../lib/children.ts';
import {
  SETTINGS,
  type ServiceUnderTest,
  startServiceUnderTest,
  TUNINGS,
  twoRegions,
} from '../lib/service-under-test.ts';
import { INSPECTED, type Inspector, inspect } from './inspector.ts';
import { mixedLoad, untilAtRest } from './mixed-load.ts';
import { growing, type Minute, soakReport } from './report.ts';

const REPORT = new URL('../../docs/soak.md', import.meta.url);
const CONCURRENCY = 30;

async function runMinute(
  minute: number,
  { simulator, service }: ServiceUnderTest,
  inspector: Inspector,
): Promise<Minute> {
  const endings = await mixedLoad({
    url: service.url,
    simulator,
    concurrency: CONCURRENCY,
    durationMs: 60_000,
    faultMs: 1_000,
  });
  await untilAtRest(TUNINGS.soak.pool.keepAliveMs);
  const held = await inspector.holdings();
  // Tens of thousands of log lines would slow this process down.
  service.lines.length = 0;
  const shown = { ...Object.fromEntries(endings), ...held };
  process.stdout.write(`minute ${minute}: ${JSON.stringify(shown)}\n`);
  return { minute, endings, held };
}

/** Runs the load and writes the report. @returns the names of the holdings that grow */
async function soak(minutes: number): Promise<string[]> {
  const subject = await startServiceUnderTest(
    (url) => ({ ...twoRegions(url), ...SETTINGS.soak, ...INSPECTED }),
    { tuning: TUNINGS.soak },
  );
  const inspector = await inspect(subject.service.errors());
  const measured: Minute[] = [];
  for (let minute = 1; minute <= minutes; minute += 1) {
    measured.push(await runMinute(minute, subject, inspector));
  }
  // The service does not exit while an inspector is connected.
  inspector.close();
  await subject.stop();
  writeFileSync(REPORT, soakReport(measured));
  return growing(measured);
}

if (import.meta.main) {
  exitOnSignals();
  const names = await soak(Number(process.env['MINUTES'] || 10));
  process.stdout.write(`docs/soak.md is written; growing: ${names.join(', ') || 'nothing'}\n`);
  process.exitCode = names.length === 0 ? 0 : 1;
}
