/** The settings: which component gets a secret, when the simulator answers, which port is used. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { DEFAULT_PORTS } from './components.ts';
import {
  choosePort,
  conflictWithStack,
  forgetStack,
  modeProblems,
  readSettings,
  saveStack,
} from './settings.ts';

const directory = mkdtempSync(join(tmpdir(), 'observatory-settings-'));
after(() => rmSync(directory, { recursive: true }));

function settingsOf(shell: Record<string, string>) {
  return readSettings({ ENV_FILE: '/dev/null', RUN_DIR: directory, STACK: 'processes', ...shell });
}

test('settings: only the service gets keys, those of upstreams too', () => {
  const upstreams = JSON.stringify([{ name: 'eu', url: 'https://eu.example', keys: 'env:EU_KEY' }]);
  const { variables, secrets, hasUpstream } = settingsOf({
    CLAUDE_API_KEY: 'sk-one',
    EU_KEY: 'sk-two',
    CLAUDE_UPSTREAMS: upstreams,
    PORT: '9',
  });
  assert.deepEqual(secrets, { CLAUDE_API_KEY: 'sk-one', EU_KEY: 'sk-two' });
  assert(!JSON.stringify(variables).includes('sk-'));
  assert.equal(variables['PORT'], '9');
  assert.equal(hasUpstream, true);
});

test('settings: only the service gets the secrets of Vault, of callers and of signatures', () => {
  const { variables, secrets } = settingsOf({
    VAULT_TOKEN: 'sk-vault',
    SIGN_WITH: 'sk-sign',
    CLAUDE_SIGNING: 'env:SIGN_WITH',
    OWN_KEY: 'sk-own',
    CALLERS: JSON.stringify([{ name: 'a', token_sha256: '', keys: { up: 'env:OWN_KEY' } }]),
  });
  assert.deepEqual(secrets, { VAULT_TOKEN: 'sk-vault', SIGN_WITH: 'sk-sign', OWN_KEY: 'sk-own' });
  assert(!JSON.stringify(variables).includes('sk-'));
});

test('settings: the simulator answers only where neither key nor upstreams are set', () => {
  const simulator = (shell: Record<string, string>) => settingsOf(shell).simulator;
  assert.equal(simulator({}), true);
  assert.equal(simulator({ CLAUDE_API_KEY: '', CLAUDE_UPSTREAMS: '' }), true);
  assert.equal(simulator({ CLAUDE_API_KEY: 'sk-one' }), false);
  assert.equal(simulator({ CLAUDE_UPSTREAMS: '[]' }), false);
  assert.equal(simulator({ CLAUDE_KEYS: 'file:/run/secrets/claude' }), false);
});

test('settings: a variable that the shell sets to nothing hides that of .env', () => {
  const file = join(directory, 'env');
  writeFileSync(file, 'CLAUDE_API_KEY=sk-file\nPORT=7000\n');
  assert.equal(settingsOf({ ENV_FILE: file }).hasUpstream, true);
  assert.equal(settingsOf({ ENV_FILE: file }).ports.PORT, 7000);
  assert.equal(settingsOf({ ENV_FILE: file, CLAUDE_API_KEY: '' }).hasUpstream, false);
});

test('choosePort: the shell wins over the stack that is up, that over .env, that over the default', () => {
  const running = { ...DEFAULT_PORTS, PORT: 9001 };
  const file = { PORT: '7000' };
  assert.equal(choosePort('PORT', { shell: { PORT: '8000' }, running, file }), 8000);
  assert.equal(choosePort('PORT', { shell: { PORT: '' }, running, file }), 9001);
  assert.equal(choosePort('PORT', { shell: {}, file }), 7000);
  assert.equal(choosePort('PORT', { shell: {}, file: { PORT: '' } }), 8080);
});

test('settings: a stack of which nothing runs any more is not up, whatever its file says', () => {
  const settings = settingsOf({ PORT: '9000' });
  saveStack(settings);
  assert.equal(settingsOf({}).running, undefined);
  forgetStack(settings);
});

test('settings: a STACK that is no mode is reported', () => {
  assert.deepEqual(modeProblems(settingsOf({})), []);
  assert.deepEqual(modeProblems(settingsOf({ STACK: 'podman' })), [
    'STACK must be compose or processes',
  ]);
});

test('conflictWithStack: names what differs from the stack that is up', () => {
  const settings = settingsOf({});
  const running = { mode: 'processes', ports: settings.ports, simulator: true } as const;
  assert.equal(conflictWithStack(settings), undefined);
  assert.equal(conflictWithStack({ ...settings, running }), undefined);
  assert.match(
    conflictWithStack({ ...settings, running, requestedMode: 'compose' }) ?? '',
    /^it runs by processes, and STACK is compose/,
  );
  assert.match(
    conflictWithStack({ ...settings, running: { ...running, ports: { PORT: 1 } } }) ?? '',
    /^it has other ports \(PORT,/,
  );
  assert.match(
    conflictWithStack({ ...settings, running, hasUpstream: true }) ?? '',
    /^it has the simulator/,
  );
  assert.match(
    conflictWithStack({ ...settings, running: { ...running, simulator: false } }) ?? '',
    /^its service was started with a CLAUDE_API_KEY/,
  );
});
