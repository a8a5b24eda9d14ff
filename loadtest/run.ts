/**
 * Runs a scenario: `[TOKEN=…] make loadtest [SCENARIO= RATE= DURATION= TARGET=]`. It takes k6 where there is one, and
 * otherwise, or when told so by `run.ts node`, the driver in Node. Its exit code is the verdict.
 */
import { urlOf } from '../observability/local/components.ts';
import { readSettings, type Settings } from '../observability/local/settings.ts';
import { chooseDriver, type Driver } from './choose-driver.ts';
import { Ending } from './ending.ts';
import { EXIT_UNAVAILABLE } from './k6-end.ts';
import { runByNode } from './node-driver/run-node.ts';
import { takeBackFaults } from './node-driver/timed-faults.ts';
import { type ResultFiles, resultFiles, writeResults } from './results.ts';
import { runByK6 } from './run-k6.ts';
import { EXIT } from './scenarios/run-verdict.ts';
import { type Env, type LoadSettings, readLoadSettings } from './scenarios/settings.ts';
import type { Summary } from './scenarios/summary.ts';
import { notableLines, summaryText } from './scenarios/summary-text.ts';
import { traceOf } from './trace-link.ts';

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** The stack's service and simulator, where TARGET names no other service. */
function withStack(env: Env, { ports }: Settings): Env {
  if (env['TARGET']) return env;
  return {
    ...env,
    TARGET: urlOf('PORT', ports),
    SIMULATOR: env['SIMULATOR'] || urlOf('SIMULATOR_PORT', ports),
  };
}

/** What every run needs, whoever makes the load. */
function common(settings: LoadSettings, stack: Settings) {
  const files = resultFiles(settings.scenario.name, process.env['RESULTS_DIR']);
  // Without a stack nobody takes the results, and nobody looks at its dashboards.
  const hasPrometheus = stack.running !== undefined || !process.env['TARGET'];
  const ending = new Ending();
  if (hasFaults(settings)) ending.beforeExit(() => takeBackFaults(settings.simulator));
  return {
    files,
    traceOf: traceOf(stack),
    signal: ending.signal,
    ending,
    remoteWriteUrl: hasPrometheus
      ? `${urlOf('PROMETHEUS_PORT', stack.ports)}/api/v1/write`
      : undefined,
  };
}

function hasFaults({ scenario }: LoadSettings): boolean {
  return scenario.faults.length > 0;
}

type Runner = (load: LoadSettings, stack: Settings, driver: Driver) => Promise<number>;

const byNode: Runner = async (settings, stack, { notes }) => {
  const { files, ending, ...run } = common(settings, stack);
  const summary = await runByNode({
    ...run,
    settings,
    notes,
    output: process.stdout,
  });
  if (!summary) return ending.signal.aborted ? EXIT.inconclusive : EXIT.refused;
  return end(summary, files);
};

const byK6: Runner = async (settings, stack, { program, addresses, notes }) => {
  for (const note of notes) say(note);
  const { files, ...run } = common(settings, stack);
  const env = { ...withStack(process.env, stack), ...addresses };
  const { summary, exitCode } = await runByK6({ ...run, files, program, env, stack });
  // A k6 that did not come to its end has not taken its faults back.
  if (exitCode !== undefined && exitCode !== EXIT.refused && hasFaults(settings)) {
    await takeBackFaults(settings.simulator);
  }
  const verdict = summary && end(summary, files);
  return exitCode ?? verdict ?? EXIT_UNAVAILABLE;
};

function end(summary: Summary, files: ResultFiles): number {
  // k6 has shown the rest itself.
  const lines = summary.driver === 'k6' ? notableLines(summary) : ['', ...summaryText(summary)];
  for (const line of lines) say(line);
  for (const line of writeResults(summary, files)) say(line);
  return EXIT[summary.verdict];
}

async function main(driver: string | undefined): Promise<number> {
  const stack = readSettings(process.env);
  const read = readLoadSettings(withStack(process.env, stack));
  if (!read.ok) {
    for (const problem of read.problems) process.stderr.write(`bad option: ${problem}\n`);
    return EXIT.badOptions;
  }
  const load = read.settings;
  const chosen: Driver =
    driver === 'node' ? { name: 'node', notes: [] } : chooseDriver(load, stack);
  return chosen.name === 'k6' ? byK6(load, stack, chosen) : byNode(load, stack, chosen);
}

if (import.meta.main) process.exitCode = await main(process.argv[2]);
