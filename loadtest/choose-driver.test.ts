/** Which driver is taken, by the stack, the addresses and the k6 that is there: a stand-in that tells its version. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { DEFAULT_PORTS } from '../observability/local/components.ts';
import { chooseDriver } from './choose-driver.ts';
import { readLoadSettings } from './scenarios/settings.ts';

const folder = mkdtempSync(join(tmpdir(), 'observatory-choose-'));
after(() => rmSync(folder, { recursive: true }));

function k6(says: string): string {
  const program = join(folder, 'k6');
  writeFileSync(program, `#!/bin/sh\necho '${says}'\n`, { mode: 0o755 });
  return program;
}

function stack(mode?: 'compose' | 'processes') {
  const running = mode && { mode, ports: DEFAULT_PORTS, simulator: true };
  return { ports: DEFAULT_PORTS, running };
}

function load(env: Record<string, string> = {}) {
  const read = readLoadSettings(env);
  assert(read.ok, JSON.stringify(read));
  return read.settings;
}

// One that is not taken, whatever this machine has.
const OLD_K6 = k6.bind(undefined, 'k6 v1.9.0 (go1.25, linux/amd64)');

for (const says of ['k6 v2.3.0 (go1.26, linux/amd64)', 'k6 v2.0.0-rc1', 'k6.exe v2.4.1 (x)']) {
  test(`chooseDriver: a program that says ${says} is taken`, () => {
    const driver = chooseDriver(load(), stack('compose'), k6(says));
    assert.deepEqual([driver.name, driver.program, driver.notes], ['k6', join(folder, 'k6'), []]);
  });
}

for (const says of ['k6 v1.4.2 (go1.25)', 'k6 v0.58.0', 'k6 v20.0.0', 'something else', '']) {
  test(`chooseDriver: a program that says "${says}" is not taken, and that is said`, () => {
    const driver = chooseDriver(load(), stack(), k6(says));
    assert.equal(driver.name, 'node');
    assert.match(driver.notes.join('\n'), /k6 is not taken: it .*, and the script needs v2/);
    assert.match(driver.notes.join('\n'), /make k6/);
  });
}

test('chooseDriver: a program that cannot be run is taken, so that the run says so', () => {
  assert.equal(chooseDriver(load(), stack(), join(folder, 'nothing')).name, 'k6');
});

for (const TARGET of ['', 'http://127.0.0.1:8080', 'http://localhost:8080', 'http://[::1]:8080']) {
  test(`chooseDriver: in its container k6 knows the service of the stack (${TARGET || 'no TARGET'}) by name`, () => {
    const simulator = { SIMULATOR: 'http://localhost:8081' };
    const driver = chooseDriver(
      load(TARGET ? { TARGET, ...simulator } : {}),
      stack('compose'),
      OLD_K6(),
    );
    assert.deepEqual(driver.addresses, { TARGET: '', SIMULATOR: '' });
  });
}

for (const TARGET of [
  'http://127.0.0.1:9999',
  'http://localhost:8080/claude',
  'http://[::1]',
  'http://0.0.0.0:1',
]) {
  test(`chooseDriver: the container of k6 cannot reach ${TARGET}, so the driver in Node is taken, which is said`, () => {
    const driver = chooseDriver(load({ TARGET }), stack('compose'), OLD_K6());
    assert.equal(driver.name, 'node');
    assert.match(driver.notes.join('\n'), /would be the container itself/);
  });
}

test('chooseDriver: the container reaches other machines by their addresses', () => {
  const TARGET = 'http://10.0.0.5:8080';
  const driver = chooseDriver(load({ TARGET }), stack('compose'), OLD_K6());
  assert.deepEqual([driver.name, driver.addresses?.['TARGET']], ['k6', TARGET]);
});

test('chooseDriver: a simulator that the container cannot reach matters where there are faults', () => {
  const env = { TARGET: 'http://10.0.0.5:8080', SIMULATOR: 'http://127.0.0.1:9999' };
  assert.equal(chooseDriver(load(env), stack('compose'), OLD_K6()).name, 'k6');
  const chaos = load({ ...env, SCENARIO: 'chaos' });
  assert.equal(chooseDriver(chaos, stack('compose'), OLD_K6()).name, 'node');
});
