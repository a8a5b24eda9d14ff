/** For tests of the page: a result whose figures are round numbers. */
import { PAIRS, type Pairs, type PairVisit, type TurnFigures } from './pairs/pairs.ts';
import type { Result } from './result.ts';
import { DIRECT } from './rounds.ts';
import type { StreamFigures } from './stream-reader.ts';
import { SUBJECTS } from './subjects.ts';
import type { SeriesFigures, Visit } from './visit.ts';

/** What a subject does in every series. */
export interface Behaviour {
  readonly perSecond: number;
  readonly cpuUs: number;
  readonly p99Ms: number;
  readonly invalid?: string;
  /** Without one it is measured in no stream. */
  readonly gapP99Ms?: number;
}

const MB = 1_000_000;

function series({ perSecond, cpuUs, p99Ms, invalid = '' }: Behaviour, slower: number) {
  return {
    requests: perSecond,
    perSecond: perSecond / slower,
    p50Ms: p99Ms / 2,
    p99Ms,
    invalid,
    cpuUs,
    busy: 1,
    peakBytes: 200 * MB,
    endToMiddle: 1,
  } satisfies SeriesFigures;
}

const streams = (gapP99Ms: number): StreamFigures => ({
  streams: 100,
  firstP50Ms: 1,
  firstP99Ms: 2,
  gapP50Ms: 20,
  gapP99Ms,
  framesLost: 0,
  broken: 0,
});

function visit(subject: string, round: number, behaviour: Behaviour): Visit {
  const measured = series(behaviour, 1 + round / 10);
  const held = behaviour.gapP99Ms === undefined ? undefined : streams(behaviour.gapP99Ms);
  return {
    subject,
    round,
    startMs: 500,
    idleBytes: 100 * MB,
    ...(round === 1 && { recoveredBytes: 150 * MB }),
    series: { c1: measured, c32: measured, c128: measured },
    streams: held ? { first: held, 'held 100': held, 'held 500': held } : {},
  };
}

function pairsOf(behaviours: Readonly<Record<string, Behaviour>>): Pairs {
  const turns = (name: string, slower: number): TurnFigures => {
    const { perSecond, cpuUs, invalid = '' } = behaviours[name] as Behaviour;
    return { perSecond: perSecond / slower, cpuUs: cpuUs * slower, invalid };
  };
  const visits = PAIRS.filter((pair) => pair.every((name) => name in behaviours)).flatMap((pair) =>
    [1, 1.5].map((slower, round): PairVisit => {
      return { pair, round, figures: [turns(pair[0], slower), turns(pair[1], slower)] };
    }),
  );
  return {
    date: '2026-11-26T08:40:00.000Z',
    ...{ seconds: 600, rounds: 2, turns: 20, cpu: 'A <fast> CPU', failed: [], visits },
  };
}

/** Two rounds, of which the second is slower for everybody. */
export function resultOf(behaviours: Readonly<Record<string, Behaviour>>): Result {
  const direct: Behaviour = { perSecond: 30_000, cpuUs: 10, p99Ms: 1, gapP99Ms: 21 };
  const all = Object.entries({ [DIRECT]: direct, ...behaviours });
  return {
    date: '2026-11-26T07:40:00.000Z',
    machine: { cpu: 'A <fast> CPU', cores: 2, memoryBytes: 24 * 1024 ** 3, kernel: '6.1' },
    versions: { node: '24.21.0' },
    options: {
      subjects: undefined,
      rounds: 2,
      seconds: 3,
      warmUp: { calls: 100_000, seconds: 20, streams: 2 },
      pairsOnly: false,
      quick: false,
    },
    pairs: pairsOf(behaviours),
    pinning: 'The thing under test has core 0; generator, upstream and receivers share core 1.',
    seconds: 1_200,
    subjects: SUBJECTS.filter(({ name }) => name in behaviours).map(({ name, label, kind }) => ({
      name,
      label,
      kind,
      version: `${name} 1.0.0`,
    })),
    notMeasured: [{ name: 'Bifrost', reason: 'it cannot be fetched' }],
    visits: all.flatMap(([name, behaviour]) => [0, 1].map((r) => visit(name, r, behaviour))),
    stages: {
      whole: { median: 6, least: 5, most: 7 },
      stages: [
        { stage: 'retry', optional: false, cpuUs: { median: 0.5, least: 0.4, most: 0.6 } },
        { stage: 'pseudonymize', optional: true, cpuUs: { median: 5, least: 4, most: 6 } },
      ],
    },
    scale: {
      volume: { series: 300, traceBytes: 2_000, logBytes: 500 },
      runs: [
        { figures: series(behaviours['traces-10'] ?? direct, 1), counted: [6_500] },
        { figures: series(behaviours['traces-10'] ?? direct, 1), counted: [3_200, 3_300] },
      ],
    },
    article: [
      {
        client: 'Trae',
        version: '1.4.2',
        hooks: true,
        around: false,
        again: false,
        types: false,
        connectionsOfTwo: 8,
        connectionsInTurn: 2,
        installedBytes: 1_670_696,
        minifiedBytes: 323_948,
      },
    ],
  };
}

/** Everything on reaches its aim in throughput, and misses it in latency. */
export const BEHAVIOURS = {
  express: { perSecond: 10_000, cpuUs: 80, p99Ms: 2, gapP99Ms: 30 },
  off: { perSecond: 8_000, cpuUs: 100, p99Ms: 2.5, gapP99Ms: 30 },
  metrics: { perSecond: 7_500, cpuUs: 110, p99Ms: 2.6 },
  logs: { perSecond: 7_000, cpuUs: 115, p99Ms: 2.7 },
  'traces-10': { perSecond: 6_500, cpuUs: 125, p99Ms: 3, gapP99Ms: 45 },
  'traces-100': { perSecond: 4_000, cpuUs: 200, p99Ms: 4 },
  trae: { perSecond: 3_000, cpuUs: 300, p99Ms: 3 },
  sdk: { perSecond: 3_000, cpuUs: 300, p99Ms: 3 },
  litellm: { perSecond: 90, cpuUs: 10_000, p99Ms: 20, invalid: '7 × status' },
} as const satisfies Readonly<Record<string, Behaviour>>;
