import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as errorClasses from '@anthropic-ai/sdk/core/error-classes';
import { API_ERROR_CODES } from '../telemetry/vocabulary.ts';
import { type Blame, blameOf, codeOf, readApiError } from './account-errors.ts';

const SENT = { url: '/v1/messages', headers: {}, body: '{"model":"m"}' };
const CREDIT =
  'Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits.';

type Row = readonly [status: number, error: object, blame: Blame | undefined];
const coded = (status: number, error_code: string, blame: Blame | undefined): Row => [
  status,
  { type: 'invalid_request_error', message: 'm', details: { error_code } },
  blame,
];
const worded = (message: string, blame: Blame | undefined, status = 400): Row => [
  status,
  { type: 'invalid_request_error', message },
  blame,
];

const ROWS: readonly Row[] = [
  coded(400, 'organization_on_hold', 'account'),
  coded(400, 'cmek_key_disabled', 'account'),
  coded(400, 'cmek_key_network_blocked', 'account'),
  coded(400, 'claude_code_key_creator_not_member', 'account'),
  coded(400, 'enforced_spend_limit_reached', 'account'),
  coded(400, 'workspace_spend_limit_reached', 'account'),
  coded(400, 'spend_limit_exceeded', 'account'),
  coded(429, 'enforced_spend_limit_reached', 'account'),
  coded(429, 'contract_spend_limit_reached', 'account'),
  coded(402, 'linked_organization_spend_limit_reached', 'caller'),
  coded(402, 'linked_organization_billing_unavailable', 'caller'),
  coded(403, 'user_profile_not_billable', 'caller'),
  coded(429, 'ramp_limit_exceeded', undefined),
  coded(503, 'cmek_key_unreachable', 'account'),
  coded(503, 'cmek_context_unavailable', 'account'),
  coded(400, 'request_body_timeout', 'network'),
  coded(400, 'image_dimensions_too_large', undefined),
  coded(400, 'my_spend_limit_reached_again', undefined),
  [400, { message: CREDIT, details: { error_code: 'a_code_of_tomorrow' } }, 'account'],
  [400, { type: 'billing_error', message: 'm' }, 'account'],
  [400, { type: 'authentication_error', message: 'm' }, 'account'],
  worded(CREDIT, 'account'),
  worded('Credit balance is too low', 'account'),
  worded('Your Credit Balance is too low …', 'account'),
  worded(
    'You have reached your specified API usage limits. You will regain access on …',
    'account',
  ),
  worded('You have reached your specified workspace API usage limits.', 'account'),
  worded('Your workspace has reached its spend limit.', 'account'),
  worded('This request would exceed your organization’s spend limit.', 'account'),
  worded('This organization has been disabled.', 'account'),
  worded('You have reached your specified API usage limits.', undefined, 429),
  worded('This request would exceed your account’s rate limit. Please try again later.', undefined),
  worded(CREDIT, undefined, 500),
  worded(`messages.0.content: ${CREDIT}`, undefined),
  worded(`metadata.user_id: "${CREDIT}" is too long`, undefined),
  worded('max_tokens: 1 is too low', undefined),
  worded('prompt is too long: 210000 tokens > 200000 maximum', undefined),
  [400, { type: 'invalid_request_error', message: ['credit balance is too low'] }, undefined],
  [400, { details: { error_code: { toString: 'organization_on_hold' } } }, undefined],
];
for (const [status, error, blame] of ROWS) {
  test(`blameOf: ${status} ${JSON.stringify(error)} is for ${blame ?? 'its status to tell'}`, () => {
    assert.equal(blameOf(readApiError({ error }), status, SENT), blame);
  });
}

/** The SDK's own list, by status and code, which its types leave out. */
const { ERROR_CODE_CLASSES } = errorClasses as unknown as {
  readonly ERROR_CODE_CLASSES: ReadonlyMap<string, unknown>;
};

const OWN_CODES: readonly (readonly [message: string, status: number, code: string])[] = [
  [CREDIT, 400, 'credit_balance_too_low'],
  [CREDIT, 402, 'credit_balance_too_low'],
  [CREDIT, 500, ''],
  ['You have reached your specified API usage limits.', 400, 'usage_limit_reached'],
  ['You have reached your specified workspace API usage limits.', 429, 'usage_limit_reached'],
  ['This request would exceed your organization’s spend limit.', 400, 'usage_limit_reached'],
  ['This organization has been disabled.', 400, 'organization_disabled'],
  ['This request would exceed your account’s rate limit.', 429, ''],
  ['max_tokens: 1 is too low', 400, ''],
  [`messages.0.content: ${CREDIT}`, 400, ''],
];
for (const [message, status, code] of OWN_CODES) {
  test(`codeOf: ${status} ${message.slice(0, 60)} has ${code || 'no code'}`, () => {
    assert.equal(codeOf(readApiError({ error: { message } }), status, SENT), code);
  });
}

test('codeOf: a code of the API counts before its words, and words that the caller sent count for nothing', () => {
  const coded = { message: CREDIT, details: { error_code: 'a_code_of_tomorrow' } };
  assert.equal(codeOf(readApiError({ error: coded }), 400, SENT), 'a_code_of_tomorrow');
  const quoted = { ...SENT, body: JSON.stringify({ text: CREDIT }) };
  assert.equal(codeOf(readApiError({ error: { message: CREDIT } }), 400, quoted), '');
});

/** Of all codes of the SDK those whose status does not tell; the comments in the SDK say what each means. */
const BLAMED: Readonly<Record<string, Blame>> = {
  '400 claude_code_key_creator_not_member': 'account',
  '400 cmek_key_disabled': 'account',
  '400 cmek_key_network_blocked': 'account',
  '400 organization_on_hold': 'account',
  '400 request_body_timeout': 'network',
  '400 user_profile_not_found': 'caller',
  '400 user_profile_required': 'caller',
  '402 linked_organization_billing_unavailable': 'caller',
  '402 linked_organization_spend_limit_reached': 'caller',
  '403 user_profile_billing_not_authorized': 'caller',
  '403 user_profile_not_billable': 'caller',
  '429 contract_spend_limit_reached': 'account',
  '429 enforced_spend_limit_reached': 'account',
  '503 cmek_context_unavailable': 'account',
  '503 cmek_key_unreachable': 'account',
};

test('blameOf: of all codes that the official SDK knows, those of this table are not for their status to tell', () => {
  const blamed = [...ERROR_CODE_CLASSES.keys()].flatMap((known) => {
    const [status = '', error_code = ''] = known.split(' ');
    const error = { type: 't', message: 'm', details: { error_code } };
    const blame = blameOf(readApiError({ error }), Number(status), SENT);
    return blame ? [[known, blame]] : [];
  });
  assert(ERROR_CODE_CLASSES.size > 80, 'the SDK keeps its list elsewhere now');
  assert.deepEqual(Object.fromEntries(blamed), BLAMED);
});

test('blameOf: the codes with a label of their own are codes of the official SDK, but for two that have none', () => {
  const known = new Set([...ERROR_CODE_CLASSES.keys()].map((key) => key.split(' ')[1]));
  const labels = API_ERROR_CODES.filter((code) => code !== 'other');
  assert.deepEqual(
    labels.filter((code) => !known.has(code)),
    ['usage_limit_reached', 'credit_balance_too_low'],
  );
});

test('blameOf: a firewall’s page is the caller’s at 403, and is for its status to tell otherwise', () => {
  assert.equal(blameOf(undefined, 403, SENT), 'caller');
  for (const status of [400, 401, 402, 431, 502]) {
    assert.equal(blameOf(undefined, status, SENT), undefined, String(status));
  }
});

test('readApiError: what is no error in Anthropic’s shape gives empty fields', () => {
  const nothing = { type: '', message: '', code: '' };
  for (const body of [{}, { error: null }, { error: 'x' }, { error: { details: [] } }]) {
    assert.deepEqual(readApiError(body), nothing);
  }
});

const words = 'Your credit balance is too low';
const ECHOES = {
  'a field of the body': { ...SENT, body: JSON.stringify({ [words]: 1 }) },
  'a body with escape sequences': {
    ...SENT,
    body: JSON.stringify({ [words]: 1 }).replace('credit', '\\u0063redit'),
  },
  'other letters': { ...SENT, body: JSON.stringify({ [words.toUpperCase()]: 1 }) },
  'other spaces': { ...SENT, body: JSON.stringify({ [words.replaceAll(' ', ' \n\u2003')]: 1 }) },
  'wide letters': { ...SENT, body: JSON.stringify({ [words.replace('c', '\uff43')]: 1 }) },
  'a query': { ...SENT, url: `/v1/messages?${encodeURIComponent(words)}=1` },
  'a query with pluses': { ...SENT, url: `/v1/messages?${words.replaceAll(' ', '+')}` },
  'a query that cannot be decoded': { ...SENT, url: '/v1/messages?%' },
  'a header': { ...SENT, headers: { 'anthropic-beta': words } },
  'a body too long to be searched': { ...SENT, body: `"${'x'.repeat(5 * 2 ** 20)}"` },
  'a body that cannot be read': { ...SENT, body: '{' },
};
for (const [name, sent] of Object.entries(ECHOES)) {
  test(`blameOf: a message whose words the caller sent in ${name} blames no account`, () => {
    for (const message of [
      `${words}: Extra inputs are not permitted`,
      `Unknown: ${words}`,
      words,
    ]) {
      assert.equal(blameOf(readApiError({ error: { message } }), 400, sent), undefined);
    }
  });
}
