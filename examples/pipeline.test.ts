/** The package as another project gets it: from the tarball, on plain Node, without Express or OpenTelemetry. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { readConfig } from '../app/config/config.ts';
import { CALL_DEFAULTS, createClaude } from '../app/library/pipeline.ts';
import { eventually } from '../app/testing/poll.ts';
import { DEFAULT_KEY, type Simulator, startSimulator } from '../loadtest/simulator/server.ts';
import { ROOT } from '../observability/local/paths.ts';
import { useConsumer } from './testing-consumer.ts';

const consumer = useConsumer();
let simulator: Simulator;
before(async () => {
  simulator = await startSimulator();
});
after(() => simulator.close());

test('package: its example gets a whole answer and a stream, though the first attempt is refused', async () => {
  simulator.setFaults([{ kind: 'overloaded' }]);
  const env = { CLAUDE_BASE_URL: simulator.url, CLAUDE_API_KEY: DEFAULT_KEY };
  const running = consumer.it.run('pipeline.ts', env);
  await eventually(() => simulator.requests().length > 0);
  simulator.setFaults([]);
  const printed = await running;
  assert.match(printed, /^200 \{"id":"msg_/);
  assert.match(
    printed,
    /message_start\n[\s\S]*content_block_delta\n[\s\S]*message_stop\nsuccess\n$/,
  );
  const statuses = simulator.requests().map(({ status }) => status);
  assert.equal(statuses[0], 529);
  assert.deepEqual(statuses.slice(-2), [200, 200]);
});

test('package: what it depends on is Trae, undici and two small packages; Express is not among them', () => {
  const { dependencies } = consumer.it.manifest;
  assert.deepEqual(Object.keys(dependencies), ['eventsource-parser', 'pino', 'trae', 'undici']);
  assert(!existsSync(join(consumer.it.folder, 'node_modules/express')));
  assert(!existsSync(join(consumer.it.folder, 'node_modules/@opentelemetry')));
});

test('package: TypeScript checks the example against its declarations, the declarations too', () => {
  const { folder } = consumer.it;
  const options = { strict: true, module: 'nodenext', target: 'es2024', noEmit: true };
  const types = { types: ['node'], typeRoots: [join(ROOT, 'node_modules/@types')] };
  const compilerOptions = { ...options, ...types, allowImportingTsExtensions: true };
  const example = readFileSync(join(ROOT, 'examples/pipeline.ts'), 'utf8');
  const check = (text: string) => {
    writeFileSync(join(folder, 'checked.ts'), text);
    const project = JSON.stringify({ compilerOptions, files: ['checked.ts'] });
    writeFileSync(join(folder, 'tsconfig.json'), project);
    const args = ['-p', folder];
    return spawnSync(join(ROOT, 'node_modules/.bin/tsc'), args, { encoding: 'utf8' });
  };
  const { status, stdout } = check(example);
  assert.equal(status, 0, stdout);
  assert.match(check(example.replace('max_tokens', 'model')).stdout, /error TS1117/);
  assert.match(check(example.replace("keys: 'env", "key: 'env")).stdout, /error TS2/);
});

test('package: the example has the 20 lines that its page promises', () => {
  const text = readFileSync(join(ROOT, 'examples/pipeline.ts'), 'utf8');
  assert(text.trimEnd().split('\n').length <= 20);
});

test('package: its defaults are those of the settings', () => {
  const { calls, keys } = readConfig({});
  const { keyPollMs, ...limits } = CALL_DEFAULTS;
  assert.equal(keys.pollMs, keyPollMs);
  for (const [name, value] of Object.entries(limits)) {
    assert.equal((calls as unknown as Record<string, unknown>)[name], value, name);
  }
});

test('package: keys that are no source are refused, and the text is not repeated', () => {
  const upstreams = [{ name: 'a', url: 'http://127.0.0.1:9', keys: 'sk-ant-a-secret' }];
  assert.throws(
    () => createClaude({ upstreams }),
    (error: Error) => error instanceof TypeError && !error.message.includes('sk-ant'),
  );
});
