/** The speed of streams as their readers feel it: the real service, told by what the simulator does to them. */
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { describe, test } from 'node:test';
import { ASK, MODEL } from './testing/messages.ts';
import { eventually } from './testing/poll.ts';
import { type Scrape, scrape } from './testing/samples.ts';
import { useSimulatedService } from './testing/simulated-service.ts';

const THINKING = { thinking: { type: 'adaptive' } };
const TOOLS = {
  tools: [{ name: 'weather', input_schema: { type: 'object', properties: {} } }],
};
const FIRST = ['event', 'token', 'text'] as const;

describe('speed', { concurrency: false }, () => {
  const api = useSimulatedService();

  /** How much a histogram has grown over some work: how many observations, and their sum. */
  async function grown(work: () => Promise<unknown>) {
    const before = await scrape(api.service.metricsUrl);
    await work();
    const ended = (now: Scrape) => now.sum('claude_api_calls_in_flight') === 0;
    const now = await eventually(async () => {
      const scraped = await scrape(api.service.metricsUrl);
      return ended(scraped) && scraped;
    });
    return (name: string, labels = {}) => {
      const more = (part: string) =>
        now.sum(`claude_api_${name}_${part}`, labels) -
        before.sum(`claude_api_${name}_${part}`, labels);
      return { count: more('count'), sum: more('sum') };
    };
  }
  const stream = (part: object = {}) =>
    api.post(
      '/v1/messages',
      { ...ASK, stream: true, ...part },
      { 'x-correlation-id': randomUUID() },
    );

  test('speed: thinking comes before the first text, and is content', async () => {
    const of = await api.withFaults([{ kind: 'slow_tokens', everyMs: 100 }], () =>
      grown(() => stream(THINKING)),
    );
    const [event, token, text] = FIRST.map((first) => of(`time_to_first_${first}_seconds`));
    for (const one of [event, token, text]) assert.equal(one?.count, 1);
    assert((event?.sum ?? 0) <= (token?.sum ?? 0));
    // Three chunks of thinking come before it; a busy machine reads the first of them late.
    assert((text?.sum ?? 0) > (token?.sum ?? 0), `${token?.sum} s, ${text?.sum} s`);
  });

  test('speed: an answer that is all tool use has a first text, one that is cut in its thinking has none', async () => {
    const tool = await grown(() => stream(TOOLS));
    assert.equal(tool('time_to_first_text_seconds', { model: MODEL }).count, 1);
    const cut = await api.withFaults([{ kind: 'stream_cut', afterChunks: 2 }], () =>
      grown(() => stream(THINKING)),
    );
    assert.equal(cut('time_to_first_token_seconds').count, 1);
    assert.equal(cut('time_to_first_text_seconds').count, 0);
  });

  test('speed: the output rate is tokens by time, of whole streams that took some time', async () => {
    // It is answered with 200 characters of this, and more.
    const messages = [{ role: 'user', content: 'All work and no play. '.repeat(10) }];
    const slow = await api.withFaults([{ kind: 'slow_tokens', everyMs: 100 }], () =>
      grown(() => stream({ ...THINKING, messages, max_tokens: 1_000 })),
    );
    const { count, sum: rate } = slow('output_tokens_per_second', { model: MODEL });
    assert.equal(count, 1);
    // Chunks of 16 characters, about 4 tokens, ten times a second.
    assert(rate > 1 && rate < 200, `${rate} tokens a second`);
    const atOnce = await grown(() => stream());
    assert.equal(atOnce('output_tokens_per_second').count, 0);
    const cut = await api.withFaults([{ kind: 'stream_cut', afterChunks: 2 }], () =>
      grown(() => stream(THINKING)),
    );
    assert.equal(cut('output_tokens_per_second').count, 0);
  });

  test('speed: the longest gap is how long the upstream was silent', async () => {
    const of = await api.withFaults([{ kind: 'stream_pause', delayMs: 700 }], () =>
      grown(() => stream()),
    );
    const { count, sum } = of('stream_longest_gap_seconds');
    assert.equal(count, 1);
    assert(sum >= 0.65 && sum < 10, `${sum} s`);
  });

  test('speed: complete answers and refused streams have none of these figures', async () => {
    const of = await grown(async () => {
      await api.post('/v1/messages', ASK);
      await stream({ max_tokens: 'many' });
      await api.withFaults([{ kind: 'error_500' }], () => stream({ max_tokens: 1 }));
    });
    const names = [
      ...FIRST.map((first) => `time_to_first_${first}_seconds`),
      'output_tokens_per_second',
    ];
    for (const name of names) assert.equal(of(name).count, 0, name);
  });
});
