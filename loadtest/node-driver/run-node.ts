/** A whole run by the Node driver: asks whether load may be made, makes it, shows it, and sums it up. */
import { endedEarly, inconclusive } from '../results.ts';
import { findCommand, NotableCalls } from '../scenarios/notable-calls.ts';
import type { LoadSettings } from '../scenarios/settings.ts';
import { type Summary, summarize } from '../scenarios/summary.ts';
import { MAX_LAG_MS } from '../scenarios/thresholds.ts';
import { type Driven, drive, type MadeCall } from './drive.ts';
import { guardTarget } from './guard-target.ts';
import { openFilesWarning } from './open-files.ts';
import { type Output, showProgress } from './progress.ts';
import { RemoteWrite } from './remote-write.ts';
import { Tally } from './tally.ts';

export interface NodeRun {
  readonly settings: LoadSettings;
  /** Where progress is shown. */
  readonly output: Output;
  /** Said after the first line. */
  readonly notes?: readonly string[];
  /** Prometheus' address for remote write; undefined where the results go to none. */
  readonly remoteWriteUrl: string | undefined;
  /** Where the trace of a correlation ID is. */
  readonly traceOf?: (id: string) => string;
  /** Ends the run early. */
  readonly signal: AbortSignal;
}

/** How often results are written to Prometheus, as k6 does. */
const WRITE_EVERY_MS = 5_000;

/** @returns undefined when the guard refused the run */
export async function runByNode(run: NodeRun): Promise<Summary | undefined> {
  const { settings, output, notes = [], signal, traceOf = findCommand } = run;
  const { scenario, target } = settings;
  const say = (line: string) => output.write(`${line}\n`);
  say('This is not k6: a driver in Node makes the same calls and judges them alike.');
  for (const note of notes) say(note);
  const { allowed, reason } = await guardTarget(settings, { say, signal });
  say(allowed ? reason : `refused: ${reason}`);
  if (!allowed) return undefined;
  const warning = openFilesWarning(scenario.phases);
  if (warning !== undefined) say(warning);
  say(`${scenario.name} against ${target}: ${scenario.question}`);
  const startedMs = Date.now();
  const tally = new Tally(scenario.phases);
  const notable = new NotableCalls();
  const stopProgress = showProgress({ phases: scenario.phases, tally, output });
  const stopWriting = startWriting(run, tally, say);
  const onCall = ({ seen, ...call }: MadeCall) => {
    const { verdict, durationMs } = seen;
    notable.add({ ...call, durationMs, ...(!verdict.ok && { reason: verdict.reason }) });
  };
  const driven = await drive({ settings, tally, onCall, signal });
  stopProgress();
  await stopWriting();
  const metrics = tally.metrics(driven.seconds);
  const { seconds } = driven;
  const summary = summarize({ driver: 'node', scenario, target, startedMs, seconds, metrics });
  return notable.addTo(withOwnLimits(summary, driven, run), traceOf);
}

/** @returns writes the last values, and ends the series */
function startWriting({ remoteWriteUrl }: NodeRun, { cells }: Tally, warn: (line: string) => void) {
  if (remoteWriteUrl === undefined) return () => Promise.resolve();
  const remoteWrite = new RemoteWrite({ url: remoteWriteUrl, warn });
  const timer = setInterval(() => void remoteWrite.write(cells), WRITE_EVERY_MS);
  return async () => {
    clearInterval(timer);
    await remoteWrite.end(cells);
  };
}

/** Adds what only this process knows: whether it kept up between the calls, and whether the run was ended early. */
function withOwnLimits(summary: Summary, driven: Driven, run: NodeRun): Summary {
  const { health, seconds, exhausted } = driven;
  const { delayP99Ms } = health;
  const reasons = [
    ...[...exhausted].map(
      ([what, requests]) =>
        `${requests} requests failed because the driver ran out of its own means: ${what}`,
    ),
    // Past its breakpoint a machine that holds both is short of CPU by intent.
    ...(delayP99Ms > MAX_LAG_MS && run.settings.scenario.verdict !== 'breakpoint'
      ? [`the driver's timers fired ${delayP99Ms.toFixed(0)} ms late (P99): it is short of CPU`]
      : []),
  ];
  const driverLoop = { busy: health.utilization, lateP99Ms: delayP99Ms };
  const judged = { ...inconclusive(summary, reasons), driverLoop };
  if (!run.signal.aborted) return judged;
  return endedEarly(judged, `the run was ended early, after ${seconds.toFixed(0)} s`);
}
