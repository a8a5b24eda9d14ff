/** Which call is due follows from its number alone. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SCENARIOS } from './all.ts';
import { dueCall } from './due-call.ts';
import type { Phase } from './scenario.ts';

const MIXED = SCENARIOS.mixed({});
const PHASE = MIXED.phases[1] as Phase;
const ROUND = PHASE.calls.reduce((sum, { weight }) => sum + weight, 0);

/** @returns kind, model and token of a call's first request */
function asked(n: number, tokens: readonly string[] = []) {
  const { kind, call } = dueCall(PHASE, n, 'an-id', tokens);
  const step = call.next().value;
  assert('request' in step);
  const { headers, body = '' } = step.request;
  return { kind, model: /"model":"([^"]+)"/.exec(body)?.[1], token: headers['x-api-key'] };
}

test('due call: each kind is asked of each model', () => {
  const pairs = new Set<string>();
  for (let n = 0; n < 3 * ROUND; n++) {
    const { kind, model } = asked(n);
    pairs.add(`${kind} ${model}`);
  }
  assert.equal(pairs.size, PHASE.calls.length * 3);
});

test('due call: callers take turns, and each goes through all models', () => {
  const pairs = new Set<string>();
  for (let round = 0; round < 6; round++) {
    const { model, token } = asked(round * ROUND, ['one', 'two']);
    pairs.add(`${token} ${model}`);
  }
  assert.equal(pairs.size, 6);
  assert.equal(asked(0).token, undefined);
});

test('due call: those who hang up do so at different times', () => {
  for (const scenario of [MIXED, SCENARIOS.soak({}), SCENARIOS.streaming({})]) {
    const times = new Set<number | undefined>();
    for (let n = 0; n < 6 * ROUND; n++) {
      const { kind, call } = dueCall(scenario.phases[1] as Phase, n, 'an-id', []);
      const step = call.next().value;
      if (kind === 'hang_up' && 'request' in step) times.add(step.request.hangUpAfterMs);
    }
    assert.equal(times.size, 3, scenario.name);
  }
});
