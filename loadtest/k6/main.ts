/**
 * Smoke load for k6 v2 (`make loadtest`): complete and streaming calls, judged by their content and
 * checked against the objectives. k6 has neither node_modules nor Node's globals, so it imports
 * only k6's own modules and `smoke/`.
 */
import { randomBytes } from 'k6/crypto';
import exec from 'k6/execution';
import http from 'k6/http';
import { Counter, Rate, Trend } from 'k6/metrics';
import type { Options, Scenario } from 'k6/options';
import {
  type Answer,
  CALL_TIMEOUT_MS,
  type CallType,
  messageCall,
  observe,
} from '../calls/call.ts';
import { uuidFrom } from '../calls/uuid.ts';
import { type LoadSettings, readLoadSettings } from '../node-driver/drive-settings.ts';
import { k6Thresholds, METRIC, smokeThresholds } from '../node-driver/drive-thresholds.ts';
import { GUARD_TRIES, mayLoad, type Permission } from '../scenarios/guard.ts';

const settings = requireSettings();

/** Calls of each type per second; two cores keep up with it beside the stack. */
const RATE = 50;

// The scenarios have an arrival rate, because only an open loop shows a slow service as dropped
// iterations.
export const options: Options = {
  userAgent: 'claude-observatory-smoke',
  scenarios: { complete: scenario('complete'), streaming: scenario('streaming') },
  thresholds: k6Thresholds(smokeThresholds(settings.callsPerType)),
  summaryTrendStats: ['min', 'med', 'p(95)', 'p(99)', 'max'],
};

const success = new Rate(METRIC.success);
const duration = new Trend(METRIC.durationMs, true);
const overhead = new Trend(METRIC.overheadMs, true);
const overheadReported = new Rate(METRIC.overheadReported);
const correlated = new Rate(METRIC.correlated);
const calls = new Counter(METRIC.calls);

/** Aborts the run if the upstream is not the simulator and paid load is not permitted. */
export function setup(): void {
  let permission = askGuard();
  for (let tries = 1; permission.unknown && tries < GUARD_TRIES; tries++) permission = askGuard();
  if (permission.allowed) console.info(permission.reason);
  else exec.test.abort(`refused: ${permission.reason}`);
}

// A redirect could lead past the guard, so none is followed here or below.
function askGuard(): Permission {
  const answer = http.get(`${settings.baseUrl}/v1/models`, { redirects: 0 });
  return mayLoad(answer, settings.paidCalls);
}

export function complete(): void {
  call('complete');
}

export function streaming(): void {
  call('streaming');
}

// Each virtual user has its own copy, so it prints at most one failure.
let warned = false;

function call(type: CallType): void {
  // The schedule is a second longer than needed; this check makes the number of calls exact, for
  // paid load.
  if (exec.scenario.iterationInTest >= settings.callsPerType) return;
  const id = uuidFrom(new Uint8Array(randomBytes(16)));
  const request = messageCall(type, id);
  const response = http.post(settings.baseUrl + request.path, request.body, {
    headers: { ...request.headers },
    redirects: 0,
    timeout: CALL_TIMEOUT_MS,
    tags: { call_type: type },
  });
  note(type, id, toAnswer(response), response.timings.duration);
}

function note(type: CallType, id: string, answer: Answer, durationMs: number): void {
  const tags = { call_type: type };
  const seen = observe(type, id, answer);
  calls.add(1, tags);
  success.add(seen.verdict.ok, tags);
  if (seen.correlated !== undefined) correlated.add(seen.correlated, tags);
  if (!seen.verdict.ok) {
    if (!warned) console.warn(`${type} call ${id} failed: ${seen.verdict.reason}`);
    warned = true;
    return;
  }
  duration.add(durationMs, tags);
  if (type === 'complete') overheadReported.add(seen.overheadMs !== undefined, tags);
  if (seen.overheadMs !== undefined) overhead.add(seen.overheadMs, tags);
}

function toAnswer(response: ReturnType<typeof http.post>): Answer {
  const body = typeof response.body === 'string' ? response.body : '';
  const answer = { status: response.status, headers: response.headers, body };
  // The codes from 1400 to 1599 stand for 4xx and 5xx answers; all others are errors of k6 itself.
  // https://grafana.com/docs/k6/latest/javascript-api/error-codes/
  const code = response.error_code;
  if (code === 0 || (code >= 1400 && code < 1600)) return answer;
  return { ...answer, broken: code === 1050 ? 'timeout' : 'network_error' };
}

function scenario(type: CallType): Scenario {
  return {
    executor: 'constant-arrival-rate',
    exec: type,
    rate: RATE,
    timeUnit: '1s',
    duration: `${Math.ceil(settings.callsPerType / RATE) + 1}s`,
    // By Little's law, twice what the rate needs when every call is as slow as the objective
    // allows.
    preAllocatedVUs: 50,
    gracefulStop: `${CALL_TIMEOUT_MS}ms`,
  };
}

function requireSettings(): LoadSettings {
  const result = readLoadSettings(__ENV);
  if (result.ok) return result.settings;
  throw new Error(`bad settings:\n${result.problems.join('\n')}`);
}
