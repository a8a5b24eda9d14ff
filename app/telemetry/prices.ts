/**
 * What Claude's models cost, in US dollars for a million tokens, and since when. Compared with the published prices
 * on `PRICES_CHECKED_ON`; docs/cost.md tells how to do that again.
 * https://platform.claude.com/docs/en/about-claude/pricing
 */

/** The day of the last comparison, UTC. */
export const PRICES_CHECKED_ON = '2026-11-25';

/** Dollars for a million tokens of each kind. */
export interface Rates {
  readonly input: number;
  readonly output: number;
  readonly write5m: number;
  readonly write1h: number;
  readonly read: number;
}

/** What one model costs from a day on. */
export interface Price extends Rates {
  /** The first day of this price, UTC, YYYY-MM-DD; without one it holds since the model exists. */
  readonly from?: string;
  /** Whether the model has a fast mode, at `MULTIPLIERS.fast`: https://code.claude.com/docs/en/fast-mode */
  readonly hasFast?: true;
  /** The rates of the whole request when its prompt, cached or not, has over `above` tokens. */
  readonly longPrompt?: Rates & { readonly above: number };
}

/** Multipliers of all token rates; they multiply each other too. */
export const MULTIPLIERS = { fast: 2, batch: 0.5, inUs: 1.1 } as const;

/** Dollars for a thousand. */
export const WEB_SEARCHES_PER_THOUSAND = 10;

const FABLE_5 = { input: 10, output: 50, write5m: 12.5, write1h: 20, read: 1 };
const FABLE_5_1 = { ...FABLE_5, read: 0.25 };
const OPUS_5 = { input: 5, output: 25, write5m: 6.25, write1h: 10, read: 0.5 };
const SONNET_5 = { input: 2, output: 10, write5m: 2.5, write1h: 4, read: 0.2 };
const SONNET_4 = { input: 3, output: 15, write5m: 3.75, write1h: 6, read: 0.3 };

/**
 * By the model's name without a date; of several prices the last one that has begun holds. From the pricing page
 * unless a comment names another source.
 */
export const PRICES: Readonly<Record<string, readonly Price[]>> = {
  // From third parties: the release notes of 9 November 2026 tell of the model; its cache prices come from
  // archid21/rightsize v0.10.2, which reads them from the pricing page.
  'claude-fable-5-2': [
    { input: 8, output: 40, write5m: 10, write1h: 16, read: 0.2, hasFast: true },
  ],
  'claude-fable-5-1': [FABLE_5_1],
  'claude-fable-5': [FABLE_5],
  'claude-mythos-5-1': [FABLE_5_1],
  'claude-mythos-5': [FABLE_5],
  'claude-opus-5-5': [{ input: 4, output: 20, write5m: 5, write1h: 8, read: 0.2, hasFast: true }],
  'claude-opus-5': [{ ...OPUS_5, hasFast: true }],
  'claude-opus-4-8': [{ ...OPUS_5, hasFast: true }],
  'claude-opus-4-7': [OPUS_5],
  'claude-opus-4-6': [OPUS_5],
  'claude-opus-4-5': [OPUS_5],
  // The day of the cheaper cache reads comes from a third party: TheKrush/PromptFuel v1.0.23.
  'claude-sonnet-5-5': [SONNET_5, { ...SONNET_5, read: 0.1, from: '2026-10-07' }],
  'claude-sonnet-5': [SONNET_5],
  'claude-sonnet-4-6': [SONNET_4],
  'claude-sonnet-4-5': [SONNET_4],
  'claude-haiku-5-5': [
    {
      input: 0.1,
      output: 0.5,
      write5m: 0.125,
      write1h: 0.2,
      read: 0.01,
      longPrompt: {
        above: 100_000,
        input: 0.5,
        output: 2.5,
        write5m: 0.625,
        write1h: 1,
        read: 0.05,
      },
    },
  ],
  'claude-haiku-4-5': [{ input: 1, output: 5, write5m: 1.25, write1h: 2, read: 0.1 }],
};
