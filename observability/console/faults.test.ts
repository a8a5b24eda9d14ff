/** The switches of the console, against a real simulator. */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { checkFaults } from '../../loadtest/simulator/faults.ts';
import { startSimulator } from '../../loadtest/simulator/server.ts';
import { ROOT } from '../local/paths.ts';
import { readRuleFiles, rulesOf } from '../prometheus/check/rule-files.ts';
import { clearFaults, faultsData, SWITCHES, setFaults } from './faults.ts';
import { closeAfterwards, partAt } from './testing-console.ts';

async function start() {
  const simulator = await startSimulator();
  closeAfterwards(() => simulator.close());
  return { simulator, parts: { simulator: partAt(simulator.url) } };
}

const FOREIGN = { kind: 'slow', delayMs: 5 } as const;
const onOf = ({ switches }: { switches: readonly { name: string; isOn: boolean }[] }) =>
  switches.filter(({ isOn }) => isOn).map(({ name }) => name);

describe('every switch', () => {
  const alerts = new Set(
    readRuleFiles()
      .flatMap(rulesOf)
      .map(({ alert }) => alert),
  );
  for (const { name, faults, expected } of SWITCHES) {
    test(`${name} has faults that the simulator takes, and alerts that exist and have runbooks`, () => {
      assert.deepEqual(checkFaults(faults), faults);
      assert(expected.length > 0);
      for (const { alert } of expected) {
        assert(alerts.has(alert), alert);
        assert(existsSync(join(ROOT, `observability/runbooks/${alert}.md`)), alert);
      }
    });
  }
});

test('switches: those that are named are on, all others off, and faults of others stay', async () => {
  const { simulator, parts } = await start();
  simulator.setFaults([FOREIGN]);
  const two = await setFaults(parts, { on: ['upstream_down', 'streams_cut'] });
  assert.deepEqual(onOf(two).toSorted(), ['streams_cut', 'upstream_down']);
  const one = await setFaults(parts, { on: ['streams_cut'] });
  assert.deepEqual(onOf(one), ['streams_cut']);
  assert.deepEqual(one.others, [FOREIGN]);
  assert.deepEqual(onOf(await faultsData(parts)), ['streams_cut']);
});

test('switches: a fault that has hit something is still known as on', async () => {
  const { simulator, parts } = await start();
  await setFaults(parts, { on: ['account_on_hold'] });
  await fetch(`${simulator.url}/v1/models`, { headers: { 'x-api-key': 'sim-key-for-local-use' } });
  assert.deepEqual(onOf(await faultsData(parts)), ['account_on_hold']);
});

test('switches: all faults can be taken back, whoever has set them', async () => {
  const { simulator, parts } = await start();
  simulator.setFaults([FOREIGN]);
  await setFaults(parts, { on: ['upstream_down'] });
  assert.deepEqual((await clearFaults(parts)).others, []);
  assert.deepEqual(onOf(await faultsData(parts)), []);
});

test('switches: an unknown name changes nothing', async () => {
  const { parts } = await start();
  await setFaults(parts, { on: ['upstream_down'] });
  await assert.rejects(setFaults(parts, { on: ['__proto__'] }), { status: 404 });
  assert.deepEqual(onOf(await faultsData(parts)), ['upstream_down']);
});
