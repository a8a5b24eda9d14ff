/** What spans, log lines and crashes of a running service must not show. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { after, before, describe, test } from 'node:test';
import {
  ask,
  asText,
  bodyOf,
  KEY,
  type ObservedService,
  SPANS_PER_CALL,
  spansOf,
  startObservedService,
  waitForSpans,
  waitForSpansWithId,
} from './testing/observed-service.ts';
import { eventually } from './testing/poll.ts';
import { spawnService } from './testing/service-process.ts';

describe('privacy of a running service', { concurrency: false }, () => {
  let observed: ObservedService;

  before(async () => {
    observed = await startObservedService();
  });
  after(() => observed.close());

  test('neither prompts, responses nor personal data are in spans, log lines and metrics', async () => {
    const { service, store } = observed;
    const prompt = `${randomUUID()} is the prompt`;
    const id = `redact-${randomUUID()}`;
    const query = '?api_key=planted-in-query&mail=bob%40example.com';
    for (const stream of [true, false]) {
      const response = await fetch(`${service.url}/v1/messages${query}`, {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          'user-agent': 'agent/1 (+4915123456789)',
          'x-correlation-id': id,
          authorization: 'Bearer planted-in-header',
        },
        body: bodyOf({ prompt, stream }),
      });
      assert.equal(response.status, 200);
      const answer = await response.text();
      assert(stream || answer.includes(prompt), 'the simulator answers with the prompt');
    }
    const spans = await waitForSpansWithId(store, id, 2 * SPANS_PER_CALL);
    await service.line((l) => l['msg'] === 'request' && l['correlation_id'] === id);
    const metrics = await (await fetch(service.metricsUrl)).text();
    const seen = asText([spans, service.lines, metrics]);
    for (const text of [prompt, 'planted-in', 'bob', '+4915']) assert(!seen.includes(text), text);
    assert(seen.includes('api_key=[redacted]&mail=[redacted:email]'));
    assert(seen.includes('agent/1 ([redacted:phone])'));
  });

  test('the upstream’s key is in no span and no log line, whether calls succeed or fail', async () => {
    const { service, simulator, store } = observed;
    const uuids = Array.from({ length: 250 }, () => randomUUID());
    await Promise.all(
      uuids.map(async (uuid, i) => {
        const body = bodyOf({ stream: i % 2 === 0 });
        await (await ask(service.url, { 'x-correlation-id': uuid }, body)).text();
      }),
    );
    const failed = randomUUID();
    simulator.setFaults([{ kind: 'error_500', probability: 1 }]);
    await (await ask(service.url, { 'x-correlation-id': failed })).text();
    simulator.setFaults([]);
    await Promise.all(uuids.map((uuid) => waitForSpans(store, uuid, SPANS_PER_CALL)));
    await waitForSpans(store, failed, SPANS_PER_CALL + 3);
    assert(store.spans().length > 250 * SPANS_PER_CALL);
    const spans = asText(store.spans());
    assert(spans.includes('/v1/messages'));
    assert(!spans.includes(KEY));
    assert(!asText(service.lines).includes(KEY));
  });
});

test('with content capture on, redacted prompts and responses are on the span of the call', async (t) => {
  const { service, store, close } = await startObservedService({
    OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT: 'true',
  });
  t.after(close);
  for (const stream of [true, false]) {
    const id = randomUUID();
    const body = bodyOf({ prompt: 'ask bob@example.com', stream });
    const answer = await ask(service.url, { 'x-correlation-id': id }, body);
    assert.match(await answer.text(), stream ? /message_stop/ : /bob@example.com/);
    const { attributes } = await eventually(() =>
      spansOf(store, id).find(({ name }) => name.startsWith('chat ')),
    );
    const input = String(attributes['gen_ai.input.messages']);
    assert.deepEqual(JSON.parse(input), [
      { role: 'user', parts: [{ type: 'text', content: 'ask [redacted:email]' }] },
    ]);
    const output = String(attributes['gen_ai.output.messages']);
    assert.match(JSON.parse(output)[0].parts[0].content, /^You said: ask \[redacted:email\]/);
  }
});

/** The environment that makes Node import this code before the service. */
const imported = (code: string) => ({
  NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(code)}`,
});

const CRASH = `new Error('of ${KEY}, bob@example.com, sk-ant-x1')`;
const ON_READ = `get(env, key) { if (key === 'CLAUDE_API_KEY') throw ${CRASH}; return env[key]; }`;
const CRASHES = {
  'while the settings are read': `process.env = new Proxy(process.env, { ${ON_READ} });`,
  'by an uncaught exception': `process.on('SIGUSR2', () => { throw ${CRASH}; });`,
  'by an unhandled rejection': `process.on('SIGUSR2', () => { Promise.reject(${CRASH}); });`,
};
for (const [when, code] of Object.entries(CRASHES)) {
  test(`a crash ${when}: the exit code is 1, and neither secrets nor personal data are printed`, async () => {
    const child = spawnService({ CLAUDE_API_KEY: KEY, ...imported(code) });
    let printed = '';
    const read = (chunk: Buffer) => {
      printed += chunk;
      if (printed.includes('"listening"')) child.kill('SIGUSR2');
    };
    child.stderr?.on('data', read);
    child.stdout?.on('data', read);
    const [status] = await once(child, 'close');
    assert.equal(status, 1, printed);
    assert(printed.includes('Error: of '), printed);
    for (const text of ['bob', 'sk-ant']) assert(!printed.includes(text), printed);
    // The service does not know its secrets before it has read the settings.
    if (!when.includes('settings')) assert(!printed.includes(KEY), printed);
  });
}
