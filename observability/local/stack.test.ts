/** `make up` reports why it cannot start anything. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { ROOT } from './paths.ts';

const directory = mkdtempSync(join(tmpdir(), 'observatory-stack-'));
const RUN_DIR = join(directory, 'run');
const ENV_FILE = join(directory, 'env');
const otherProgram = createServer();
let taken: number;

before(async () => {
  otherProgram.listen(0, '127.0.0.1');
  await once(otherProgram, 'listening');
  taken = (otherProgram.address() as AddressInfo).port;
});
after(() => {
  otherProgram.close();
  rmSync(directory, { recursive: true });
});

/** Runs `up` with this `.env` and these shell variables; it must fail and start nothing. */
async function failingUp(envFile: string, shell: Record<string, string>): Promise<string> {
  writeFileSync(ENV_FILE, envFile);
  const env = { PATH: process.env['PATH'], RUN_DIR, ENV_FILE, STACK: 'processes', ...shell };
  const args = ['observability/local/stack.ts', 'up'];
  const { promise, resolve } = Promise.withResolvers<[number | undefined, string]>();
  execFile(process.execPath, args, { cwd: ROOT, env }, (error, stdout, stderr) =>
    resolve([Number(error?.code ?? 0), stdout + stderr]),
  );
  const [code, output] = await promise;
  assert.equal(code, 1, output);
  assert(output.includes('Nothing was started.'), output);
  assert.equal(existsSync(RUN_DIR), false, 'a run folder was made');
  return output;
}

test('make up: a taken port is reported with its component and the variable that changes it', async () => {
  const output = await failingUp('', { METRICS_PORT: String(taken) });
  const line = new RegExp(
    `^service: port ${taken} is taken; choose another: make up METRICS_PORT=(\\d+)$`,
    'm',
  );
  assert.notEqual(Number(line.exec(output)?.[1] ?? assert.fail(output)), taken);
});

test('make up: .env sets a port', async () => {
  const output = await failingUp(`PROMETHEUS_PORT=${taken}\n`, {});
  assert(output.includes(`prometheus: port ${taken} is taken`), output);
});

test('make up: the shell wins over .env', async () => {
  const output = await failingUp('PORT=1\n', { PORT: String(taken) });
  assert(output.includes(`service: port ${taken} is taken`), output);
});

test('make up: a value that is no port is reported before anything is tried', async () => {
  const output = await failingUp('', { PORT: 'http', OTLP_PORT: '70000' });
  assert.match(output, /^PORT is no port.*\nOTLP_PORT is no port/m);
});

test('make up: an unknown STACK is reported with the known ones', async () => {
  const output = await failingUp('', { STACK: 'podman' });
  assert(output.includes('STACK must be compose or processes'), output);
});
