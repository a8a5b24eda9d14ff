import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { test } from 'node:test';
import { ConfigError, envSchema, readConfig } from './config.ts';

test('an empty environment gives the documented defaults', () => {
  const config = readConfig({});
  assert.equal(config.PORT, 8080);
  assert.equal(config.HOST, '127.0.0.1');
  assert.equal(config.METRICS_PORT, 9464);
  assert.equal(config.CLAUDE_BASE_URL, 'https://api.anthropic.com');
  assert.equal(config.CLAUDE_API_KEY, undefined);
  assert.equal(config.TRUST_INBOUND_TRACE, false);
});

test('an empty value counts as not set', () => {
  assert.equal(readConfig({ PORT: '', CLAUDE_API_KEY: '' }).PORT, 8080);
});

const BAD: readonly [name: string, value: string][] = [
  ['PORT', '70000'],
  ['PORT', 'http'],
  ['METRICS_PORT', '-1'],
  ['CLAUDE_BASE_URL', 'ftp://example.org'],
  ['CLAUDE_BASE_URL', 'https://user:secret@example.org'],
  ['CLAUDE_API_KEY', 'has a space in it'],
  ['CLAUDE_API_KEY', 'line\nbreak-in-key'],
  ['LOG_LEVEL', 'loud'],
  ['TRUST_INBOUND_TRACE', 'yes'],
  ['OTEL_TRACES_SAMPLER', 'sometimes'],
  ['OTEL_TRACES_SAMPLER_ARG', '10%'],
  ['OTEL_TRACES_SAMPLER_ARG', '1.5'],
  ['ATTEMPT_TIMEOUT_MS', '0'],
  ['RETRY_MAX', '1.5'],
  ['CLAUDE_MODELS', 'a,,b'],
];

for (const [name, value] of BAD) {
  test(`${name}=${JSON.stringify(value)} is refused by name`, () => {
    assert.throws(
      () => readConfig({ [name]: value }),
      (error) =>
        error instanceof ConfigError && error.problems.some((p) => p.startsWith(`${name}:`)),
    );
  });
}

test('every bad key is listed at once, and no value of a secret', () => {
  const secret = 'sk-ant-planted secret';
  assert.throws(
    () => readConfig({ PORT: 'x', LOG_LEVEL: 'x', CLAUDE_API_KEY: secret }),
    (error) => {
      assert(error instanceof ConfigError);
      assert.deepEqual(error.problems.map((p) => p.split(':')[0]).sort(), [
        'CLAUDE_API_KEY',
        'LOG_LEVEL',
        'PORT',
      ]);
      assert(!error.message.includes('planted'));
      return true;
    },
  );
});

test('.env.example names every setting with its default, and nothing else of the service', async () => {
  const file = await readFile(new URL('../../.env.example', import.meta.url), 'utf8');
  const [example = ''] = file.split('# --- The local stack');
  const written = [...example.matchAll(/^#([A-Z_]+)=(.*)$/gm)].map(([, key, value]) => [
    key,
    value,
  ]);
  const defaults = Object.entries(readConfig({})).map(([key, value]) => [key, String(value)]);
  const expected = Object.keys(envSchema.shape).map((key) => [
    key,
    defaults.find(([name]) => name === key)?.[1] ?? '',
  ]);
  assert.deepEqual(written, expected);
});

test('one upstream by default, several as JSON, each with the key that it names', () => {
  const [one] = readConfig({ CLAUDE_API_KEY: 'sk-the-first' }).upstreams;
  assert.equal(one?.name, 'anthropic');
  assert.deepEqual(one.keys, { kind: 'env', name: 'CLAUDE_API_KEY', value: 'sk-the-first' });
  const { upstreams } = readConfig({
    CLAUDE_API_KEY: 'sk-the-first',
    EU_KEY: 'sk-the-second',
    CLAUDE_UPSTREAMS: JSON.stringify([
      { name: 'us', url: 'https://us.example' },
      {
        name: 'eu',
        url: 'https://eu.example/x',
        priority: 1,
        keys: 'env:EU_KEY',
        models: { a: 'b' },
      },
    ]),
  });
  assert.deepEqual(
    upstreams.map(({ name, keys, priority, weight }) => [name, keys.name, priority, weight]),
    [
      ['us', 'CLAUDE_API_KEY', 0, 1],
      ['eu', 'EU_KEY', 1, 1],
    ],
  );
});

test('keys are where the settings say', () => {
  for (const [source = '', kind, name] of [
    ['file:/run/secrets/claude', 'file', '/run/secrets/claude'],
    ['vault:secret/team/claude', 'vault', 'secret/team/claude'],
    ['aws:prod/claude-key', 'aws', 'prod/claude-key'],
  ]) {
    const [one] = readConfig({ CLAUDE_KEYS: source }).upstreams;
    assert.deepEqual(one?.keys, { kind, name });
  }
  for (const bad of ['sk-ant-a-key', 'env:lower', 'file:relative', 'vault:secret', 'aws:']) {
    assert.throws(() => readConfig({ CLAUDE_KEYS: bad }), /CLAUDE_KEYS: must be env:NAME/, bad);
  }
});

const US = { name: 'us', url: 'https://us.example' };
const BAD_UPSTREAMS: readonly [why: string, value: string][] = [
  ['no JSON', '{'],
  ['none', '[]'],
  ['no list', '{}'],
  ['a name that is no label', JSON.stringify([{ ...US, name: 'US East' }])],
  ['two of one name', JSON.stringify([US, US])],
  ['a password in the address', JSON.stringify([{ ...US, url: 'https://u:p@us.example' }])],
  ['an unknown field', JSON.stringify([{ ...US, key: 'sk-not-here' }])],
  ['a header of ours', JSON.stringify([{ ...US, headers: { 'x-api-key': 'sk-not-here' } }])],
  ['a broken header', JSON.stringify([{ ...US, headers: { 'x-a': 'b\r\nc: d' } }])],
  ['a key that is not set', JSON.stringify([{ ...US, keys: 'env:NOT_SET' }])],
];
for (const [why, value] of BAD_UPSTREAMS) {
  test(`CLAUDE_UPSTREAMS: ${why} is refused by name`, () => {
    const env = { CLAUDE_API_KEY: 'sk-the-first', CLAUDE_UPSTREAMS: value };
    assert.throws(
      () => readConfig(env),
      (error: ConfigError) => {
        assert(error instanceof ConfigError);
        assert(error.problems.every((problem) => problem.startsWith('CLAUDE_UPSTREAMS')));
        assert(!error.message.includes('sk-not-here'));
        return true;
      },
    );
  });
}
