/** Answers of the API that come rarely, and the panels that must show them. */
import { call, calls, during } from './calls.ts';
import type { Fault } from './fault.ts';
import { KEYS, type World } from './world.ts';

type Kind = Parameters<typeof during>[1][number]['kind'];

const answered = (kind: Kind) => (world: World) =>
  during(world, [{ kind }], () => calls(world, 3, { stream: true }));
const places = (dashboard: string, ...titles: readonly string[]) =>
  titles.map((title) => `panel ${dashboard} › ${title}`);

/** Writing a prompt to the cache has a price for five minutes, and another for an hour. */
const cached = (ttl: string, salt: number) => ({
  system: [
    {
      type: 'text',
      text: `${salt} ${'A long prompt is worth caching. '.repeat(400)}`,
      cache_control: { type: 'ephemeral', ttl },
    },
  ],
});

const MONEY: readonly Fault[] = [
  {
    name: 'prompts are cached, and the model thinks',
    happen: async (world) => {
      for (const ttl of ['5m', '1h']) {
        const fields = cached(ttl, world.simulator.seen());
        await calls(world, 1, { fields });
        await calls(world, 2, { fields });
      }
      await calls(world, 2, { fields: { thinking: { type: 'adaptive' } } });
    },
    shows: places(
      'claude-cost',
      ...['Spend at this pace', 'Spent in 24 hours', 'Part of the month', 'A call costs'],
      ...['Dollars an hour', 'Thinking', 'Tokens read', 'Tokens written', 'Age of the price'],
    ),
  },
  {
    name: 'a model has no price',
    happen: (world) => calls(world, 2, { model: 'claude-unheard-of-9' }),
    shows: places('claude-cost', 'Unpriced calls'),
  },
  {
    name: 'a configured model is about to retire',
    happen: (world) => {
      world.simulator.setModels({ 'claude-opus-5-5': 20 });
      return call(world, { path: '/v1/models' });
    },
    shows: places('claude-calls', 'Days until models retire'),
  },
];

export const ANSWERS: readonly Fault[] = [
  ...MONEY,
  {
    name: 'usage is reported as text',
    happen: answered('usage:malformed'),
    shows: places('claude-cost', 'Usage that was no count'),
  },
  {
    name: 'the rate limit of a key is used up',
    happen: (world) =>
      during(world, [{ kind: 'rate_limited', key: KEYS.blue, retryAfterS: 10 }], () =>
        calls(world, 5, {}),
      ),
    shows: places('claude-calls', 'Keys that rest'),
  },
  {
    name: 'streams fall silent and go on',
    happen: (world) =>
      during(world, [{ kind: 'stream_pause', delayMs: 300 }], () =>
        calls(world, 3, { stream: true }),
      ),
    shows: places('claude-calls', 'Longest silence in a stream'),
  },
  {
    name: 'the model refuses',
    happen: answered('stop_reason:refusal'),
    shows: places('claude-calls', 'Refusals by category', 'Why messages ended'),
  },
  {
    name: 'answers are cut at max_tokens',
    happen: answered('stop_reason:max_tokens'),
    shows: places('claude-calls', 'Answers cut at max_tokens'),
  },
  {
    name: 'the load grows faster than the account may',
    happen: answered('error_code:ramp_limit_exceeded'),
    shows: places('claude-calls', 'Error codes of the API'),
  },
  {
    name: 'the system prompt has changed, so the cache misses',
    happen: answered('cache_miss:system_changed'),
    shows: places('claude-cost', 'Why the cache missed'),
  },
];
