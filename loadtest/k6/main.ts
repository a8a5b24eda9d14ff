/**
 * The one k6 script: it runs every scenario of loadtest/scenarios (`k6 run -e SCENARIO=smoke loadtest/k6/main.ts`;
 * `make loadtest` does so with the settings of the stack). k6 has neither node_modules nor Node's globals, so it
 * imports k6's own modules and what k6 can run, which engine.test.ts checks.
 *
 * With RESULT it writes the summary to `$RESULT.json`. It then also prints a line for each call that stands out
 * (`callOfLine` reads it); k6's option `--console-output` keeps those lines out of the terminal. The virtual users
 * share no memory, so that it takes the reader of all their lines to tell which calls were the slowest.
 */
import { randomBytes } from 'k6/crypto';
import exec from 'k6/execution';
import { Counter, Rate, Trend } from 'k6/metrics';
import { type FaultCall, faultsOff, faultsOn } from '../calls/fault-calls.ts';
import { uuidFrom } from '../calls/uuid.ts';
import { dueCall } from '../scenarios/due-call.ts';
import { GUARD_TRIES, guardRequest, mayLoad, type Permission } from '../scenarios/guard.ts';
import {
  METRIC,
  METRIC_TYPE,
  type MetricName,
  type Metrics,
  samplesOf,
} from '../scenarios/metrics.ts';
import { lineOf, NotableCalls } from '../scenarios/notable-calls.ts';
import { callsIn } from '../scenarios/scenario.ts';
import { type LoadSettings, readLoadSettings } from '../scenarios/settings.ts';
import { type NotableCall, summarize } from '../scenarios/summary.ts';
import { summaryText } from '../scenarios/summary-text.ts';
import { runSteps, send } from './http.ts';
import { instanceOf } from './instances.ts';
import { dueInK6S, faultPhase, k6Options } from './options.ts';

/** What k6 has of it; the types of k6 do not say so. */
declare const console: Readonly<Record<'info' | 'warn' | 'error', (text: string) => void>>;

const settings = requireSettings();
const scenario = instanceOf(settings.scenario, __ENV['INSTANCES']);
const phases = new Map(scenario.phases.map((phase) => [phase.name, phase]));
const result = __ENV['RESULT'];

export const options = k6Options(scenario);

const metrics = new Map(
  Object.entries(METRIC_TYPE).flatMap(([name, type]) => {
    // k6 counts dropped iterations itself.
    return name === METRIC.dropped ? [] : [[name as MetricName, metricOf(name, type)] as const];
  }),
);

function metricOf(name: string, type: 'counter' | 'rate' | 'trend'): Counter | Rate | Trend {
  if (type === 'counter') return new Counter(name);
  return type === 'rate' ? new Rate(name) : new Trend(name, true);
}

function requireSettings(): LoadSettings {
  const read = readLoadSettings(__ENV);
  if (read.ok) return read.settings;
  throw new Error(`bad options:\n${read.problems.join('\n')}`);
}

/** Aborts the run if the upstream is not the simulator and paid load is not permitted. */
export function setup(): void {
  let permission = askGuard();
  for (let tries = 1; permission.unknown && tries < GUARD_TRIES; tries++) permission = askGuard();
  if (permission.allowed) console.info(permission.reason);
  else exec.test.abort(`refused: ${permission.reason}`);
}

function askGuard(): Permission {
  const { target, tokens, paidCalls } = settings;
  return mayLoad(send(guardRequest(tokens[0]), target), target, paidCalls);
}

/** One call of the phase that is k6's scenario. */
export function makeCall(): void {
  const { name, startTime, iterationInTest: n } = exec.scenario;
  const phase = phases.get(name);
  // k6 may begin one call more than fits into the time, which paid load must not have.
  if (!phase || n >= callsIn(phase)) return;
  const lagMs = Math.max(0, Date.now() - startTime - dueInK6S(phase, n) * 1000);
  const id = uuidFrom(new Uint8Array(randomBytes(16)));
  const { kind, call } = dueCall(phase, n, id, settings.tokens);
  const tags = { call_type: kind };
  const seen = runSteps(call, settings.target, tags);
  if (!phase.counted) return;
  metrics.get(METRIC.driverLagMs)?.add(lagMs, tags);
  for (const [metric, value] of samplesOf(kind, seen)) metrics.get(metric)?.add(value, tags);
  const { verdict, durationMs } = seen;
  const notable = { id, kind, phase: name, durationMs };
  tell(verdict.ok ? notable : { ...notable, reason: verdict.reason });
}

// Each virtual user has its own.
const told = new NotableCalls();
let warned = false;

/** Without a reader for the lines, only the first failure of each virtual user is told. */
function tell(call: NotableCall): void {
  const failed = call.reason !== undefined;
  if (!told.add(call) || (result === undefined && (!failed || warned))) return;
  if (failed) console.warn(lineOf(call));
  else console.info(lineOf(call));
  warned ||= failed;
}

/** Switches the faults on or off whose turn it is; k6's scenario is named after them. */
export function switchFaults(): void {
  const steps = faultCall(exec.scenario.name);
  const done = steps !== undefined && runSteps(steps, settings.simulator);
  metrics.get(METRIC.faultChanges)?.add(done ? 1 : 0);
  if (!done) console.error(`${exec.scenario.name}: the simulator did not do it`);
}

function faultCall(name: string): FaultCall | undefined {
  for (const [i, { faults }] of scenario.faults.entries()) {
    if (name === faultPhase(i, 'on')) return faultsOn(faults);
    if (name === faultPhase(i, 'off')) return faultsOff();
  }
  return undefined;
}

/** A run that was interrupted leaves no faults behind. */
export function teardown(): void {
  if (scenario.faults.length > 0) runSteps(faultsOff(), settings.simulator);
}

/** The part of k6's data that the summary is made of. */
export interface SummaryData {
  readonly metrics: Readonly<Record<string, { readonly values: Metrics[string] }>>;
  readonly state: { readonly testRunDurationMs: number };
}

/** @returns what k6 writes, by file */
export function handleSummary({ metrics: all, state }: SummaryData): Record<string, string> {
  const values = Object.entries(all).map(([key, metric]) => [key, metric.values] as const);
  const summary = summarize({
    driver: 'k6',
    scenario,
    target: settings.target,
    startedMs: Date.now() - state.testRunDurationMs,
    seconds: state.testRunDurationMs / 1000,
    metrics: Object.fromEntries(values),
  });
  const stdout = `${summaryText(summary).join('\n')}\n`;
  return result === undefined
    ? { stdout }
    : { stdout, [`${result}.json`]: `${JSON.stringify(summary, undefined, 2)}\n` };
}
