/** `make gameday` knows its faults. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ROOT } from '../../observability/local/paths.ts';
import { execute } from '../../observability/local/testing-stack.ts';
import { GAME_DAYS } from './days/all.ts';

test('make gameday: an unknown FAULT lists all of them and exits 78', async () => {
  const env = { ...process.env, FAULT: 'no_such_fault', NODE_TEST_CONTEXT: undefined };
  const { code, output } = await execute(
    process.execPath,
    [`${ROOT}/loadtest/gamedays/run.ts`],
    env,
  );
  assert.equal(code, 78);
  for (const { name } of GAME_DAYS) assert.match(output, new RegExp(`^ {2}${name} `, 'm'));
});
