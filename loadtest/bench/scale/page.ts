/** The part of the page on more cores and machines. */
import { Figures, ofSeries } from '../figures.ts';
import { inMB, short, table } from '../format.ts';
import type { Result } from '../result.ts';
import { spreadOf } from '../statistics.ts';
import { EVERYTHING } from '../subjects.ts';
import { BUSY, fleetFor, SAMPLED, SCRAPE_S } from './arithmetic.ts';
import type { WorkersRun } from './measure.ts';

/** The rates that the calculation is made for. */
const RATES = [1_000, 10_000] as const;

function runsTable(runs: readonly WorkersRun[]): string {
  const rows = runs.map(({ figures, counted }) => [
    String(counted.length),
    figures.invalid === '' ? short(figures.perSecond) : '–',
    short(figures.cpuUs ?? Number.NaN),
    inMB(spreadOf([figures.peakBytes ?? Number.NaN])),
    counted.map(short).join(' + '),
    short(figures.requests),
  ]);
  const heads = [
    ...['processes', 'req/s, 128 connections', 'CPU µs a call', 'memory MB, all of them'],
    ...['calls that each counted', 'answers that wrk counted'],
  ];
  return table(heads, rows);
}

export function scaleSection(result: Result): string {
  const { scale } = result;
  const capacity = new Figures(result).spread(EVERYTHING, ofSeries('c128', 'perSecond'))?.median;
  if (!scale || capacity === undefined) return '';
  const { series, traceBytes, logBytes } = scale.volume;
  const rows = RATES.map((rate) => {
    const fleet = fleetFor(rate, capacity, scale.volume);
    return [
      ...[rate.toLocaleString('en-US'), String(fleet.instances), short(fleet.series)],
      short(fleet.samplesPerSecond),
      `${short(fleet.traceMBPerSecond)} (${short(fleet.traceGBPerDay)} GB a day)`,
      `${short(fleet.logMBPerSecond)} (${short(fleet.logGBPerDay)} GB a day)`,
    ];
  });
  const heads = [
    ...['calls a second', 'processes of one core', 'series', 'samples a second'],
    ...['spans MB/s', 'log lines MB/s'],
  ];
  return `## More cores and machines

How several processes share the work, and what each has for itself, is in [scaling.md](scaling.md). Here one process and
two share a port (\`REUSE_PORT\`), everything on, no core reserved for anybody: generator and upstream are on the same
${result.machine.cores} cores, so a second process gains only what the first one and they leave. Every call is counted once, by the process
that served it.

${runsTable(scale.runs)}

What a rate takes, calculated: ${short(capacity)} calls a second of one process on a core (128 connections, everything
on), kept ${100 * BUSY} % busy; ${short(series)} series a process; ${short(traceBytes)} bytes of OTLP for a traced call,
${100 * SAMPLED} % of them traced; ${short(logBytes)} bytes of log lines a call; a scrape every ${SCRAPE_S} s. Series are
those of calls to one model by one caller: each further one adds its own ([metrics.md](metrics.md)).

${table(heads, rows)}
`;
}
