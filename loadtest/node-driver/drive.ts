/**
 * Makes the smoke load in plain Node, for machines without k6: a closed loop of the same calls as
 * `scenarios/smoke.ts`, with the same verdicts and thresholds.
 */
import { randomBytes } from 'node:crypto';
import { Agent, type Dispatcher, request } from 'undici';
import {
  type Answer,
  CALL_TIMEOUT_MS,
  CALL_TYPES,
  type CallType,
  messageCall,
  observe,
} from '../calls/call.ts';
import { uuidFrom } from '../calls/uuid.ts';
import { closedLoop } from '../lib/load.ts';
import { GUARD_TRIES, mayLoad, type Permission } from '../scenarios/guard.ts';
import { type LoadSettings, readLoadSettings } from './drive-settings.ts';
import { failedMetrics, type Summary, summaryOf, thresholdTable } from './report.ts';
import { newTally, record, type Tally } from './tally.ts';

/** Exit codes; 99 is k6's own code for a missed threshold, 78 is EX_CONFIG of sysexits.h. */
export const EXIT = { ok: 0, refused: 3, badSettings: 78, thresholdMissed: 99 } as const;

export interface DriveResult {
  readonly exitCode: number;
  /** Absent when no load was made. */
  readonly summary?: Summary;
}

type Write = (line: string) => void;

const SHOWN_FAILURES = 5;

/**
 * Makes the load and prints the report; the last line is the summary as JSON.
 * @param env BASE_URL, CALLS (of each type), CONCURRENCY, ALLOW_PAID_LOAD
 */
export async function drive(
  env: Readonly<Record<string, string | undefined>>,
  write: Write,
): Promise<DriveResult> {
  write('This is not k6: a plain Node driver makes the same calls and checks the same thresholds.');
  const read = readLoadSettings(env);
  if (!read.ok) {
    for (const problem of read.problems) write(`bad setting: ${problem}`);
    return { exitCode: EXIT.badSettings };
  }
  const agent = new Agent({ connections: read.settings.concurrency });
  try {
    const permission = await askGuard(read.settings, agent);
    write(permission.allowed ? permission.reason : `refused: ${permission.reason}`);
    if (!permission.allowed) return { exitCode: EXIT.refused };
    return report(await load(read.settings, agent, write), read.settings, write);
  } finally {
    await agent.destroy();
  }
}

function report(tally: Tally, settings: LoadSettings, write: Write): DriveResult {
  for (const line of thresholdTable(tally, settings.callsPerType)) write(line);
  const failed = failedMetrics(tally, settings.callsPerType);
  const summary = summaryOf(tally, failed);
  write(JSON.stringify(summary));
  return { exitCode: failed.length === 0 ? EXIT.ok : EXIT.thresholdMissed, summary };
}

async function load(settings: LoadSettings, agent: Agent, write: Write): Promise<Tally> {
  const { baseUrl, callsPerType, concurrency } = settings;
  const count = `${callsPerType} calls of each type`;
  write(`${count} (${CALL_TYPES.join(', ')}), ${concurrency} at once, to ${baseUrl}`);
  const tally = newTally();
  let shown = 0;
  await closedLoop({ calls: callsPerType * CALL_TYPES.length, concurrency }, async (n) => {
    const failure = await callOnce(n % 2 === 0 ? 'streaming' : 'complete', settings, agent, tally);
    if (failure !== undefined && shown++ < SHOWN_FAILURES) write(failure);
  });
  return tally;
}

/** Makes and records one call. @returns a line about the failure, if it failed */
async function callOnce(
  type: CallType,
  settings: LoadSettings,
  agent: Agent,
  tally: Tally,
): Promise<string | undefined> {
  const id = uuidFrom(randomBytes(16));
  const { path, headers, body } = messageCall(type, id);
  const startMs = performance.now();
  const answer = await send(`${settings.baseUrl}${path}`, {
    method: 'POST',
    headers: { ...headers },
    body,
    dispatcher: agent,
  });
  const seen = observe(type, id, answer);
  record(tally, type, seen, performance.now() - startMs);
  return seen.verdict.ok ? undefined : `${type} call ${id} failed: ${seen.verdict.reason}`;
}

async function askGuard({ baseUrl, paidCalls }: LoadSettings, agent: Agent): Promise<Permission> {
  for (let tries = 1; ; tries++) {
    const answer = await send(`${baseUrl}/v1/models`, { method: 'GET', dispatcher: agent });
    const permission = mayLoad(answer, paidCalls);
    if (!permission.unknown || tries >= GUARD_TRIES) return permission;
  }
}

type RequestOptions = Omit<NonNullable<Parameters<typeof request>[1]>, 'signal'> & {
  readonly method: Dispatcher.HttpMethod;
};

/** Never throws: an answer that does not arrive is `broken`. Follows no redirects. */
async function send(url: string, options: RequestOptions): Promise<Answer> {
  let head: Pick<Answer, 'status' | 'headers'> = { status: 0, headers: {} };
  try {
    const response = await request(url, {
      ...options,
      signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
    });
    head = { status: response.statusCode, headers: response.headers };
    return { ...head, body: await response.body.text() };
  } catch (error) {
    const timedOut = error instanceof Error && error.name === 'TimeoutError';
    return { ...head, body: '', broken: timedOut ? 'timeout' : 'network_error' };
  }
}

if (import.meta.main) {
  const { exitCode } = await drive(process.env, (line) => process.stdout.write(`${line}\n`));
  process.exitCode = exitCode;
}
