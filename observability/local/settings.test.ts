/** Who gets a key, and when the simulator answers. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { test } from 'node:test';
import { ROOT } from './paths.ts';

interface Told {
  readonly parts: Record<string, string>;
  readonly keys: Record<string, string>;
  readonly elsewhere: boolean;
}

/** What the settings say in a process of this environment, which they read as it starts. */
function told(env: Record<string, string>): Told {
  const script = `import * as s from './observability/local/settings.ts';
    console.log(JSON.stringify({
      parts: s.settingsWithoutKeys(), keys: s.keys(), elsewhere: s.hasUpstream() }))`;
  const args = ['--input-type=module', '--eval', script];
  const options = { cwd: ROOT, env: { ENV_FILE: '/dev/null', ...env }, encoding: 'utf8' } as const;
  return JSON.parse(execFileSync(process.execPath, args, options)) as Told;
}

test('keys are the service\u2019s alone, those of upstreams too', () => {
  const upstreams = JSON.stringify([{ name: 'eu', url: 'https://eu.example', keys: 'env:EU_KEY' }]);
  const env = {
    CLAUDE_API_KEY: 'sk-one',
    EU_KEY: 'sk-two',
    CLAUDE_UPSTREAMS: upstreams,
    PORT: '9',
  };
  const { parts, keys, elsewhere } = told(env);
  assert.deepEqual(keys, { CLAUDE_API_KEY: 'sk-one', EU_KEY: 'sk-two' });
  assert(!JSON.stringify(parts).includes('sk-'));
  assert.equal(parts['PORT'], '9');
  assert.equal(elsewhere, true);
});

test('so are secrets of other names, and those of callers and signatures', () => {
  const env = {
    VAULT_TOKEN: 'sk-vault',
    SIGN_WITH: 'sk-sign',
    CLAUDE_SIGNING: 'env:SIGN_WITH',
    OWN_KEY: 'sk-own',
    CALLERS: JSON.stringify([{ name: 'a', token_sha256: '', keys: { up: 'env:OWN_KEY' } }]),
  };
  const { parts, keys } = told(env);
  assert.deepEqual(keys, { VAULT_TOKEN: 'sk-vault', SIGN_WITH: 'sk-sign', OWN_KEY: 'sk-own' });
  assert(!JSON.stringify(parts).includes('sk-'));
});

test('the simulator answers only where neither key nor upstreams are set', () => {
  assert.equal(told({}).elsewhere, false);
  assert.equal(told({ CLAUDE_API_KEY: '', CLAUDE_UPSTREAMS: '' }).elsewhere, false);
  assert.equal(told({ CLAUDE_API_KEY: 'sk-one' }).elsewhere, true);
  assert.equal(told({ CLAUDE_UPSTREAMS: '[]' }).elsewhere, true);
  assert.equal(told({ CLAUDE_KEYS: 'file:/run/secrets/claude' }).elsewhere, true);
});
