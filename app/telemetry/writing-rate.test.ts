import assert from 'node:assert/strict';
import { test } from 'node:test';
import { WritingRate } from './writing-rate.ts';

type Piece = readonly [atMs: number, characters: number, run?: number];

function rateOf(pieces: readonly Piece[], tokens: number | undefined): number | undefined {
  const rate = new WritingRate();
  for (const [atMs, characters, run = 0] of pieces) rate.add(atMs, characters, run);
  return rate.perSecond(tokens);
}

/** A piece of 100 characters each second. */
const STEADY: readonly Piece[] = [
  [10_000, 100],
  [11_000, 100],
  [12_000, 100],
];

const CASES: readonly [
  name: string,
  pieces: readonly Piece[],
  tokens: number | undefined,
  rate: number | undefined,
][] = [
  ['the first piece was written before the time that is measured', STEADY, 120, 40],
  ['thinking is no part of it', [[0, 0], [9_000, 0], ...STEADY, [99_000, 0]], 120, 40],
  [
    'what was done between two runs takes no time',
    [...STEADY, [50_000, 100, 1], [51_000, 100, 1]],
    200,
    40,
  ],
  [
    'a burst that came first is not divided by the time after it',
    [
      [0, 10_000],
      [1_000, 100],
    ],
    4_040,
    40,
  ],
  [
    'the least that is rated',
    [
      [0, 25],
      [100, 25],
    ],
    20,
    100,
  ],
  [
    'fewer tokens are not',
    [
      [0, 25],
      [100, 25],
    ],
    19,
    undefined,
  ],
  [
    'less time is not',
    [
      [0, 2_500],
      [99, 2_500],
    ],
    2_000,
    undefined,
  ],
  ['one piece is not', [[0, 2_500]], 1_000, undefined],
  ['nothing is not', [], 0, undefined],
  ['nor are tokens that nobody reported', STEADY, undefined, undefined],
  ['two tokens a character are possible', STEADY, 600, 200],
  ['more were never streamed', STEADY, 601, undefined],
];
for (const [name, pieces, tokens, rate] of CASES) {
  test(`WritingRate: ${name}`, () => assert.equal(rateOf(pieces, tokens), rate));
}
