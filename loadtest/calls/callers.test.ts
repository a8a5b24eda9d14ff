/** Load on a service that knows its callers: each TOKEN is one of them, in every kind of call. */
import assert from 'node:assert/strict';
import { createHash, randomUUID } from 'node:crypto';
import { describe, test } from 'node:test';
import { useSimulatedService } from '../../app/testing/simulated-service.ts';
import { SCENARIOS } from '../scenarios/all.ts';
import { dueCall } from '../scenarios/due-call.ts';
import { guardRequest, mayLoad } from '../scenarios/guard.ts';
import type { Phase } from '../scenarios/scenario.ts';
import { CALL_KINDS } from './kinds.ts';
import { makeCall, send } from './testing-calls.ts';

const TOKENS = ['token-of-search-for-tests', 'token-of-chat-for-tests'];
const digestOf = (token: string) => createHash('sha256').update(token).digest('hex');
const CALLERS = ['search', 'chat'].map((name, i) => {
  return { name, token_sha256: digestOf(TOKENS[i] ?? '') };
});
const MIXED = SCENARIOS.mixed({}).phases[1] as Phase;
/** As many as it takes until each caller has made each kind of call. */
const CALLS = 4 * MIXED.calls.reduce((sum, { weight }) => sum + weight, 0);

describe('callers', { concurrency: false }, () => {
  const api = useSimulatedService({ CALLERS: JSON.stringify(CALLERS) });

  const permission = async (token: string | undefined) =>
    mayLoad(await send(guardRequest(token), api.service.url), api.service.url, undefined);

  test('guard: it asks with the token of a caller, as without one the service tells nothing', async () => {
    assert.equal((await permission(TOKENS[0])).allowed, true);
    const { allowed, reason } = await permission(undefined);
    assert.equal(allowed, false);
    assert.match(reason, /TOKEN/);
  });

  test('mixed: every kind of call is good for callers with their tokens, who take turns', async () => {
    const kinds = new Set<string>();
    for (let n = 0; n < CALLS; n++) {
      const { kind, call } = dueCall(MIXED, n, randomUUID(), TOKENS);
      const { verdict } = await makeCall(call, api.service.url);
      assert.deepEqual(verdict, { ok: true }, kind);
      kinds.add(kind);
    }
    assert.equal(kinds.size, CALL_KINDS.length);
    const metrics = await api.metrics();
    for (const { name } of CALLERS) assert.match(metrics, new RegExp(`caller="${name}"`));
  });

  test('a call without a token is a failure that is no reason to come back', async () => {
    const { call } = dueCall(MIXED, 0, randomUUID(), []);
    const { verdict, answered } = await makeCall(call, api.service.url);
    assert.deepEqual([verdict, answered], [{ ok: false, reason: 'status_401' }, false]);
  });
});
