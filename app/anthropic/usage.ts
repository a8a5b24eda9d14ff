/**
 * What answers of the Messages API used, in the parts that have a price of their own.
 * https://docs.anthropic.com/en/api/messages#response-usage
 */

/** Counts of what was used; no token is in two of them, but for `thinkingTokens`. */
export interface Usage {
  /** Of the prompt, neither read from the cache nor written to it. */
  readonly inputTokens: number;
  /** As reported, thinking included. */
  readonly outputTokens: number;
  /** The part of `outputTokens` that was thinking. */
  readonly thinkingTokens: number;
  readonly cacheReadTokens: number;
  /** Written to the cache for five minutes. */
  readonly cacheWrite5mTokens: number;
  /** Written to the cache for an hour. */
  readonly cacheWrite1hTokens: number;
  /** Of a stream that ended early: what it produced after its last report, by an estimate. */
  readonly estimatedOutputTokens: number;
  readonly webSearches: number;
}

/** What one model used at one price: an answer has one, or several where it says so. */
export interface Charge {
  /** As the upstream named it; where it did not, as the caller did. */
  readonly model: string;
  /** Another model that the one which answers has consulted. */
  readonly isAdvisor: boolean;
  readonly usage: Usage;
  readonly fast: boolean;
  /** Processed as part of a Message Batch. */
  readonly batch: boolean;
  /** Inference was kept in the United States. */
  readonly inUs: boolean;
  /** The model declined before it wrote anything, which is reported and not billed. */
  readonly isFree: boolean;
}

/** What an answer says of its use. */
export interface UsageReport {
  /** Empty where it says nothing that can be read. */
  readonly charges: readonly Charge[];
  /** Fields that were no count, or were missing; each was ignored. */
  readonly malformed: number;
}

export const NO_USAGE: Usage = {
  inputTokens: 0,
  outputTokens: 0,
  thinkingTokens: 0,
  cacheReadTokens: 0,
  cacheWrite5mTokens: 0,
  cacheWrite1hTokens: 0,
  estimatedOutputTokens: 0,
  webSearches: 0,
};

/** Adds up what several attempts, or several models, used. */
export function addUsage(a: Usage, b: Usage): Usage {
  return {
    inputTokens: a.inputTokens + b.inputTokens,
    outputTokens: a.outputTokens + b.outputTokens,
    thinkingTokens: a.thinkingTokens + b.thinkingTokens,
    cacheReadTokens: a.cacheReadTokens + b.cacheReadTokens,
    cacheWrite5mTokens: a.cacheWrite5mTokens + b.cacheWrite5mTokens,
    cacheWrite1hTokens: a.cacheWrite1hTokens + b.cacheWrite1hTokens,
    estimatedOutputTokens: a.estimatedOutputTokens + b.estimatedOutputTokens,
    webSearches: a.webSearches + b.webSearches,
  };
}

/** @returns what all charges of an answer used together; undefined where it has none */
export function usageOf({ charges }: UsageReport): Usage | undefined {
  const [first, ...rest] = charges;
  return first && rest.reduce((sum, { usage }) => addUsage(sum, usage), first.usage);
}

/** @returns the tokens of the whole prompt, cached or not */
export function promptTokens(usage: Usage): number {
  const { inputTokens, cacheReadTokens, cacheWrite5mTokens, cacheWrite1hTokens } = usage;
  return inputTokens + cacheReadTokens + cacheWrite5mTokens + cacheWrite1hTokens;
}

/** @returns prompt and output together, estimates included */
export function totalTokens(usage: Usage | undefined): number {
  if (!usage) return 0;
  return promptTokens(usage) + usage.outputTokens + usage.estimatedOutputTokens;
}
