/** A minute of hostile input against the real service; a failure names the seed, and the command that repeats it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fuzz } from './fuzz.ts';

const SECONDS = Number(process.env['FUZZ_SECONDS'] ?? 60);

test('fuzz: a minute of hostile clients and upstreams finds nothing', async (t) => {
  const seed = Date.now() % 2 ** 32;
  const { cases, kinds, problems, again } = await fuzz({ seed, seconds: SECONDS, from: 0 });
  t.diagnostic(`seed ${seed}, ${cases} cases: ${JSON.stringify(kinds)}`);
  assert.deepEqual(problems, [], again);
  // A run that plays nothing finds nothing.
  assert(cases >= 300, `${cases} cases`);
  assert(Object.keys(kinds).length >= 10, JSON.stringify(kinds));
});

const DIES = `import { Server } from 'node:http';
const { emit } = Server.prototype;
let requests = 0;
Server.prototype.emit = function (name, ...rest) {
  if (name === 'request' && ++requests === 20) process.exit(3);
  return emit.call(this, name, ...rest);
};`;

test('fuzz: a service that ends is a problem, with its exit code and the command that repeats it', async () => {
  const code = `data:text/javascript,${encodeURIComponent(DIES)}`;
  const env = { NODE_OPTIONS: `--inspect=127.0.0.1:0 --import ${code}` };
  const { problems, again } = await fuzz({ seed: 7, seconds: 60, from: 0, env });
  assert.match(problems.join(), /^the service ended with 3: /);
  assert.equal(again, 'make fuzz SEED=7 FROM=0 SECONDS=1');
});
