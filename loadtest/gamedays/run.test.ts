/** `make gameday` knows its faults. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ROOT } from '../../observability/local/paths.ts';
import { execute } from '../../observability/local/testing-stack.ts';
import { GAME_DAYS } from './days/all.ts';

for (const fault of ['no_such_fault', '']) {
  test(`make gameday: FAULT=${JSON.stringify(fault)} lists all of them and exits 78, before any tool is fetched`, async () => {
    const env = { ...process.env, FAULT: fault, NODE_TEST_CONTEXT: undefined };
    const { code, output } = await execute(
      process.execPath,
      [`${ROOT}/loadtest/gamedays/run.ts`],
      env,
    );
    assert.equal(code, 78);
    assert(output.startsWith(`There is no game day ${JSON.stringify(fault)}.`), output);
    for (const { name } of GAME_DAYS) assert.match(output, new RegExp(`^ {2}${name} `, 'm'));
  });
}
