/** Whoever prints, serialises or inspects anything that holds a secret sees none of it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { format, inspect } from 'node:util';
import { readConfig } from './config/config.ts';
import { createKeyStore } from './keys/key-store.ts';
import { authenticate } from './pipeline/authenticate.ts';
import type { PipelineRequest } from './pipeline/stage.ts';
import {
  anUpstream,
  aRequest,
  aResponse,
  fakeClock,
  ITS_LIMITS,
  limitUseOf,
} from './testing/fakes.ts';

const SECRETS = ['sk-secret-of-the-upstream', 'sk-secret-of-a-caller', 'vault-token-secret'];
const [UPSTREAM_KEY = '', CALLER_KEY = '', VAULT_TOKEN = ''] = SECRETS;

/** Every way in which Node writes an object. */
function writtenForms(value: unknown): readonly string[] {
  const all = { depth: Infinity, showHidden: true, getters: true } as const;
  return [
    inspect(value, all),
    inspect({ value }, { ...all, showProxy: true }),
    format('%o %O %j %s', value, value, value, value),
    JSON.stringify(value) ?? '',
    JSON.stringify({ deep: [value] }),
    String(value),
  ];
}

function assertHidden(name: string, value: unknown): void {
  for (const text of writtenForms(value)) {
    for (const secret of SECRETS) assert(!text.includes(secret), `${name} shows ${secret}`);
  }
}

test('secrets: neither configuration, key store, pool, picked key, request nor state shows one', async () => {
  const config = readConfig({
    CLAUDE_API_KEY: UPSTREAM_KEY,
    CALLER_KEY,
    VAULT_TOKEN,
    CALLERS: JSON.stringify([
      { name: 'one', token_sha256: 'a'.repeat(64), keys: { anthropic: 'env:CALLER_KEY' } },
    ]),
  });
  const [upstream] = config.upstreams;
  assert(upstream);
  const store = createKeyStore(
    {
      pollMs: 60_000,
      timeoutMs: 1_000,
      gracePeriodMs: 1_000,
      vault: { address: '', auth: { token: async () => VAULT_TOKEN } },
    },
    { clock: fakeClock(), wallClock: () => 0, random: () => 0, onRead() {} },
  );
  const pool = store.pool({ purpose: 'call', upstream: 'anthropic' }, upstream.keys);
  await store.ready();
  let sent: PipelineRequest | undefined;
  const request = aRequest({ upstream: anUpstream({ keys: pool }) });
  const response = await authenticate(limitUseOf)(request, async (received) => {
    sent = received;
    return aResponse(401);
  });
  assert.equal(sent?.key?.reveal(), UPSTREAM_KEY);
  const held = {
    config,
    upstreams: config.upstreams,
    callers: config.callers,
    vault: config.vault,
    spec: upstream.keys,
    store,
    pools: store.pools(),
    pool,
    picked: pool.pick(ITS_LIMITS),
    keys: pool.valid(),
    view: pool.view(),
    request: sent,
    state: request.state,
    response,
  };
  for (const [name, value] of Object.entries(held)) assertHidden(name, value);
  store.close();
});
