/** What a charge costs by the price table at its time. */
import { type Charge, promptTokens, type Usage } from '../anthropic/usage.ts';
import { createModelFamilies } from './model-labels.ts';
import {
  MULTIPLIERS,
  PRICES,
  type Price,
  type Rates,
  WEB_SEARCHES_PER_THOUSAND,
} from './prices.ts';

/** A model of another name has no price: a name that only begins alike may cost another. */
const nameOf = createModelFamilies(Object.keys(PRICES));
const DIGITS = 1e12;

/** The prices of each model by the time from which they hold, milliseconds since the epoch. */
const TABLE: ReadonlyMap<string, readonly { readonly fromMs: number; readonly price: Price }[]> =
  new Map(
    Object.entries(PRICES).map(([model, prices]) => [
      model,
      prices.map((price) => ({ fromMs: price.from ? Date.parse(price.from) : 0, price })),
    ]),
  );

/**
 * @param atMs milliseconds since the epoch: a price holds from midnight UTC of its day
 * @returns dollars at list price; undefined where the model, or the speed that it ran at, has no known price
 */
export function costOf(charge: Charge, atMs: number): number | undefined {
  if (charge.isFree) return 0;
  const price = priceOf(charge.model, atMs);
  if (!price || (charge.fast && !price.hasFast)) return undefined;
  const { usage, fast, batch, inUs } = charge;
  const factor =
    (fast ? MULTIPLIERS.fast : 1) * (batch ? MULTIPLIERS.batch : 1) * (inUs ? MULTIPLIERS.inUs : 1);
  const { longPrompt } = price;
  const rates = longPrompt && promptTokens(usage) > longPrompt.above ? longPrompt : price;
  const tokens = (millionths(usage, rates) * factor) / 1_000_000;
  const searches = (usage.webSearches * WEB_SEARCHES_PER_THOUSAND) / 1_000;
  return rounded(tokens + searches);
}

/** Whether a model is in the price table. */
export function hasPrice(model: string): boolean {
  return nameOf(model) !== undefined;
}

/** Keeps every digit of one token's price, and none of the noise of binary fractions. */
export function rounded(dollars: number): number {
  return Math.round(dollars * DIGITS) / DIGITS;
}

/** Of an estimate as of what was reported: it is billed too. */
function millionths(usage: Usage, rates: Rates): number {
  return (
    usage.inputTokens * rates.input +
    (usage.outputTokens + usage.estimatedOutputTokens) * rates.output +
    usage.cacheReadTokens * rates.read +
    usage.cacheWrite5mTokens * rates.write5m +
    usage.cacheWrite1hTokens * rates.write1h
  );
}

function priceOf(model: string, atMs: number): Price | undefined {
  return TABLE.get(nameOf(model) ?? '')?.findLast(({ fromMs }) => fromMs <= atMs)?.price;
}
