/**
 * Compares subjects two at a time, in turns of a second: a machine that becomes slower within minutes changes what each of
 * them costs, and hardly how they compare (docs/adr/0055-compared-side-by-side.md).
 */
import { setTimeout as delay } from 'node:timers/promises';
import { machine } from '../machine.ts';
import { type ProcessFigures, processFigures } from '../process-figures.ts';
import { orderOf, type Say, subjectWorld, type World } from '../rounds.ts';
import type { Subject } from '../subject.ts';
import { type SubjectProcess, startSubject } from '../subject-process.ts';
import { warmUp } from '../visit.ts';
import { runWrk } from '../wrk.ts';
import { PAIRS, type Pair, type Pairs, type PairVisit, type TurnFigures } from './pairs.ts';

const TURN_S = 1;
const TURNS = 20;
const QUICK_TURNS = 2;
/** For what a call leaves to do later: batches of spans, a pipe. */
const SETTLE_MS = 1_000;

type Both<T> = readonly [T, T];
const both = <T, U>([one, two]: Both<T>, change: (value: T) => U): Both<U> => [
  change(one),
  change(two),
];

/** The turns of one subject add up to this. */
interface Sum {
  requests: number;
  seconds: number;
  invalid: string;
}

/** The one that had the last turn of a cycle has the first of the next, so that neither is always the later one. */
async function takeTurns(
  running: Both<SubjectProcess>,
  { plan }: World,
  turns: number,
): Promise<Both<Sum>> {
  const sums = both(running, (): Sum => ({ requests: 0, seconds: 0, invalid: '' }));
  const load = { connections: 32, seconds: TURN_S, headers: plan.headers };
  for (let turn = 0; turn < turns; turn += 1) {
    for (const at of orderOf([0, 1] as const, turn)) {
      const { url } = running[at];
      const figures = await runWrk({ ...load, url, bodyFile: plan.bodyFiles.small });
      sums[at].requests += figures.requests;
      sums[at].seconds += figures.requests / figures.perSecond;
      sums[at].invalid ||= figures.invalid;
    }
  }
  return sums;
}

const figuresOf = (
  { requests, seconds, invalid }: Sum,
  before: ProcessFigures,
  after: ProcessFigures,
): TurnFigures => ({
  perSecond: requests / seconds,
  cpuUs: ((after.cpuMs - before.cpuMs) * 1_000) / requests,
  invalid,
});

async function measure(
  running: Both<SubjectProcess>,
  world: World,
  turns: number,
): Promise<Both<TurnFigures>> {
  const used = () => both(running, ({ pids }) => processFigures(pids));
  const before = used();
  const sums = await takeTurns(running, world, turns);
  await delay(SETTLE_MS);
  const after = used();
  return [figuresOf(sums[0], before[0], after[0]), figuresOf(sums[1], before[1], after[1])];
}

async function visitPair(subjects: Both<Subject>, world: World, turns: number) {
  const running: SubjectProcess[] = [];
  const start = async (subject: Subject) => {
    const one = await startSubject(subject, subjectWorld(world));
    running.push(one);
    return one;
  };
  try {
    const started = [await start(subjects[0]), await start(subjects[1])] as const;
    await warmUp(started, world.plan);
    return await measure(started, world, turns);
  } finally {
    await Promise.all(running.map((one) => one.stop()));
  }
}

function describe({ pair, round, figures }: PairVisit): string {
  const each = pair.map((name, at) => `${name} ${figures[at]?.cpuUs.toFixed(0)} µs`).join(', ');
  const ratio = (figures[0].perSecond / figures[1].perSecond).toFixed(3);
  const wrong = figures.map(({ invalid }) => invalid && `  INVALID: ${invalid}`).join('');
  return `round ${round + 1}  ${each}, throughput ${ratio} ×${wrong}`;
}

/** @param subjects those that can be measured: pairs of others are left out */
export async function measurePairs(
  subjects: readonly Subject[],
  world: World,
  rounds: number,
  say: Say,
): Promise<Pairs> {
  const [date, startedMs] = [new Date().toISOString(), performance.now()];
  const turns = world.plan.quick ? QUICK_TURNS : TURNS;
  const visits: PairVisit[] = [];
  const failed = new Map<Pair, string>();
  const named = new Map(subjects.map((subject) => [subject.name, subject]));
  for (let round = 0; round < rounds; round += 1) {
    for (const pair of orderOf(PAIRS, round)) {
      const [one, two] = both(pair, (name) => named.get(name));
      if (!one || !two || failed.has(pair)) continue;
      try {
        const visit = { pair, round, figures: await visitPair([one, two], world, turns) };
        visits.push(visit);
        say(describe(visit));
      } catch (error) {
        failed.set(pair, (error as Error).message);
        say(`round ${round + 1}  ${pair.join(' and ')} have failed: ${(error as Error).message}`);
      }
    }
  }
  const seconds = Math.round((performance.now() - startedMs) / 1_000);
  return {
    ...{ date, seconds, rounds, turns, cpu: machine().cpu },
    visits: visits.filter(({ pair }) => !failed.has(pair)),
    failed: [...failed].map(([pair, reason]) => ({ pair, reason })),
  };
}
