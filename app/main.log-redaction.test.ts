/** Secrets that callers and upstreams write into the log lines of every call are hidden, over real HTTP. */
import assert from 'node:assert/strict';
import type { RequestListener } from 'node:http';
import { test } from 'node:test';
import { postJson } from './testing/http.ts';
import { startLogCollector } from './testing/log-collector.ts';
import { ASK } from './testing/messages.ts';
import { eventually } from './testing/poll.ts';
import { encodedForms } from './testing/secret-forms.ts';
import { serviceBefore } from './testing/service-before.ts';

/** It fits where only letters, digits, `.`, `_`, `:` and `-` do, and its hex is as long as a trace ID. */
const KEY = 'planted.key-0123';
const HEX = Buffer.from(KEY).toString('hex');
const FORMS = encodedForms(KEY);
/** The form in an answer, an answer that ends for no known reason, and an error of no known code. */
const answer = (form: string): RequestListener => {
  const message = { type: 'message', model: form, stop_reason: HEX, content: [], usage: {} };
  return (request, response) =>
    request.resume().on('end', () => {
      response.setHeader('request-id', form).setHeader('content-type', 'application/json');
      response.end(JSON.stringify(message));
    });
};
const refusal: RequestListener = (request, response) =>
  request.resume().on('end', () => {
    const error = { type: 'invalid_request_error', message: 'no', details: { error_code: HEX } };
    response.writeHead(400, { 'content-type': 'application/json', 'request-id': HEX });
    response.end(JSON.stringify({ type: 'error', error }));
  });

test('log lines: the service’s own key in whatever a caller or an upstream names is in neither output', async (t) => {
  const { bodies, url } = await startLogCollector(t);
  let upstream: RequestListener = refusal;
  const service = await serviceBefore(t, (...call) => upstream(...call), {
    CLAUDE_API_KEY: KEY,
    TRUST_INBOUND_TRACE: 'true',
    OTEL_LOGS_EXPORTER: 'otlp',
    OTEL_EXPORTER_OTLP_ENDPOINT: url,
  });
  const written: string[] = [];
  service.child.stdout?.on('data', (chunk) => written.push(String(chunk)));
  const send = (form: string) =>
    postJson(
      `${service.url}/v1/messages`,
      { ...ASK, model: form, metadata: { user_id: `user ${form}` } },
      {
        'x-correlation-id': form,
        'x-claude-code-session-id': form,
        'x-claude-code-agent-id': form,
        'x-claude-code-parent-agent-id': form,
        traceparent: `00-${HEX}-00f067aa0ba902b7-01`,
      },
    );
  assert.equal((await send(HEX)).status, 400);
  for (const form of FORMS) {
    upstream = answer(form);
    assert.equal((await send(form)).status, 200);
  }
  await postJson(`${service.url}/v1/messages`, ASK, { 'x-correlation-id': 'the-last' });
  const lines = await eventually(() => {
    const ofCalls = service.lines.filter(({ msg }) => msg === 'call' || msg === 'request');
    return ofCalls.length === 2 * (FORMS.length + 2) && ofCalls;
  });
  await service.stop();
  const hidden = lines.filter((line) => line['trace_id'] === '[redacted]');
  assert.equal(hidden.length, lines.length - 2);
  for (const field of ['correlation_id', 'conversation_id', 'agent_id', 'parent_agent_id']) {
    assert(
      lines.some((line) => line[field] === '[redacted]'),
      field,
    );
  }
  for (const field of ['model', 'response_model', 'request_id', 'stop_reason', 'error_code']) {
    assert(
      lines.some((line) => line[field] === '[redacted]'),
      field,
    );
  }
  assert(lines.some((line) => line['user_id'] === 'user [redacted]'));
  assert(bodies.some((body) => body.includes('the-last')));
  const seen = `${written.join('')}${Buffer.concat(bodies)}`;
  for (const form of FORMS) {
    assert(!seen.includes(form) && !seen.includes(JSON.stringify(form).slice(1, -1)), form);
  }
});
