/** Sends one hostile case after another to a real service, and stops at the first that it deals with wrongly. */
import { eventually } from '../../app/testing/poll.ts';
import { type Scrape, scrape } from '../../app/testing/samples.ts';
import { listening, type ServiceProcess, spawnService } from '../../app/testing/service-process.ts';
import { type SpanStore, startSpanStore } from '../../observability/local/span-store.ts';
import { endWithUs } from '../lib/children.ts';
import { startSimulator } from '../simulator/server.ts';
import { type Holdings, INSPECTED, inspect } from '../soak/inspector.ts';
import { ATTACKS } from './attacks.ts';
import type { Case } from './case.ts';
import { play } from './client.ts';
import { hostileAnswer } from './hostile-answers.ts';
import { judge, secretsIn, type Verdict } from './judge.ts';
import { ledgerProblems } from './ledger.ts';
import { Random, seedOf } from './random.ts';
import { SECRETS } from './texts.ts';
import { type HostileUpstream, startHostileUpstream } from './upstream.ts';

const AT_ONCE = 12;
const CASES_A_ROUND = 60;
const CASES_OF_WARM_UP = 2 * CASES_A_ROUND;
const CASE_LIMIT_MS = 8_000;
/** About a minute, after which the pool to the upstream has let go of what it made for a connection. */
const MORE_RESTS = 25;
/** Idle connections to the upstream are closed after this. */
const KEEP_ALIVE_MS = 200;
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
  /** Called after each round with the number of cases so far. */
  readonly onRound?: (cases: number) => void;
}

export interface FuzzResult {
  readonly cases: number;
  /** Of each kind. */
  readonly kinds: Readonly<Record<string, number>>;
  /** What is wrong; empty when nothing is. */
  readonly problems: readonly string[];
  /** The first case of the round with the problems. */
  readonly failedFrom: number | undefined;
}

interface Subject {
  readonly service: ServiceProcess;
  readonly upstream: HostileUpstream;
  readonly store: SpanStore;
  readonly port: number;
  close(): Promise<number | null>;
}

async function start(): Promise<Subject> {
  const store = await startSpanStore({ port: 0 });
  const simulator = await startSimulator({ keys: [SECRETS.key] });
  const upstream = await startHostileUpstream(simulator.url);
  const env = { CLAUDE_BASE_URL: upstream.url, OTEL_EXPORTER_OTLP_ENDPOINT: store.url, ...ENV };
  const child = spawnService(env, TUNING);
  endWithUs(child);
  const service = await listening(child);
  return {
    service,
    upstream,
    store,
    port: Number(new URL(service.url).port),
    async close() {
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
  const subject = await start();
  const inspector = await inspect(subject.service.errors());
  const kinds: Record<string, number> = {};
  let cases = options.from;
  let problems: string[] = [];
  let failedFrom: number | undefined;
  const untilMs = performance.now() + options.seconds * 1_000;
  let held: Holdings | undefined;
  do {
    const round = await playRound(subject, options.seed, cases, kinds);
    problems = round;
    if (problems.length > 0) failedFrom = cases;
    cases += CASES_A_ROUND;
    options.onRound?.(cases - options.from);
    // What is made once is made by then.
    if (cases - options.from >= CASES_OF_WARM_UP) held ??= await restOf(inspector);
  } while (problems.length === 0 && performance.now() < untilMs);
  if (problems.length === 0 && held) problems = await lastingLeaks(held, inspector);
  inspector.close();
  const code = await subject.close();
  if (code !== 0) problems.push(`the service ended with ${code}: ${subject.service.errors()}`);
  return { cases: cases - options.from, kinds, problems, failedFrom };
}

/** What the service holds once its idle connections are closed; undici's timer is one of a second. */
async function restOf(inspector: Awaited<ReturnType<typeof inspect>>): Promise<Holdings> {
  await new Promise((resolve) => setTimeout(resolve, KEEP_ALIVE_MS + 2_500));
  return inspector.holdings();
}

/** @returns what is still held after a minute of rest */
async function lastingLeaks(
  held: Holdings,
  inspector: Awaited<ReturnType<typeof inspect>>,
): Promise<string[]> {
  let found = leaks(held, await restOf(inspector));
  for (let more = 0; found.length > 0 && more < MORE_RESTS; more += 1) {
    found = leaks(held, await restOf(inspector));
  }
  return found;
}

function leaks(before: Holdings, after: Holdings): string[] {
  const MORE = { sockets: 0, timers: 0, signals: 5, listeners: 10 } as const;
  return Object.entries(MORE).flatMap(([name, more]) => {
    const [then, now] = [before[name as keyof typeof MORE], after[name as keyof typeof MORE]];
    return now > then + more ? [`the service holds ${now} ${name}, and held ${then} at first`] : [];
  });
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
