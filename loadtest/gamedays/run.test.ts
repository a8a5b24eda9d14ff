/** `make gameday` knows its faults and its options, and refuses others before any tool is fetched. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ROOT } from '../../observability/local/paths.ts';
import { execute } from '../../observability/local/testing-stack.ts';
import { GAME_DAYS } from './days/all.ts';

function run(settings: Readonly<Record<string, string>>, ...args: readonly string[]) {
  const env = { ...process.env, ...settings, NODE_TEST_CONTEXT: undefined };
  return execute(process.execPath, [`${ROOT}/loadtest/gamedays/run.ts`, ...args], env);
}

for (const fault of ['no_such_fault', '']) {
  test(`make gameday: FAULT=${JSON.stringify(fault)} lists all of them and exits 78`, async () => {
    const { code, output } = await run({ FAULT: fault });
    assert.equal(code, 78);
    assert(output.startsWith(`There is no game day ${JSON.stringify(fault)}.`), output);
    for (const { name } of GAME_DAYS) assert.match(output, new RegExp(`^ {2}${name} `, 'm'));
  });
}

test('make gameday: a fault given as an argument is refused, and not taken for all of them', async () => {
  assert.deepEqual(await run({}, 'key_rejected'), {
    code: 78,
    output: 'A game day is named by FAULT=…, not by an argument ("key_rejected").\n',
  });
});

for (const [RESUME, FAULT, says] of [
  ['yes', undefined, 'RESUME is 1 or not set, not "yes".\n'],
  ['', undefined, 'RESUME is 1 or not set, not "".\n'],
  ['1', 'key_rejected', 'RESUME goes on with a run of all, and FAULT asks for one of them.\n'],
] as const) {
  test(`make gameday: RESUME=${RESUME}${FAULT ? ` FAULT=${FAULT}` : ''} is refused with 78`, async () => {
    const { code, output } = await run({ RESUME, ...(FAULT && { FAULT }) });
    assert.deepEqual({ code, output }, { code: 78, output: says });
  });
}
