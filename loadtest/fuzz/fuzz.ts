/** Sends one hostile case after another to a real service, and stops at the first that it deals with wrongly. */
import { once } from 'node:events';
import { eventually } from '../../app/testing/poll.ts';
import { type Scrape, scrape } from '../../app/testing/samples.ts';
import { listening, type ServiceProcess, spawnService } from '../../app/testing/service-process.ts';
import { type SpanStore, startSpanStore } from '../../observability/local/span-store.ts';
import { endWithUs } from '../lib/children.ts';
import { startSimulator } from '../simulator/server.ts';
import { type Holdings, INSPECTED, type Inspector, inspect } from '../soak/inspector.ts';
import { ATTACKS } from './attacks.ts';
import type { Case } from './case.ts';
import { play } from './client.ts';
import { hostileAnswer } from './hostile-answers.ts';
import { judge, secretsIn, type Verdict } from './judge.ts';
import { KEEP_ALIVE_MS, lastingLeaks, restOf } from './leaks.ts';
import { ledgerProblems } from './ledger.ts';
import { Random, seedOf } from './random.ts';
import { SECRETS } from './texts.ts';
import { type HostileUpstream, startHostileUpstream } from './upstream.ts';

const AT_ONCE = 12;
const CASES_A_ROUND = 60;
const CASES_OF_WARM_UP = 2 * CASES_A_ROUND;
const CASE_LIMIT_MS = 8_000;
const SHARE_OF_UPSTREAM = 0.4;

/** Limits of a tenth of the defaults and less, so that silence and size are met within a case. */
const ENV = {
  CLAUDE_API_KEY: SECRETS.key,
  TRUST_INBOUND_TRACE: 'true',
  BODY_LIMIT_BYTES: '262144',
  BODY_BUDGET_BYTES: '16777216',
  RETRY_MAX: '1',
  ATTEMPT_TIMEOUT_MS: '300',
  FIRST_EVENT_TIMEOUT_MS: '300',
  OTEL_BSP_SCHEDULE_DELAY: '50',
  OTEL_BSP_MAX_QUEUE_SIZE: '20000',
  ...INSPECTED,
} as const;
const TUNING = {
  pool: { keepAliveMs: KEEP_ALIVE_MS },
  stream: { silenceMs: 300 },
  backoff: { baseMs: 1 },
  retryBudget: { capacity: 1_000_000 },
  // No case may close the upstream for those that follow.
  breaker: { minAttempts: 1_000_000 },
} as const;

export interface FuzzOptions {
  readonly seed: number;
  /** How long cases are sent. */
  readonly seconds: number;
  /** The first case; with the seed of a failure, the round that failed. */
  readonly from: number;
  /** More of the service's environment. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface FuzzResult {
  readonly cases: number;
  /** Of each kind. */
  readonly kinds: Readonly<Record<string, number>>;
  /** What is wrong; empty when nothing is. */
  readonly problems: readonly string[];
  /** The command that repeats the problems; absent where there are none. */
  readonly again?: string;
}

interface Subject {
  readonly service: ServiceProcess;
  readonly upstream: HostileUpstream;
  readonly store: SpanStore;
  readonly port: number;
  readonly inspector: Inspector;
  /** Never resolves. @throws {Error} when the service ends by itself */
  readonly died: Promise<never>;
  close(): Promise<number | null>;
}

async function start(more: FuzzOptions['env']): Promise<Subject> {
  const store = await startSpanStore({ port: 0 });
  const simulator = await startSimulator({ keys: [SECRETS.key] });
  const upstream = await startHostileUpstream(simulator.url);
  const env = {
    CLAUDE_BASE_URL: upstream.url,
    OTEL_EXPORTER_OTLP_ENDPOINT: store.url,
    ...ENV,
    ...more,
  };
  const child = spawnService(env, TUNING);
  endWithUs(child);
  const service = await listening(child);
  const inspector = await inspect(service.errors());
  const died = once(child, 'exit').then(([code, signal]) => {
    const last = JSON.stringify(service.lines.findLast(({ level }) => level === 'fatal'));
    const said = `${last ?? ''} ${service.errors()}`.slice(0, 3_000);
    throw new Error(`the service ended with ${code ?? signal}: ${said}`);
  });
  // Whoever stops it does not wait for that.
  died.catch(() => {});
  return {
    service,
    upstream,
    store,
    port: Number(new URL(service.url).port),
    inspector,
    died,
    async close() {
      inspector.close();
      const code = await service.stop();
      await upstream.close();
      await simulator.close();
      await store.close();
      return code;
    },
  };
}

/** Sends cases for so many seconds; whatever the service holds at the end it must have held before. */
export async function fuzz(options: FuzzOptions): Promise<FuzzResult> {
  const { seed, seconds, from } = options;
  const subject = await start(options.env);
  const kinds: Record<string, number> = {};
  let cases = from;
  let problems: string[] = [];
  let again = `make fuzz SEED=${seed} FROM=${from} SECONDS=${seconds}`;
  const untilMs = performance.now() + seconds * 1_000;
  let held: Holdings | undefined;
  do {
    problems = await orProblem(playRound(subject, seed, cases, kinds), subject);
    if (problems.length > 0) again = `make fuzz SEED=${seed} FROM=${cases} SECONDS=1`;
    cases += CASES_A_ROUND;
    // What is made once is made by then.
    const isWarm = problems.length === 0 && cases - from >= CASES_OF_WARM_UP;
    if (isWarm) held ??= await Promise.race([restOf(subject.inspector), subject.died]);
  } while (problems.length === 0 && performance.now() < untilMs);
  const call = async () => (await fetch(`${subject.service.url}/v1/models`)).text();
  if (problems.length === 0 && held)
    problems = await orProblem(lastingLeaks(held, subject.inspector, call), subject);
  const code = await subject.close();
  if (code !== 0 && problems.length === 0) {
    problems.push(`the service ended with ${code}: ${subject.service.errors()}`);
  }
  return { cases: cases - from, kinds, problems, ...(problems.length > 0 && { again }) };
}

/** A service that ends, or never comes to rest, is the worst that can be found, and must not end the fuzzer itself. */
async function orProblem(found: Promise<string[]>, { died }: Subject): Promise<string[]> {
  try {
    return await Promise.race([found, died]);
  } catch (error) {
    // What was played against a service that has ended is of no interest any more.
    found.catch(() => {});
    // The end of the service explains whatever was thrown, and is told a moment later.
    const moment = new Promise<Error>((resolve) => setTimeout(resolve, 500, error as Error));
    const { message } = await Promise.race([moment, died.catch((end: Error) => end)]);
    return [message];
  }
}

/** @returns what is wrong with the round, a case's problems with its number */
async function playRound(
  subject: Subject,
  seed: number,
  from: number,
  kinds: Record<string, number>,
): Promise<string[]> {
  const { service, store } = subject;
  const before = await scrape(service.metricsUrl);
  const numbers = Array.from({ length: CASES_A_ROUND }, (_, i) => from + i);
  const cases: { played: Case; verdict: Verdict }[] = [];
  const problems: string[] = [];
  const playNext = async (): Promise<void> => {
    for (let n = numbers.shift(); n !== undefined; n = numbers.shift()) {
      const one = await playCase(subject, seed, n);
      kinds[one.played.name] = (kinds[one.played.name] ?? 0) + 1;
      cases.push(one);
      for (const problem of one.verdict.problems) {
        problems.push(`case ${n}, ${one.played.name}: ${problem}`);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, playNext));
  const after = await settled(service);
  const lines = service.lines.splice(0);
  problems.push(...ledgerProblems({ cases, lines, before, after: after.scraped }));
  problems.push(...faultsOfOurs(lines));
  problems.push(...secretsIn(JSON.stringify(lines), 'a log line'));
  problems.push(...secretsIn(service.errors(), 'standard error'));
  problems.push(...secretsIn(after.text, 'a metric'));
  problems.push(...secretsIn(JSON.stringify(store.spans(), bigints), 'a span'));
  return problems;
}

const bigints = (_: string, value: unknown) => (typeof value === 'bigint' ? `${value}` : value);

async function playCase(
  { upstream, port }: Subject,
  seed: number,
  n: number,
): Promise<{ played: Case; verdict: Verdict }> {
  const random = new Random(seedOf(seed, n));
  const id = `fuzz-${n}`;
  if (random.chance(SHARE_OF_UPSTREAM)) {
    const { case: played, upstream: steps } = hostileAnswer(random, id);
    upstream.answer(id, steps);
    const verdict = judge(played, await play(port, played.steps, CASE_LIMIT_MS));
    upstream.forget(id);
    return { played, verdict };
  }
  const played = random.pick(ATTACKS)(random, id);
  return { played, verdict: judge(played, await play(port, played.steps, CASE_LIMIT_MS)) };
}

/** Waits until no call is in flight, and the log has the last of them. */
async function settled(service: ServiceProcess): Promise<{ text: string; scraped: Scrape }> {
  let last = '';
  await eventually(async () => {
    const scraped = await scrape(service.metricsUrl);
    const open = scraped.sum('claude_api_calls_in_flight');
    const now = `${scraped.sum('claude_api_requests_total')} ${service.lines.length}`;
    const isSettled = open === 0 && now === last;
    last = now;
    await new Promise((resolve) => setTimeout(resolve, 60));
    return isSettled;
  });
  const text = await (await fetch(service.metricsUrl)).text();
  return { text, scraped: await scrape(service.metricsUrl) };
}

/** No caller and no upstream can make us fail: an error in the log is a fault of ours. */
function faultsOfOurs(lines: ServiceProcess['lines']): string[] {
  return lines
    .filter(({ level }) => level === 'error' || level === 'fatal')
    .map((line) => `the service logged an error: ${JSON.stringify(line).slice(0, 1_500)}`);
}
