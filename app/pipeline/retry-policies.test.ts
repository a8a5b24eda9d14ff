/** Measures what policies of retrying do at each share of failing attempts; docs/upstreams.md has the table. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { aRequest, aResponse, fakeClock } from '../testing/fakes.ts';
import { RETRY_BUDGET_DEFAULTS, RetryBudget } from '../upstreams/retry-budget.ts';
import { BACKOFF_DEFAULTS, retry } from './retry.ts';

const CALLS = 20_000;
const SHARES = [0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 1];

/** A tenth of a retry for each success, and ten at the most: the policy of earlier releases. */
class ShareOfSuccesses extends RetryBudget {
  override giveBack(): void {
    super.giveBack(0.1);
  }
}

const POLICIES: readonly [name: string, maxRetries: number, budget: () => RetryBudget][] = [
  ['none', 0, () => new RetryBudget(RETRY_BUDGET_DEFAULTS)],
  [
    'a tenth of the successes, 2 retries',
    2,
    () => new ShareOfSuccesses({ capacity: 10, earned: 0.1 }),
  ],
  ['token bucket, 2 retries', 2, () => new RetryBudget(RETRY_BUDGET_DEFAULTS)],
  ['**token bucket, 3 retries**', 3, () => new RetryBudget(RETRY_BUDGET_DEFAULTS)],
];

/** The same sequence in each run: https://en.wikipedia.org/wiki/Lehmer_random_number_generator */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 48_271) % 2_147_483_647;
    return state / 2_147_483_647;
  };
}

async function measure(maxRetries: number, budget: RetryBudget, share: number) {
  const random = seeded(7);
  const stage = retry(
    { ...BACKOFF_DEFAULTS, maxRetries },
    { clock: fakeClock(), random: () => 0, budget },
  );
  const [good, bad] = [aResponse(200), aResponse(529)];
  let attempts = 0;
  let succeeded = 0;
  const next = async () => {
    attempts += 1;
    return random() < share ? bad : good;
  };
  for (let i = 0; i < CALLS; i++) {
    const { status } = await stage(aRequest(), next);
    if (status === 200) succeeded += 1;
  }
  const percent = ((succeeded / CALLS) * 100).toFixed(2);
  return { percent, attempts: (attempts / CALLS).toFixed(share === 1 ? 3 : 2) };
}

test('retry policies: the table in docs/upstreams.md is what the code does', async () => {
  const docs = readFileSync(new URL('../../docs/upstreams.md', import.meta.url), 'utf8');
  const rows = docs
    .split('\n')
    .map((line) => line.split('|').map((cell) => cell.trim()))
    .map((cells) => cells.slice(1, -1));
  for (const [name, maxRetries, budget] of POLICIES) {
    const cells = [name];
    for (const share of SHARES) {
      const { percent, attempts } = await measure(maxRetries, budget(), share);
      cells.push(`${percent} / ${attempts}`);
    }
    const documented = rows.find(([first]) => first === name);
    assert.deepEqual(documented, cells, `the row should be: | ${cells.join(' | ')} |`);
  }
});
