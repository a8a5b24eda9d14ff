/** Faults that are switched on at run time, and the count of how often each has bitten. */

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
] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

/** What goes wrong, for whom and how often. */
export interface Fault {
  readonly kind: FaultKind;
  /** Share of the requests that fit, 0 to 1; default 1. */
  readonly probability?: number;
  /** Only in this region: the one in `/regions/{region}/v1/…`; plain paths are `default`. */
  readonly region?: string;
  /** Only with this key, whole or as it is shown masked. */
  readonly key?: string;
  /** For `rate_limited`; default 1, seconds. */
  readonly retryAfterS?: number;
  /** For `slow`; default 2,000, milliseconds. */
  readonly delayMs?: number;
  /** For those of streams: after how many chunks of content; default 1. */
  readonly afterChunks?: number;
}

/** A fault as it is shown. */
export type ActiveFault = Fault & { readonly bitten: number };

/** Whom a request comes from, as far as a fault looks at it. */
export interface Target {
  readonly region: string;
  readonly key: string;
  readonly maskedKey: string;
  readonly stream: boolean;
}

const STREAM_ONLY: ReadonlySet<FaultKind> = new Set(['stream_error', 'stream_cut', 'stream_hang']);

export interface FaultBox {
  set(faults: readonly Fault[]): void;
  list(): ActiveFault[];
  /** The first fault that fits and that the dice choose; it counts as bitten. */
  pick(target: Target): Fault | undefined;
}

/** @param random 0 inclusive to 1 exclusive */
export function createFaultBox(random: () => number): FaultBox {
  let active: { fault: Fault; bitten: number }[] = [];
  return {
    set(faults) {
      active = faults.map((fault) => ({ fault, bitten: 0 }));
    },
    list: () => active.map(({ fault, bitten }) => ({ ...fault, bitten })),
    pick(target) {
      for (const entry of active) {
        if (!fits(entry.fault, target) || random() >= (entry.fault.probability ?? 1)) continue;
        entry.bitten += 1;
        return entry.fault;
      }
      return undefined;
    },
  };
}

function fits(fault: Fault, { region, key, maskedKey, stream }: Target): boolean {
  if (STREAM_ONLY.has(fault.kind) && !stream) return false;
  if (fault.region !== undefined && fault.region !== region) return false;
  return fault.key === undefined || fault.key === key || fault.key === maskedKey;
}

const NUMBERS: readonly [name: keyof Fault, min: number, max: number][] = [
  ['probability', 0, 1],
  ['retryAfterS', 0, 3_600],
  ['delayMs', 0, 600_000],
  ['afterChunks', 0, 1_000],
];
const NAMES: ReadonlySet<string> = new Set([
  'kind',
  'region',
  'key',
  ...NUMBERS.map(([name]) => name),
]);

/**
 * Checks faults from outside.
 * @throws {TypeError} with one line a problem
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
  if (!FAULT_KINDS.includes(fault['kind'] as FaultKind)) {
    problems.push(`kind: must be one of ${FAULT_KINDS.join(', ')}`);
  }
  for (const name of ['region', 'key']) {
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
