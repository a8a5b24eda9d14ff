/** Game days of answers: they succeed, and something is wrong with them, with their price or with who asks. */
import { createHash } from 'node:crypto';
import type { GameDay } from '../game-day.ts';
import { EVERYDAY, type Shape } from '../traffic.ts';
import { page, ticket } from './expectations.ts';
import { injected, mayFire, risen } from './injected.ts';

const CALLERS = ['search', 'chat', 'reports'] as const;
const tokenOf = (name: string) => `token-of-${name}`;
const caller = (name: string) => ({
  name,
  token_sha256: createHash('sha256').update(tokenOf(name)).digest('hex'),
});
const withCallers =
  (...names: readonly string[]) =>
  () => ({
    CALLERS: JSON.stringify(names.map(caller)),
  });

const refused = (probability: number) =>
  ({ kind: 'stop_reason:refusal', category: 'cyber', probability }) as const;
const invalid = (probability: number) =>
  ({ kind: 'error_code:image_dimensions_too_large', probability }) as const;

const MEANING: readonly GameDay[] = [
  {
    name: 'refusals',
    fault: 'the model refuses a fifth of the calls, and not one in fifty as always',
    ...risen(refused(0.02), refused(0.2)),
    expected: [ticket('ClaudeRefusalsDoubled', 70)],
    clearS: 120,
  },
  {
    name: 'max_tokens',
    fault: 'two answers in five end at max_tokens',
    ...injected({ kind: 'stop_reason:max_tokens', probability: 0.4 }),
    expected: [ticket('ClaudeMaxTokensShareHigh', 85, { labels: { model: 'claude-haiku-5-5' } })],
    clearS: 120,
  },
  {
    name: 'invalid_requests',
    fault: 'the API refuses half of what three callers send, and not one in fifty as always',
    settings: withCallers(...CALLERS),
    load: CALLERS.map((name) => ({ perSecond: 8, token: tokenOf(name) })),
    ...risen(invalid(0.02), invalid(0.5)),
    always: ['HighClaudeErrorRate'],
    expected: [page('ClaudeInvalidRequestsJump', 30)],
    companions: mayFire('it counts errors a second', 'HighClaudeErrorRate'),
  },
  {
    name: 'probe_failing',
    fault: 'every call of the probe fails, and users’ calls do not',
    settings: withCallers('probe', 'search'),
    load: [
      { perSecond: 1, token: tokenOf('probe'), model: 'claude-sonnet-5-5' },
      { perSecond: 60, token: tokenOf('search') },
    ],
    ...injected({ kind: 'error_500', model: 'claude-sonnet-5-5' }),
    expected: [page('ClaudeProbeFailing', 25, { labels: { objective: 'availability' } })],
    companions: mayFire('the probe’s own calls and their retries count too', 'HighClaudeErrorRate'),
  },
  {
    name: 'model_retiring',
    fault: 'the model in use retires in five days',
    tuning: { models: { everyMs: 1_000 } },
    on: ({ simulator }) => simulator.setModels({ 'claude-haiku-5-5': 5 }),
    off: ({ simulator }) => simulator.setModels({}),
    expected: [
      ticket('ClaudeModelRetiring', 75, { labels: { model: 'claude-haiku-5-5' } }),
      page('ClaudeModelRetiresSoon', 75, { labels: { model: 'claude-haiku-5-5' } }),
    ],
  },
];

/** A prompt that is worth caching; a date at its front makes each its own. */
const PROMPT = 'Answer as a careful librarian would, and name your sources. '.repeat(200);
const cached = (front: (n: number) => string): Shape[] => [
  {
    perSecond: 15,
    fields: (n) => ({
      system: [{ type: 'text', text: front(n) + PROMPT, cache_control: { type: 'ephemeral' } }],
    }),
  },
];

/** A hundred thousand tokens there, and as many back. */
const HUGE = {
  max_tokens: 200_000,
  messages: [{ role: 'user', content: 'all work and no play '.repeat(20_000) }],
};

const MONEY: readonly GameDay[] = [
  {
    name: 'cache_collapse',
    fault: 'a release puts the time in front of the cached prompt',
    load: cached(() => ''),
    on: ({ traffic }) => traffic.make(cached((n) => `It is ${Date.now()} ${n}. `)),
    off: ({ traffic }) => traffic.make(cached(() => '')),
    expected: [ticket('ClaudeCacheHitsCollapsed', 85, { labels: { model: 'claude-haiku-5-5' } })],
    clearS: 120,
  },
  {
    name: 'spend_loop',
    fault: 'a loop that nobody watches sends a huge prompt every other second',
    on: ({ traffic }) =>
      traffic.make([...EVERYDAY, { perSecond: 0.5, model: 'claude-opus-5-5', fields: HUGE }]),
    off: ({ traffic }) => traffic.make(EVERYDAY),
    expected: [ticket('ClaudeSpendRateHigh', 170)],
    companions: mayFire('a huge prompt takes its time', 'ClaudeP99Latency'),
    clearS: 120,
  },
  {
    name: 'unknown_model',
    fault: 'callers use a model that has no price',
    on: ({ traffic }) => traffic.make([...EVERYDAY, { perSecond: 2, model: 'claude-of-tomorrow' }]),
    off: ({ traffic }) => traffic.make(EVERYDAY),
    expected: [ticket('ClaudeUnpricedCalls', 15)],
    clearS: 150,
  },
  {
    name: 'usage_malformed',
    fault: 'one answer in ten has its token counts as text',
    ...injected({ kind: 'usage:malformed', probability: 0.1 }),
    expected: [ticket('ClaudeUsageMalformed', 15)],
    clearS: 150,
  },
];

export const ANSWER_DAYS: readonly GameDay[] = [...MEANING, ...MONEY];
