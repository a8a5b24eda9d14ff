/** The faults that can be injected at run time, and the count of how often each was. */
import { ANSWER_KINDS, type AnswerKind, REFUSAL_CATEGORIES } from './answer-faults.ts';

/** Failures of the upstream and of the network; those that are answers of the API are in answer-faults.ts. */
export const FAULT_KINDS = [
  'rate_limited',
  'overloaded',
  'error_500',
  'error_502',
  'error_503',
  'hang',
  'reset',
  'slow',
  'malformed_json',
  'html',
  'stream_error',
  'stream_cut',
  'stream_hang',
  'stream_pause',
  'slow_tokens',
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

/** One kind of failure, for some of the requests. */
export interface Fault {
  readonly kind: FaultKind | AnswerKind;
  /** Share of the matching requests that fail, 0 to 1; default 1. */
  readonly probability?: number;
  /** Only requests to this region, as in `/regions/{region}/v1/…`; other paths are in `default`. */
  readonly region?: string;
  /** Only requests with this key, given in full or masked as the request log shows it. */
  readonly key?: string;
  /** Only requests for this model, as they name it. */
  readonly model?: string;
  /** Only requests of this speed, `fast` or `standard`. */
  readonly speed?: string;
  /** Only requests of this path without its region, `/v1/messages/count_tokens` for instance. */
  readonly path?: string;
  /** Seconds, for `rate_limited` and `error_code:ramp_limit_exceeded`; default 1. */
  readonly retryAfterS?: number;
  /** For `slow` and `stream_pause`; default 2,000. */
  readonly delayMs?: number;
  /** Between two chunks, for `slow_tokens`; default 100. */
  readonly everyMs?: number;
  /**
   * Number of chunks before a stream breaks or pauses, also for `malformed_json`; default 1. An
   * `error_code:…` is a whole answer unless this is given.
   */
  readonly afterChunks?: number;
  /** Seconds until it ends by itself, so that whoever switched it on may die; default never. */
  readonly forSeconds?: number;
  /** Of `stop_reason:refusal`; default null, as the API says where it names none. */
  readonly category?: string;
}

/** A fault with the number of requests that it was injected into. */
export type ActiveFault = Fault & { readonly bitten: number };

/** The properties of a request that a fault can select by. */
export interface Target {
  readonly region: string;
  readonly key: string;
  readonly maskedKey: string;
  readonly stream: boolean;
  readonly model: string;
  readonly speed: string;
  readonly path: string;
}

const STREAM_ONLY: ReadonlySet<string> = new Set([
  'stream_error',
  'stream_cut',
  'stream_hang',
  'stream_pause',
  'slow_tokens',
]);

/** The active faults, in the order in which a request is matched against them. */
export class FaultSet {
  readonly #random: () => number;
  readonly #now: () => number;
  #entries: { readonly fault: Fault; readonly untilMs: number; bitten: number }[] = [];

  /**
   * @param random 0 inclusive to 1 exclusive
   * @param now milliseconds from any origin
   */
  constructor(random: () => number, now: () => number = () => performance.now()) {
    this.#random = random;
    this.#now = now;
  }

  /** Replaces all faults; their counts begin at 0. @returns the new list */
  set(faults: readonly Fault[]): ActiveFault[] {
    const nowMs = this.#now();
    this.#entries = faults.map((fault) => {
      return { fault, untilMs: nowMs + (fault.forSeconds ?? Infinity) * 1000, bitten: 0 };
    });
    return this.list();
  }

  list(): ActiveFault[] {
    return this.#active().map(({ fault, bitten }) => ({ ...fault, bitten }));
  }

  /** @returns the first fault that matches the request and its own probability; counts it */
  pick(target: Target): Fault | undefined {
    const entry = this.#active().find(
      ({ fault }) => matches(fault, target) && this.#random() < (fault.probability ?? 1),
    );
    if (entry) entry.bitten += 1;
    return entry?.fault;
  }

  #active() {
    if (this.#entries.length === 0) return this.#entries;
    const nowMs = this.#now();
    return this.#entries.filter(({ untilMs }) => nowMs < untilMs);
  }
}

const SELECTORS = ['region', 'model', 'speed', 'path'] as const;

function matches(fault: Fault, target: Target): boolean {
  const { key, maskedKey, stream } = target;
  if (STREAM_ONLY.has(fault.kind) && !stream) return false;
  if (SELECTORS.some((by) => fault[by] !== undefined && fault[by] !== target[by])) return false;
  return fault.key === undefined || fault.key === key || fault.key === maskedKey;
}

const NUMBERS: readonly [name: keyof Fault, min: number, max: number][] = [
  ['probability', 0, 1],
  ['retryAfterS', 0, 3_600],
  ['delayMs', 0, 600_000],
  ['everyMs', 0, 600_000],
  ['afterChunks', 0, 1_000],
  ['forSeconds', 1, 86_400],
];
const NAMES: ReadonlySet<string> = new Set([
  'kind',
  'key',
  'category',
  ...SELECTORS,
  ...NUMBERS.map(([name]) => name),
]);

const KINDS: readonly string[] = [...FAULT_KINDS, ...ANSWER_KINDS];
const CATEGORIES: readonly unknown[] = [undefined, ...REFUSAL_CATEGORIES];

/**
 * Checks the body of an admin request.
 * @throws {TypeError} with one line for each problem
 */
export function checkFaults(value: unknown): Fault[] {
  if (!Array.isArray(value)) throw new TypeError('faults: must be an array');
  const problems = value.flatMap((fault, i) => problemsOf(fault).map((p) => `faults.${i}.${p}`));
  if (problems.length > 0) throw new TypeError(problems.join('\n'));
  return value as Fault[];
}

function problemsOf(value: unknown): string[] {
  if (typeof value !== 'object' || value === null) return ['kind: must be given'];
  const fault = value as Record<string, unknown>;
  const problems = Object.keys(fault)
    .filter((name) => !NAMES.has(name))
    .map((name) => `${name}: unknown`);
  if (!KINDS.includes(fault['kind'] as string)) {
    problems.push(`kind: must be one of ${KINDS.join(', ')}`);
  }
  if (!CATEGORIES.includes(fault['category'])) {
    problems.push(`category: must be one of ${REFUSAL_CATEGORIES.join(', ')}`);
  }
  for (const name of ['key', ...SELECTORS]) {
    if (fault[name] !== undefined && typeof fault[name] !== 'string') {
      problems.push(`${name}: must be a string`);
    }
  }
  for (const [name, min, max] of NUMBERS) {
    const n = fault[name];
    if (n !== undefined && !(typeof n === 'number' && n >= min && n <= max)) {
      problems.push(`${name}: must be a number from ${min} to ${max}`);
    }
  }
  return problems;
}
