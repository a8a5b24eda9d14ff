/** Metrics and log lines about API keys: their state, age and rate limits, and the reads of their sources. */
import type { MetricProducer } from '@opentelemetry/sdk-metrics';
import type { LimitName } from '../anthropic/rate-limits.ts';
import type { Instruments } from './instruments.ts';
import type { Logger } from './logger.ts';
import { METRICS } from './metric-catalogue.ts';
import { createProducer, gauge, type Point } from './produced-gauges.ts';
import { KEY_STATES, type KeyRead, type KeyState } from './vocabulary.ts';

/** The labels that say whose keys they are. */
export type KeyLabels = { readonly upstream: string; readonly caller: string };

/** What metrics show of one key; never the key itself. */
export interface KeyFacts {
  readonly alias: string;
  readonly state: KeyState;
  /** Since this instance first had it, milliseconds. */
  readonly ageMs: number;
  /** The groups of limits that it has been used in; several may be of one family. */
  readonly groups: readonly LimitFacts[];
}

/** What metrics show of one key in one group of limits. */
export interface LimitFacts {
  /** The value of the label `model_family`. */
  readonly family: string;
  /** Whether the key rests for it after a 429. */
  readonly resting: boolean;
  /** Only what the upstream has reported. */
  readonly limits: ReadonlyMap<LimitName, LimitLeft>;
}

interface LimitLeft {
  readonly limit: number;
  readonly remaining: number;
}

/** The keys of one owner. */
export interface OwnedKeys {
  readonly labels: KeyLabels;
  readonly keys: readonly KeyFacts[];
}

/** The points of one key in each of the produced gauges. */
const POINTS: Readonly<
  Record<
    'keyState' | 'keyAge' | 'keyResting' | 'rateLimitRemaining' | 'rateLimitMax',
    (key: KeyFacts) => readonly Point[]
  >
> = {
  keyState: ({ state: current }) =>
    KEY_STATES.map((state) => [Number(state === current), { state }]),
  keyAge: ({ ageMs }) => [[ageMs / 1000, {}]],
  keyResting: ({ groups }) =>
    groups.map(({ family, resting }) => [Number(resting), { model_family: family }]),
  rateLimitRemaining: (key) => limitPoints(key, ({ remaining }) => remaining),
  rateLimitMax: (key) => limitPoints(key, ({ limit }) => limit),
};

function limitPoints({ groups }: KeyFacts, read: (left: LimitLeft) => number): Point[] {
  return groups.flatMap(({ family, limits }) =>
    Array.from(limits, ([limit, left]): Point => [read(left), { model_family: family, limit }]),
  );
}

/**
 * Produces the gauges of the keys that exist at each scrape.
 * @param read returns the keys of every owner; called once a scrape
 * @param now milliseconds since the epoch
 */
export function createKeyProducer(
  read: () => readonly OwnedKeys[],
  now: () => number,
): MetricProducer {
  return createProducer((nowMs) => {
    const owned = read().map(({ labels, keys }) => ({ labels, keys: onePerAlias(keys) }));
    return Object.entries(POINTS).map(([name, pointsOf]) => {
      const points = owned.flatMap(({ labels, keys }) =>
        keys.flatMap((key) =>
          pointsOf(key).map(
            ([value, own]): Point => [value, { ...labels, key: key.alias, ...own }],
          ),
        ),
      );
      return gauge(METRICS[name as keyof typeof POINTS], points, nowMs);
    });
  }, now);
}

/** Several retiring keys can share an alias; two points with the same labels would break a scrape. */
function onePerAlias(keys: readonly KeyFacts[]): readonly KeyFacts[] {
  const byAlias = new Map(keys.map((key) => [key.alias, key]));
  return Array.from(byAlias.values(), (key) => ({ ...key, groups: onePerFamily(key.groups) }));
}

/** Of the groups of one family, which is `other`, the one that is worst off is shown. */
function onePerFamily(groups: readonly LimitFacts[]): readonly LimitFacts[] {
  const byFamily = new Map<string, LimitFacts>();
  for (const group of groups) {
    const known = byFamily.get(group.family);
    byFamily.set(group.family, known ? worse(known, group) : group);
  }
  return [...byFamily.values()];
}

function worse(a: LimitFacts, b: LimitFacts): LimitFacts {
  const limits = new Map(a.limits);
  for (const [name, left] of b.limits) {
    const known = limits.get(name);
    if (!known || left.remaining * known.limit < known.remaining * left.limit) {
      limits.set(name, left);
    }
  }
  return { family: a.family, resting: a.resting || b.resting, limits };
}

/** @returns a function that counts each read of a key source, and logs failures, recoveries and changed keys */
export function createReadObserver(
  instruments: Pick<Instruments, 'keySourceUp' | 'keySourceFailures' | 'keyRotations'>,
  logger: Logger,
): (labels: KeyLabels, read: KeyRead) => void {
  const failing = new Set<string>();
  return (labels, read) => {
    const { source } = read;
    const id = `${labels.upstream} ${labels.caller} ${source}`;
    instruments.keySourceUp.record(Number(read.ok), labels);
    if (!read.ok) {
      const { failure: reason, error } = read;
      instruments.keySourceFailures.add(1, { ...labels, reason });
      logger.error({ ...labels, source, reason, problem: error.message }, 'keys could not be read');
      failing.add(id);
      return;
    }
    if (read.changed) {
      instruments.keyRotations.add(1, labels);
      logger.info({ ...labels, source }, 'keys have changed');
    }
    if (failing.delete(id)) logger.info({ ...labels, source }, 'keys can be read again');
  };
}
