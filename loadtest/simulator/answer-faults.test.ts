/** What the API answers rarely, as the official SDK reads it: errors with a code, stop reasons, cache misses. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import Anthropic from '@anthropic-ai/sdk';
import { ASK, MODEL } from '../../app/testing/messages.ts';
import { ANSWER_KINDS, REFUSAL_CATEGORIES } from './answer-faults.ts';
import { checkFaults, type Fault } from './faults.ts';
import { checkDaysLeft } from './models.ts';
import { DEFAULT_KEY, type Simulator, startSimulator } from './server.ts';

/** As the SDK's documentation gives them, by hand. */
const STATUS: Readonly<Record<string, readonly [status: number, type: string]>> = {
  usage_limit_reached: [400, 'invalid_request_error'],
  credit_balance_too_low: [400, 'invalid_request_error'],
  enforced_spend_limit_reached: [429, 'rate_limit_error'],
  contract_spend_limit_reached: [429, 'rate_limit_error'],
  ramp_limit_exceeded: [429, 'rate_limit_error'],
  organization_on_hold: [400, 'invalid_request_error'],
  claude_code_key_creator_not_member: [400, 'invalid_request_error'],
  cmek_key_disabled: [400, 'invalid_request_error'],
  cmek_key_network_blocked: [400, 'invalid_request_error'],
  cmek_key_unreachable: [503, 'api_error'],
  cmek_context_unavailable: [503, 'api_error'],
  linked_organization_spend_limit_reached: [402, 'billing_error'],
  linked_organization_billing_unavailable: [402, 'billing_error'],
  request_body_timeout: [400, 'invalid_request_error'],
  sandbox_egress_restricted: [403, 'permission_error'],
  compaction_unavailable: [529, 'overloaded_error'],
  claude_code_version_too_old: [400, 'invalid_request_error'],
  image_dimensions_too_large: [400, 'invalid_request_error'],
  tool_name_conflict: [400, 'invalid_request_error'],
};

/** The API has only words for these. */
const shownCode = (code: string) =>
  ['usage_limit_reached', 'credit_balance_too_low'].includes(code) ? null : code;
const namesOf = (prefix: string) =>
  ANSWER_KINDS.filter((kind) => kind.startsWith(prefix)).map((kind) => kind.slice(prefix.length));
const fault = (kind: string, part: Partial<Fault> = {}): Fault => {
  const [checked] = checkFaults([{ kind, ...part }]);
  assert(checked);
  return checked;
};

describe('rare answers of the simulator', () => {
  let simulator: Simulator;
  let sdk: Anthropic;
  before(async () => {
    simulator = await startSimulator();
    sdk = new Anthropic({ apiKey: DEFAULT_KEY, baseURL: simulator.url, maxRetries: 0 });
  });
  after(() => simulator.close());

  const whole = () => sdk.messages.create(ASK);
  const streamed = () => sdk.messages.stream(ASK).finalMessage();

  test('error codes: the list of the simulator is that of this table', () => {
    assert.deepEqual(namesOf('error_code:'), Object.keys(STATUS));
  });

  for (const [code, [status, type]] of Object.entries(STATUS)) {
    test(`fault error_code:${code}: the SDK throws a ${status} with this code, whole and in place of a stream`, async () => {
      simulator.setFaults([fault(`error_code:${code}`, { retryAfterS: 3 })]);
      for (const ask of [whole, streamed]) {
        const thrown = await errorOf(ask());
        assert.deepEqual(
          [thrown.status, thrown.type, thrown.errorCode],
          [status, type, shownCode(code)],
        );
        const after = code === 'ramp_limit_exceeded' ? '3' : null;
        assert.equal(thrown.headers?.get('retry-after'), after);
      }
    });

    test(`fault error_code:${code}: with afterChunks it is an error event inside a stream`, async () => {
      for (const afterChunks of [0, 2]) {
        simulator.setFaults([fault(`error_code:${code}`, { afterChunks })]);
        const thrown = await errorOf(streamed());
        assert.deepEqual(
          [thrown.status, thrown.type, thrown.errorCode],
          [undefined, type, shownCode(code)],
        );
        assert.equal((await errorOf(whole())).status, status, 'a whole answer stays whole');
      }
    });
  }

  for (const reason of namesOf('stop_reason:')) {
    test(`fault stop_reason:${reason}: the message ends for it, whole and streamed`, async () => {
      simulator.setFaults([fault(`stop_reason:${reason}`)]);
      for (const { stop_reason, stop_details, content } of [await whole(), await streamed()]) {
        assert.equal(stop_reason, reason);
        const details = { type: 'refusal', category: null, explanation: null };
        assert.deepEqual(stop_details, reason === 'refusal' ? details : null);
        assert(content.length > 0);
      }
    });
  }

  test('fault usage:malformed: counts are strings, whole and streamed', async () => {
    simulator.setFaults([fault('usage:malformed')]);
    for (const { usage } of [await whole(), await streamed()]) {
      assert.equal(typeof usage.output_tokens, 'string');
      assert.equal(typeof usage.input_tokens, 'string');
    }
  });

  for (const category of REFUSAL_CATEGORIES) {
    test(`fault stop_reason:refusal: its category is ${category}, whole and streamed`, async () => {
      simulator.setFaults([fault('stop_reason:refusal', { category })]);
      for (const { stop_details } of [await whole(), await streamed()]) {
        assert.equal(stop_details?.category, category);
      }
    });
  }

  for (const type of namesOf('cache_miss:')) {
    test(`fault cache_miss:${type}: the diagnosis names it, whole and streamed`, async () => {
      simulator.setFaults([fault(`cache_miss:${type}`)]);
      for (const { diagnostics } of [await whole(), await streamed()]) {
        const reason = diagnostics?.cache_miss_reason;
        assert.equal(reason?.type, type);
        assert.equal('cache_missed_input_tokens' in reason, type.endsWith('_changed'));
      }
    });
  }

  test('models: those with days left are deprecated and say when they retire, all others are active', async () => {
    simulator.setModels({ [MODEL]: 20 });
    const listed = (await sdk.models.list({ limit: 1_000 })).data;
    for (const model of [...listed, await sdk.models.retrieve(`${MODEL}-20261001`)]) {
      const { lifecycle, deprecated_at, retires_at } = model;
      if (!model.id.startsWith(MODEL)) {
        assert.deepEqual([lifecycle, deprecated_at, retires_at], ['active', null, null]);
        continue;
      }
      assert.equal(lifecycle, 'deprecated');
      assert(Date.parse(deprecated_at ?? '') < Date.now());
      const days = (Date.parse(retires_at ?? '') - Date.now()) / 86_400_000;
      assert(days > 19.9 && days <= 20, String(days));
    }
    simulator.setModels({});
    assert.equal((await sdk.models.retrieve(MODEL)).lifecycle, 'active');
  });
});

/** @returns the SDK's error of a call that must fail */
async function errorOf(call: Promise<unknown>): Promise<InstanceType<typeof Anthropic.APIError>> {
  const thrown = await call.then(
    () => undefined,
    (error: unknown) => error,
  );
  assert(thrown instanceof Anthropic.APIError, String(thrown));
  return thrown;
}

for (const [what, value] of Object.entries({
  'a kind without a name': [{ kind: 'error_code:' }],
  'a code that does not exist': [{ kind: 'error_code:none' }],
  'a category that does not exist': [{ kind: 'stop_reason:refusal', category: 'x' }],
  'a category of null': [{ kind: 'stop_reason:refusal', category: null }],
})) {
  test(`checkFaults: ${what} is refused`, () => {
    assert.throws(() => checkFaults(value), TypeError);
  });
}

for (const value of [null, [], 'x', { none: 1 }, { [MODEL]: '1' }, { [MODEL]: 1e6 }]) {
  test(`checkDaysLeft: ${JSON.stringify(value)} is refused`, () => {
    assert.throws(() => checkDaysLeft(value), TypeError);
  });
}
