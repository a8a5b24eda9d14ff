/** A minute of hostile input against the real service; a failure names the seed, and the command that repeats it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuzz } from './fuzz.ts';

const SECONDS = Number(process.env['FUZZ_SECONDS'] ?? 60);

test('fuzz: a minute of hostile clients and upstreams finds nothing', async (t) => {
  const seed = Date.now() % 2 ** 32;
  const { cases, kinds, problems, failedFrom } = await fuzz({ seed, seconds: SECONDS, from: 0 });
  t.diagnostic(`seed ${seed}, ${cases} cases: ${JSON.stringify(kinds)}`);
  const again = `make fuzz SEED=${seed} FROM=${failedFrom ?? 0}`;
  assert.deepEqual(problems, [], again);
  // A run that plays nothing finds nothing.
  assert(cases >= 300, `${cases} cases`);
  assert(Object.keys(kinds).length >= 10, JSON.stringify(kinds));
});
