/** Whose work a call is, and what it asks for, is on its span and in its log line, and never a label. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import {
  ask,
  KEY,
  type ObservedService,
  startObservedService,
} from './testing/observed-service.ts';
import { eventually } from './testing/poll.ts';

const SESSION = randomUUID();
const HEADERS = {
  'x-claude-code-session-id': SESSION,
  'x-claude-code-agent-id': 'agent-7f3a',
  'x-claude-code-parent-agent-id': 'agent-0001',
};
/** As Claude Code composes it. */
const USER = JSON.stringify({
  device_id: 'ab12'.repeat(16),
  account_uuid: randomUUID(),
  session_id: SESSION,
});
const PARAMS = {
  model: 'claude-sonnet-5-5',
  max_tokens: 64,
  messages: [{ role: 'user', content: 'hello' }],
  metadata: { user_id: USER },
  output_config: { effort: 'low' },
  thinking: { type: 'adaptive' },
  service_tier: 'auto',
};

describe('attribution of a running service', { concurrency: false }, () => {
  let observed: ObservedService;
  before(async () => {
    observed = await startObservedService();
  });
  after(() => observed.close());

  async function send(path: string, body: object, headers: Readonly<Record<string, string>>) {
    const id = randomUUID();
    const response = await fetch(observed.service.url + path, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-correlation-id': id, ...headers },
      body: JSON.stringify(body),
    });
    await response.text();
    const traceId = id.replaceAll('-', '');
    const span = await eventually(() =>
      observed.store.spans().find((s) => s.traceId === traceId && s.name.startsWith('chat')),
    );
    const line = await eventually(() =>
      observed.service.lines.find((l) => l['trace_id'] === traceId && l.msg === 'call'),
    );
    return { status: response.status, attributes: span.attributes, line };
  }

  const WAYS: readonly [name: string, path: string, body: object][] = [
    ['complete', '/v1/messages', PARAMS],
    ['streamed', '/v1/messages', { ...PARAMS, stream: true }],
    ['an item of a batch', '/v1/batch', { requests: [{ params: PARAMS }] }],
    ['a prompt of a batch', '/v1/batch', { ...PARAMS, messages: undefined, prompts: ['hello'] }],
  ];
  for (const [name, path, body] of WAYS) {
    test(`attribution: a call, ${name}, has its session, agents and user on the span and in the line`, async () => {
      const { status, attributes, line } = await send(path, body, HEADERS);
      assert.equal(status, 200);
      assert.partialDeepStrictEqual(attributes, {
        'gen_ai.conversation.id': SESSION,
        'claude.agent.id': 'agent-7f3a',
        'claude.agent.parent_id': 'agent-0001',
        'enduser.pseudo.id': USER,
        'gen_ai.request.max_tokens': 64,
        'gen_ai.request.reasoning.level': 'low',
        'anthropic.thinking.type': 'adaptive',
        'anthropic.request.service_tier': 'auto',
      });
      assert.partialDeepStrictEqual(line, {
        conversation_id: SESSION,
        agent_id: 'agent-7f3a',
        parent_agent_id: 'agent-0001',
        user_id: USER,
      });
    });
  }

  test('attribution: a call that says nothing of itself has none of the attributes and fields', async () => {
    const { metadata: _, ...params } = PARAMS;
    const { attributes, line } = await send('/v1/messages', params, {});
    const names = [...Object.keys(attributes), ...Object.keys(line)];
    assert.deepEqual(
      names.filter((name) => /conversation|agent|user/.test(name)),
      [],
    );
  });

  test('attribution: a refused call has its session too', async () => {
    const { status, attributes } = await send('/v1/messages', { model: 1 }, HEADERS);
    assert.equal(status, 400);
    assert.equal(attributes['gen_ai.conversation.id'], SESSION);
  });

  test('attribution: a secret in an ID is redacted, and a pure number is not taken for a phone or a card', async () => {
    const { attributes, line } = await send(
      '/v1/messages',
      { ...PARAMS, metadata: { user_id: `user-${KEY}` } },
      { 'x-claude-code-session-id': '4111111111111111', 'x-claude-code-agent-id': KEY },
    );
    assert.equal(attributes['gen_ai.conversation.id'], '4111111111111111');
    assert.equal(line['conversation_id'], '4111111111111111');
    assert(!JSON.stringify([attributes['enduser.pseudo.id'], line]).includes(KEY));
    assert(!String(attributes['claude.agent.id']).includes(KEY));
  });

  test('attribution: no ID is a label', async () => {
    await (await ask(observed.service.url, HEADERS)).text();
    const text = await (await fetch(observed.service.metricsUrl)).text();
    for (const id of [SESSION, 'agent-7f3a', 'agent-0001', 'device_id']) {
      assert(!text.includes(id), id);
    }
  });

  test('attribution: the headers of sessions and agents do not go upstream', async () => {
    await (await ask(observed.service.url, HEADERS)).text();
    const { headers } = observed.simulator.requests().at(-1) ?? assert.fail('no request');
    assert.deepEqual(
      Object.keys(headers).filter((name) => name.startsWith('x-claude-code')),
      [],
    );
  });
});
