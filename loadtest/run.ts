/**
 * Runs a scenario: `make loadtest [SCENARIO= RATE= DURATION= TARGET= TOKEN=]`. It takes k6 where there is one, and
 * otherwise, or when told so by `run.ts node`, the driver in Node. Its exit code is the verdict.
 */
import { urlOf } from '../observability/local/components.ts';
import { findK6 } from '../observability/local/paths.ts';
import { readSettings, type Settings } from '../observability/local/settings.ts';
import { EXIT_UNAVAILABLE } from './k6-end.ts';
import { runByNode } from './node-driver/run-node.ts';
import { placeLine, type ResultFiles, resultFiles, writeHtml, writeJson } from './results.ts';
import { runByK6 } from './run-k6.ts';
import { EXIT } from './scenarios/run-verdict.ts';
import { type Env, type LoadSettings, readLoadSettings } from './scenarios/settings.ts';
import type { Summary } from './scenarios/summary.ts';
import { notableLines, summaryText } from './scenarios/summary-text.ts';
import { traceOf } from './trace-link.ts';

/** The exit code of a program that SIGINT has ended. */
const EXIT_INTERRUPTED = 130;

const HOW_TO_GET_K6 =
  'To have it made by k6: put k6 v2 on PATH, build it with `make k6`, or start the stack by Docker Compose.';

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

/** Ends the run at the first signal, and this process at the second. */
function endOnSignals(): AbortSignal {
  const ending = new AbortController();
  for (const name of ['SIGINT', 'SIGTERM'] as const) {
    process.on(name, () => {
      if (ending.signal.aborted) process.exit(EXIT_INTERRUPTED);
      ending.abort();
    });
  }
  return ending.signal;
}

/** What every run needs, whoever makes the load. */
function common(settings: LoadSettings, stack: Settings) {
  const files = resultFiles(settings.scenario.name, process.env['RESULTS_DIR']);
  // Without a stack nobody takes the results, and nobody looks at its dashboards.
  const hasPrometheus = stack.running !== undefined || !process.env['TARGET'];
  return {
    ...{ files, traceOf: traceOf(stack), signal: endOnSignals() },
    remoteWriteUrl: hasPrometheus
      ? `${urlOf('PROMETHEUS_PORT', stack.ports)}/api/v1/write`
      : undefined,
  };
}

async function byNode(settings: LoadSettings, stack: Settings, note?: string): Promise<number> {
  const { files, ...run } = common(settings, stack);
  const summary = await runByNode({
    ...{ ...run, settings, output: process.stdout },
    ...(note !== undefined && { note }),
  });
  if (!summary) return EXIT.refused;
  writeHtml(summary, files);
  return end(summary, files);
}

async function byK6(settings: LoadSettings, stack: Settings): Promise<number> {
  const { files, ...run } = common(settings, stack);
  const program = findK6();
  // The image finds the service by its name in the network of the stack.
  const env = program === undefined ? process.env : withStack(process.env, stack);
  const { summary, exitCode } = await runByK6({ ...run, files, program, env, stack });
  const verdict = summary && end(summary, files);
  return exitCode ?? verdict ?? EXIT_UNAVAILABLE;
}

function end(summary: Summary, files: ResultFiles): number {
  writeJson(summary, files);
  // k6 has shown the rest itself.
  const lines = summary.driver === 'k6' ? notableLines(summary) : ['', ...summaryText(summary)];
  for (const line of [...lines, placeLine(files)]) say(line);
  return EXIT[summary.verdict];
}

async function main(driver: string | undefined): Promise<number> {
  const stack = readSettings(process.env);
  const read = readLoadSettings(withStack(process.env, stack));
  if (!read.ok) {
    for (const problem of read.problems) process.stderr.write(`bad option: ${problem}\n`);
    return EXIT.badOptions;
  }
  const code = await runBy(driver, read.settings, stack);
  const isStack = !process.env['TARGET'];
  if (code === EXIT.refused && isStack && !stack.running)
    say('Is the stack up? `make up` starts it.');
  return code;
}

function runBy(driver: string | undefined, settings: LoadSettings, stack: Settings) {
  if (driver === 'node') return byNode(settings, stack);
  if (findK6() !== undefined || stack.running?.mode === 'compose') return byK6(settings, stack);
  return byNode(settings, stack, HOW_TO_GET_K6);
}

if (import.meta.main) process.exitCode = await main(process.argv[2]);
