/**
 * The organisation's bill: what the simulator's answers cost at list price, and the cost report of the Admin API
 * (beta) in the shape of the official SDK, resources/beta/organization/analytics/cost. The prices are written down
 * here once more, so that whoever compares a bill with them compares two derivations.
 */
import type { Message } from './content.ts';

/** US dollars for a million tokens: input, output, cache written for 5 minutes and for an hour, cache read. */
const PRICES: readonly (readonly [line: RegExp, prices: readonly number[]])[] = [
  [/^claude-opus-5-5/, [4, 20, 5, 8, 0.2]],
  [/^claude-sonnet-5-5/, [2, 10, 2.5, 4, 0.1]],
  [/^claude-haiku-5-5/, [0.1, 0.5, 0.125, 0.2, 0.01]],
];
/** Of Haiku 5.5, for a prompt over 100,000 tokens. */
const LONG_PROMPT = { tokens: 100_000, factor: 5 } as const;
const SEARCH_CENTS = 1;
const BETA = 'analytics-usage-cost-2026-08-24';
const DEFAULT_LIMIT = 20;
const HOUR_MS = 3_600_000;

interface Entry {
  readonly atMs: number;
  readonly model: string;
  readonly costType: 'tokens' | 'web_search';
  readonly cents: number;
}

/** @returns the price of an answer's tokens in cents; 0 for a model that it does not know */
function centsOf({ model, tokens }: Message): number {
  const { input, output, cache, terms } = tokens;
  const [, prices = []] = PRICES.find(([line]) => line.test(model)) ?? [];
  const fresh = Math.max(0, input - cache.read - cache.written5m - cache.written1h);
  const counts = [fresh, output, cache.written5m, cache.written1h, cache.read];
  const millionths = counts.reduce((sum, count, i) => sum + count * (prices[i] ?? 0), 0);
  const isLong = input > LONG_PROMPT.tokens && model.startsWith('claude-haiku-5-5');
  const factors = [
    isLong ? LONG_PROMPT.factor : 1,
    terms.speed === 'fast' && model.startsWith('claude-opus-5-5') ? 2 : 1,
    terms.inferenceGeo === 'us' ? 1.1 : 1,
  ];
  return factors.reduce((product, factor) => product * factor, millionths / 10_000);
}

export class Bill {
  #entries: Entry[] = [];

  /** Bills an answer that is given, whatever becomes of it on its way. */
  add(message: Message, atMs: number): void {
    const model = message.model.replace(/-\d{8}$/, '');
    this.#entries.push({ atMs, model, costType: 'tokens', cents: centsOf(message) });
    const searches = message.tokens.terms.webSearches;
    if (searches > 0) {
      this.#entries.push({ atMs, model, costType: 'web_search', cents: searches * SEARCH_CENTS });
    }
    // A long load test would fill the memory; only the last answers of it are compared.
    if (this.#entries.length > 200_000) this.#entries = this.#entries.slice(-100_000);
  }

  /**
   * @param beta the header `anthropic-beta`
   * @returns a page of the report: a row for each model and kind of cost, whatever is asked to be grouped
   * @throws {TypeError} in the words of the API
   */
  report(query: URLSearchParams, beta: string, nowMs: number): object {
    if (!beta.split(',').some((one) => one.trim() === BETA)) {
      throw new TypeError(`anthropic-beta: this endpoint requires ${BETA}`);
    }
    const startMs = timeOf(query, 'starting_at');
    const endMs = query.has('ending_at') ? timeOf(query, 'ending_at') : nowMs;
    const limit = Number(query.get('limit') ?? DEFAULT_LIMIT);
    const from = Number(query.get('page')?.replace('page_', '') ?? 0);
    if (!(Number.isInteger(limit) && limit >= 1 && limit <= 1_000)) {
      throw new TypeError('limit: must be from 1 to 1000');
    }
    const rows = this.#rows(startMs, endMs);
    const hasMore = from + limit < rows.length;
    return {
      data: rows.slice(from, from + limit),
      has_more: hasMore,
      next_page: hasMore ? `page_${from + limit}` : null,
      data_refreshed_at: new Date(nowMs).toISOString(),
    };
  }

  #rows(startMs: number, endMs: number): object[] {
    const within = this.#entries.filter(({ atMs }) => atMs >= startMs && atMs < endMs);
    const groups = Map.groupBy(within, ({ model, costType }) => `${model} ${costType}`);
    return [...groups.values()].map((entries) => {
      const cents = entries.reduce((sum, entry) => sum + entry.cents, 0).toFixed(10);
      const [first] = entries as [Entry];
      return {
        starting_at: new Date(startMs).toISOString(),
        ending_at: new Date(endMs).toISOString(),
        cost: { amount: cents, list_amount: cents, currency: 'USD', requests: null },
        group: { model: first.model, cost_type: first.costType, token_type: null },
      };
    });
  }
}

/** @returns the time, without its minutes: the report covers whole hours */
function timeOf(query: URLSearchParams, name: string): number {
  const ms = Date.parse(query.get(name) ?? '');
  if (Number.isNaN(ms)) throw new TypeError(`${name}: must be an RFC 3339 time`);
  return Math.floor(ms / HOUR_MS) * HOUR_MS;
}
