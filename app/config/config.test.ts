import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { ConfigError, readConfig, secretsOf } from './config.ts';
import { FORMER_SETTINGS, settingsSchema } from './settings.ts';

test('readConfig: an empty environment gives the documented defaults', () => {
  const config = readConfig({});
  assert.deepEqual(config.server, {
    host: '127.0.0.1',
    port: 8080,
    reusePort: false,
    bodyLimitBytes: 32 * 1024 * 1024,
    bodyBudgetBytes: 40 * 1024 * 1024,
    allowedHosts: [],
  });
  assert.deepEqual(config.metrics, { host: '127.0.0.1', port: 9464 });
  assert.equal(config.upstreams[0]?.url, 'https://api.anthropic.com');
  assert.equal(config.telemetry.trustInbound, false);
  assert.deepEqual(config.formerSettings, []);
  assert.deepEqual(secretsOf(config), []);
});

test('readConfig: an empty value counts as not set', () => {
  assert.equal(readConfig({ PORT: '', CLAUDE_API_KEY: '' }).server.port, 8080);
});

test('readConfig: there are no more settings than anybody can survey', () => {
  assert(Object.keys(settingsSchema.shape).length <= 43);
});

test('readConfig: a former setting that is still set is named with what took its place', () => {
  const env = Object.fromEntries(Object.keys(FORMER_SETTINGS).map((name) => [name, 'x']));
  const { formerSettings } = readConfig(env);
  assert.equal(formerSettings.length, Object.keys(FORMER_SETTINGS).length);
  assert(
    formerSettings.includes(
      'BREAKER_OPEN_MS → BREAKER_DEFAULTS in app/upstreams/circuit-breaker.ts',
    ),
  );
});

for (const [name, successor] of Object.entries(FORMER_SETTINGS)) {
  const [, constant, file] = /^(\w+) in (\S+)$/.exec(successor) ?? [];
  if (!constant || !file) continue;
  test(`FORMER_SETTINGS: ${name} points to ${constant}, which is there`, async () => {
    const module = await import(new URL(`../../${file}`, import.meta.url).href);
    assert(constant in module);
  });
}

test('readConfig: without callers the service is open on loopback addresses only', () => {
  for (const HOST of ['127.0.0.1', '127.0.1.1', '::1', 'localhost']) {
    assert.equal(readConfig({ HOST }).isOpenToNetwork, false, HOST);
  }
  const callers = JSON.stringify([{ name: 'a', token_sha256: 'ab'.repeat(32) }]);
  for (const HOST of [
    '0.0.0.0',
    '::',
    '10.0.0.1',
    'localhost.example',
    '127.0.0.1.example',
    '127.example',
  ]) {
    assert.throws(() => readConfig({ HOST }), /CALLERS: required unless HOST is a loopback/, HOST);
    assert.equal(readConfig({ HOST, ALLOW_ANYBODY: 'true' }).isOpenToNetwork, true, HOST);
    assert.equal(readConfig({ HOST, CALLERS: callers }).isOpenToNetwork, false, HOST);
  }
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
  ['OTEL_EXPORTER_OTLP_ENDPOINT', 'collector:4318'],
  ['OTEL_EXPORTER_OTLP_ENDPOINT', 'http://user:secret@collector:4318'],
  ['OTEL_TRACES_SAMPLER_ARG', '10%'],
  ['OTEL_TRACES_SAMPLER_ARG', '1.5'],
  ['ATTEMPT_TIMEOUT_MS', '0'],
  ['RETRY_MAX', '1.5'],
  ['CLAUDE_MODELS', 'a,,b'],
];

for (const [name, value] of BAD) {
  test(`readConfig: ${name}=${JSON.stringify(value)} is refused by name`, () => {
    assert.throws(
      () => readConfig({ [name]: value }),
      (error) =>
        error instanceof ConfigError && error.problems.some((p) => p.startsWith(`${name}:`)),
    );
  });
}

test('readConfig: a bad key is described without its value', () => {
  const read = () => readConfig({ CLAUDE_API_KEY: 'planted secret' });
  assert.throws(read, /^ConfigError: bad configuration:\n {2}CLAUDE_API_KEY: must hold one key/);
});

test('readConfig: every bad setting is listed at once, without the value of a secret', () => {
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

test('CLAUDE_UPSTREAMS: one upstream by default, several as JSON, each with the key that it names', () => {
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

test('CLAUDE_KEYS: keys come from the source that the setting names', () => {
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

test('readConfig: every default in .env.example is accepted when it is uncommented', () => {
  const lines = readFileSync(new URL('../../.env.example', import.meta.url), 'utf8').split('\n');
  const defaults = lines.flatMap((line) => {
    const [, name, value] = /^#([A-Z][A-Z0-9_]*)=(.*)$/.exec(line) ?? [];
    return name === undefined ? [] : [[name, value] as const];
  });
  assert.ok(defaults.length > 20);
  assert.doesNotThrow(() => readConfig(Object.fromEntries(defaults)));
  for (const [name, value] of defaults) assert.doesNotThrow(() => readConfig({ [name]: value }));
});

test('readConfig: the limit of a body goes up to 64 MiB, and the budget has room for one', () => {
  const MiB = 1024 * 1024;
  const { server } = readConfig({ BODY_LIMIT_BYTES: `${64 * MiB}` });
  assert.equal(server.bodyLimitBytes, 64 * MiB);
  assert.ok(server.bodyBudgetBytes * (7 / 8) >= 64 * MiB);
  assert.throws(() => readConfig({ BODY_LIMIT_BYTES: `${64 * MiB + 1}` }), ConfigError);
});
