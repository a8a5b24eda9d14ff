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

const HAIKU = { model: 'claude-haiku-5-5' };

/** Both rules wait for an hour. */
const RETIRING = { notBefore: 60, within: 75, clearsWithin: 5, labels: HAIKU };

const MEANING: readonly GameDay[] = [
  {
    name: 'refusals',
    fault: 'the model refuses a fifth of the calls, and not one in fifty as always',
    ...risen(refused(0.02), refused(0.2)),
    expected: [ticket('ClaudeRefusalsDoubled', { notBefore: 30, within: 46, clearsWithin: 76 })],
  },
  {
    name: 'max_tokens',
    fault: 'two answers in five end at max_tokens',
    ...injected({ kind: 'stop_reason:max_tokens', probability: 0.4 }),
    expected: [
      // Half an hour until a fifth of the hour's answers are cut, and the rule waits for another.
      ticket('ClaudeMaxTokensShareHigh', {
        notBefore: 50,
        within: 83,
        clearsWithin: 42,
        labels: HAIKU,
      }),
    ],
  },
  {
    name: 'invalid_requests',
    fault: 'the API refuses half of what three callers send, and not one in fifty as always',
    settings: withCallers(...CALLERS),
    load: CALLERS.map((name) => ({ perSecond: 8, token: tokenOf(name) })),
    ...risen(invalid(0.02), invalid(0.5)),
    expected: [page('ClaudeInvalidRequestsJump', { notBefore: 11, within: 21, clearsWithin: 13 })],
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
    expected: [
      page('ClaudeProbeFailing', {
        notBefore: 13,
        within: 21,
        clearsWithin: 4,
        labels: { objective: 'availability' },
      }),
    ],
    companions: mayFire('the probe’s own calls and their retries count too', 'HighClaudeErrorRate'),
  },
  {
    name: 'model_retiring',
    fault: 'the model in use retires in five days',
    tuning: { models: { everyMs: 1_000 } },
    on({ simulator }) {
      simulator.setModels({ 'claude-haiku-5-5': 5 });
      return () => simulator.setModels({});
    },
    expected: [ticket('ClaudeModelRetiring', RETIRING), page('ClaudeModelRetiresSoon', RETIRING)],
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

/** Calls of this shape come besides those of every day. */
const besides = (shape: Shape): Pick<GameDay, 'on'> => ({
  on({ traffic }) {
    traffic.make([...EVERYDAY, shape]);
    return () => traffic.make(EVERYDAY);
  },
});

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
    on({ traffic }) {
      traffic.make(cached((n) => `It is ${Date.now()} ${n}. `));
      return () => traffic.make(cached(() => ''));
    },
    expected: [
      // Half an hour until the hour's share is half the day's, and the rule waits for another.
      ticket('ClaudeCacheHitsCollapsed', {
        notBefore: 50,
        within: 83,
        clearsWithin: 41,
        labels: HAIKU,
      }),
    ],
  },
  {
    name: 'spend_loop',
    fault: 'a loop that nobody watches sends a huge prompt every other second',
    ...besides({ perSecond: 0.5, model: 'claude-opus-5-5', fields: HUGE }),
    expected: [ticket('ClaudeSpendRateHigh', { notBefore: 100, within: 170, clearsWithin: 68 })],
  },
  {
    name: 'unknown_model',
    fault: 'callers use a model that has no price',
    ...besides({ perSecond: 2, model: 'claude-of-tomorrow' }),
    expected: [ticket('ClaudeUnpricedCalls', { notBefore: 5, within: 9, clearsWithin: 98 })],
  },
  {
    name: 'usage_malformed',
    fault: 'one answer in ten has its token counts as text',
    ...injected({ kind: 'usage:malformed', probability: 0.1 }),
    expected: [ticket('ClaudeUsageMalformed', { notBefore: 5, within: 10, clearsWithin: 98 })],
  },
];

export const ANSWER_DAYS: readonly GameDay[] = [...MEANING, ...MONEY];
