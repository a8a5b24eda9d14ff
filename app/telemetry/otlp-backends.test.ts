/** The attributes that docs/otlp-backends.md names are those that a real call exports, and its arithmetic is right. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import {
  ask,
  type ObservedService,
  SPANS_PER_CALL,
  type Span,
  startObservedService,
  waitForSpans,
} from '../testing/observed-service.ts';

const page = readFileSync(new URL('../../docs/otlp-backends.md', import.meta.url), 'utf8');
const MODEL = 'claude-sonnet-5-5';

/** Long enough for the cache. */
const systemOf = (word: string) => [
  { type: 'text', text: `${word} `.repeat(4_000), cache_control: { type: 'ephemeral' } },
];

interface Usage {
  readonly input_tokens: number;
  readonly cache_read_input_tokens: number;
  readonly cache_creation_input_tokens: number;
}

let observed: ObservedService;
before(async () => {
  observed = await startObservedService({
    OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT: 'true',
  });
});
after(() => observed.close());

/** One call whose prompt is cached up to its question. @param word of the cached part @returns its span, and the usage that the caller saw */
async function call(question: string, word = 'word'): Promise<{ span: Span; usage: Usage }> {
  const id = crypto.randomUUID();
  const messages = [{ role: 'user', content: question }];
  const body = JSON.stringify({ model: MODEL, max_tokens: 64, system: systemOf(word), messages });
  const headers = { 'x-correlation-id': id, 'x-claude-code-session-id': 'a-session' };
  const response = await ask(observed.service.url, headers, body);
  const { usage } = (await response.json()) as { readonly usage: Usage };
  const spans = await waitForSpans(observed.store, id, SPANS_PER_CALL);
  const span = spans.find(({ name }) => name === `chat ${MODEL}`);
  assert(span);
  return { span, usage };
}

const tokens = ({ attributes }: Span, kind: string) => Number(attributes[`gen_ai.usage.${kind}`]);

test('otlp-backends.md: a real call has every attribute that the page names', async () => {
  const { span } = await call('What is the first word?');
  const [, table = ''] = /## What is read\n\n([\s\S]*?)\n\nIn Tempo/.exec(page) ?? [];
  const named = new Set(
    Array.from(table.matchAll(/`((?:gen_ai|claude|correlation)\.[\w.]+)`/g), ([, name]) => name),
  );
  assert(named.size >= 17, `${named.size} attributes`);
  const missing = [...named].filter((name) => name !== undefined && !(name in span.attributes));
  assert.deepEqual(missing, []);
});

test('otlp-backends.md: cached tokens are part of the input, and without them it is what the API says', async () => {
  const write = await call('What is the second word?', 'other');
  const read = await call('What is the third word, please?', 'other');
  assert(write.usage.cache_creation_input_tokens > 1_000);
  assert(read.usage.cache_read_input_tokens > 1_000);
  for (const { span, usage } of [write, read]) {
    const cached = ['cache_read', 'cache_write'].map((kind) =>
      tokens(span, `${kind}.input_tokens`),
    );
    assert.deepEqual(cached, [usage.cache_read_input_tokens, usage.cache_creation_input_tokens]);
    const [reads = 0, writes = 0] = cached;
    assert.equal(tokens(span, 'input_tokens') - reads - writes, usage.input_tokens);
  }
});

test('otlp-backends.md: no attribute has the former name of cache writes, which a collector may add', async () => {
  const { span } = await call('What is the fourth word?');
  assert(!('gen_ai.usage.cache_creation.input_tokens' in span.attributes));
  assert.match(page, /from_attribute: gen_ai\.usage\.cache_write\.input_tokens/);
});
