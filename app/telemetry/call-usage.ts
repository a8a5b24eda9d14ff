/** Counts what one call used, tokens and dollars, as each of its attempts reports it. */
import type { Attributes } from '@opentelemetry/api';
import { type Charge, totalTokens, type Usage, type UsageReport } from '../anthropic/usage.ts';
import { ATTR_COST_DOLLARS, ATTR_UNPRICED } from './attributes.ts';
import { costOf, hasPrice, rounded } from './cost.ts';
import type { Instruments } from './instruments.ts';
import type { Counts, PlainFields } from './log-sink.ts';
import type { LabelValues } from './metric-definition.ts';
import { OTHER } from './model-labels.ts';
import type { TokenType } from './vocabulary.ts';

const NONE: ReadonlySet<string> = new Set();

type CostInstruments = Pick<
  Instruments,
  'tokens' | 'callerTokens' | 'cost' | 'unpriced' | 'malformedUsage'
>;

export interface CallUsageDeps {
  readonly instruments: CostInstruments;
  /** Milliseconds since the epoch: prices have days. */
  readonly wallClock: () => number;
}

export class CallUsage {
  readonly #deps: CallUsageDeps;
  readonly #caller: string;
  readonly #familyOf: (name: string) => string | undefined;
  /** Dollars of what has a price; undefined while nothing has. */
  #dollars: number | undefined;
  /** Labels of the models that have used what has no price, and is missing in the dollars. */
  #unpriced: ReadonlySet<string> = NONE;

  /** @param familyOf finds the configured model that a name belongs to */
  constructor(deps: CallUsageDeps, caller: string, familyOf: (name: string) => string | undefined) {
    this.#deps = deps;
    this.#caller = caller;
    this.#familyOf = familyOf;
  }

  /** Of the call's span. */
  attributes(): Attributes {
    return {
      ...(this.#dollars !== undefined && { [ATTR_COST_DOLLARS]: rounded(this.#dollars) }),
      ...(this.#unpriced.size > 0 && { [ATTR_UNPRICED]: true }),
    };
  }

  /** Of the call's log line. @param usage in sum; most calls do not use most kinds of tokens, and they are left out */
  line(usage: Usage | undefined): PlainFields {
    return {
      usage: usage && withoutZeros(usage),
      cost_dollars: this.#dollars === undefined ? undefined : rounded(this.#dollars),
      unpriced: this.#unpriced.size > 0 ? true : undefined,
    };
  }

  /** @param model the label of the model that answers, where its name belongs to no configured one */
  add({ charges, malformed }: UsageReport, model: string): void {
    if (malformed > 0) this.#deps.instruments.malformedUsage.add(malformed);
    for (const charge of charges) this.#addCharge(charge, model);
  }

  #addCharge(charge: Charge, answering: string): void {
    const { instruments, wallClock } = this.#deps;
    const model = this.#familyOf(charge.model) ?? (charge.isAdvisor ? OTHER : answering);
    this.#countTokens(charge.usage, model);
    if (totalTokens(charge.usage) === 0 && charge.usage.webSearches === 0) return;
    const dollars = costOf(charge, wallClock());
    if (dollars === undefined) this.#addUnpriced(model);
    else {
      this.#dollars = (this.#dollars ?? 0) + dollars;
      // A free answer may come from a model without a price, and such a model must not get a series of dollars.
      if (dollars > 0) instruments.cost.add(dollars, { model, caller: this.#caller });
    }
  }

  /** Counts calls, so that one with several attempts counts once. */
  #addUnpriced(model: string): void {
    if (!this.#unpriced.has(model)) this.#deps.instruments.unpriced.add(1, { model });
    this.#unpriced = new Set([...this.#unpriced, model]);
  }

  #countTokens(usage: Usage, model: string): void {
    const { instruments } = this.#deps;
    const caller = this.#caller;
    const add = (n: number, type: TokenType) => {
      // Most answers have no cached tokens, and adding 0 would create series that nobody needs.
      if (n === 0) return;
      instruments.tokens.add(n, { model, type });
      instruments.callerTokens.add(n, { caller, type });
    };
    add(usage.inputTokens, 'input');
    add(usage.outputTokens - usage.thinkingTokens, 'output');
    add(usage.thinkingTokens, 'thinking');
    add(usage.cacheReadTokens, 'cache_read');
    add(usage.cacheWrite5mTokens, 'cache_write_5m');
    add(usage.cacheWrite1hTokens, 'cache_write_1h');
    add(usage.estimatedOutputTokens, 'output_estimated');
  }
}

function withoutZeros(usage: Usage): Counts {
  const counts: Record<string, number> = {};
  for (const kind in usage) {
    const n = usage[kind as keyof Usage];
    if (n > 0) counts[kind] = n;
  }
  return counts;
}

/** More series of dollars than this wait for their first call: few have that many callers and models. */
const MAX_AT_ZERO = 1_000;

/**
 * Adds 0 to the series of money: `increase()` does not see the first dollars of one that appears with them. A model
 * without a price gets no dollars, not even none; nor does `other`, of which nobody knows whether it has one.
 */
export function createCostAtZero(
  instruments: Pick<Instruments, 'cost' | 'unpriced' | 'malformedUsage'>,
  { models, callers }: LabelValues,
): void {
  instruments.malformedUsage.add(0);
  for (const model of [...models, OTHER]) instruments.unpriced.add(0, { model });
  const priced = models.filter(hasPrice);
  if (priced.length * callers.length > MAX_AT_ZERO) return;
  for (const model of priced) {
    for (const caller of callers) instruments.cost.add(0, { model, caller });
  }
}
