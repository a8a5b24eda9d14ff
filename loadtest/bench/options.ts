/** Reads the options of `make bench`: SUBJECTS, ROUNDS, SECONDS, PART, QUICK. */

export interface WarmUp {
  /** Calls with which it ends, where they take less than its time. */
  readonly calls?: number;
  readonly seconds: number;
  /** At the beginning of each place, streams whose times are not taken. */
  readonly streams: number;
}

export interface BenchOptions {
  /** Only what is compared side by side, beside the other figures of the page's run. */
  readonly pairsOnly: boolean;
  /** Names of subjects; undefined stands for all. */
  readonly subjects: readonly string[] | undefined;
  readonly rounds: number;
  /** Of each series. */
  readonly seconds: number;
  readonly warmUp: WarmUp;
  /** Fewer streams and no series of rare interest: to see that all is well, not to quote. */
  readonly quick: boolean;
}

/**
 * V8 compiles code again and again as it is called more often, and code that serves one call in ten is the last. A
 * figure from before that is one of the first seconds of a service (docs/adr/0054-measured-once-warm.md).
 */
const DEFAULTS = {
  rounds: 3,
  seconds: 3,
  warmUp: { calls: 100_000, seconds: 20, streams: 2 },
} as const;
const QUICK = { rounds: 1, seconds: 1, warmUp: { seconds: 1, streams: 0 } } as const;
const MOST = { rounds: 20, seconds: 60 } as const;

type Env = Readonly<Record<string, string | undefined>>;

export type ReadOptions =
  | { readonly ok: true; readonly options: BenchOptions }
  | { readonly ok: false; readonly problems: readonly string[] };

/** @param known the names of all subjects */
export function readOptions(env: Env, known: readonly string[]): ReadOptions {
  const problems: string[] = [];
  const quick = flag(env['QUICK'], problems);
  const defaults = quick ? QUICK : DEFAULTS;
  const count = (name: 'ROUNDS' | 'SECONDS', standard: number, most: number) => {
    const text = env[name];
    if (text === undefined || text === '') return standard;
    if (/^[1-9]\d*$/.test(text) && Number(text) <= most) return Number(text);
    problems.push(`${name}=${text}: a whole number from 1 to ${most} is needed`);
    return standard;
  };
  const options = {
    subjects: subjectsOf(env['SUBJECTS'], known, problems),
    rounds: count('ROUNDS', defaults.rounds, MOST.rounds),
    seconds: count('SECONDS', defaults.seconds, MOST.seconds),
    warmUp: defaults.warmUp,
    pairsOnly: pairsOnly(env['PART'], problems),
    quick,
  };
  return problems.length === 0 ? { ok: true, options } : { ok: false, problems };
}

function flag(text: string | undefined, problems: string[]): boolean {
  if (text === undefined || text === '' || text === '0') return false;
  if (text !== '1') problems.push(`QUICK=${text}: it is 1 or 0`);
  return true;
}

function pairsOnly(text: string | undefined, problems: string[]): boolean {
  if (text === undefined || text === '') return false;
  if (text !== 'pairs') problems.push(`PART=${text}: it is pairs, or not set for all`);
  return true;
}

function subjectsOf(
  text: string | undefined,
  known: readonly string[],
  problems: string[],
): readonly string[] | undefined {
  const names = (text ?? '').split(/[\s,]+/).filter((name) => name !== '');
  const unknown = names.filter((name) => !known.includes(name));
  if (unknown.length > 0) {
    problems.push(`SUBJECTS: there is no ${unknown.join(', ')}; there are ${known.join(', ')}`);
  }
  return names.length === 0 ? undefined : [...new Set(names)];
}
