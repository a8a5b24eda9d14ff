/** The package as another project gets it: from the tarball, on plain Node, without Express or OpenTelemetry. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { pack } from '../.ci/pack.ts';
import { readConfig } from '../app/config/config.ts';
import { CALL_DEFAULTS } from '../app/library/pipeline.ts';
import { eventually } from '../app/testing/poll.ts';
import { DEFAULT_KEY, type Simulator, startSimulator } from '../loadtest/simulator/server.ts';
import { ROOT } from '../observability/local/paths.ts';
import { useConsumer } from './testing-consumer.ts';

const consumer = useConsumer(['@anthropic-ai/sdk']);
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
  const example = readFileSync(join(ROOT, 'examples/pipeline.ts'), 'utf8');
  assert.equal(consumer.it.typeErrors(example), '');
  const misspelt = example.replace("keys: 'env", "key: 'env");
  assert.match(consumer.it.typeErrors(misspelt), /error TS2/);
});

test('package: the parameters of the official SDK are a body, with its own types', () => {
  const migrated = `
    import type Anthropic from '@anthropic-ai/sdk';
    import type { Claude } from 'claude-observatory/pipeline';
    export const ask = (claude: Claude, params: Anthropic.MessageCreateParams) => claude.messages(params);
    export const count = (claude: Claude, params: Anthropic.MessageCountTokensParams) =>
      claude.countTokens(params);
  `;
  assert.equal(consumer.it.typeErrors(migrated), '');
});

test('package: a CommonJS project requires it', () => {
  const program = "console.log(typeof require('claude-observatory/pipeline').createClaude)";
  const args = ['--input-type=commonjs', '-e', program];
  const { folder } = consumer.it;
  assert.equal(
    execFileSync(process.execPath, args, { cwd: folder, encoding: 'utf8' }),
    'function\n',
  );
});

test('package: the same source gives the same tarball, byte for byte', () => {
  const [first, second] = ['first', 'second'].map((name) =>
    readFileSync(pack(join(consumer.it.folder, name))),
  );
  assert(first?.equals(second ?? Buffer.of()));
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
