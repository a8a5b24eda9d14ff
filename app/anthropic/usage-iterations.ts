/**
 * Reads `usage.iterations` of the beta API. Where it is there it is what is billed: compactions and advisors are in
 * no top-level sum, and an entry may be of another model than the one that answers.
 * https://platform.claude.com/docs/en/build-with-claude/compaction-threshold
 */
import { isObject, type Json } from './messages.ts';
import { type Charge, NO_USAGE, type Usage } from './usage.ts';
import type { UsageFields } from './usage-fields.ts';

/** A loop of the API stops after ten by itself. */
const MAX_ITERATIONS = 100;
/** Entries whose output is in the top-level sum, and those that are in none. */
const ANSWERING = ['message', 'fallback_message'];
const BESIDE = ['compaction', 'advisor_message'];

/**
 * @param whole the charge of the top-level sums
 * @returns the charges in its place
 */
export function chargesOfIterations(
  iterations: readonly unknown[],
  whole: Charge,
  fields: UsageFields,
): readonly Charge[] {
  const entries = iterations.slice(0, MAX_ITERATIONS).filter(isKnown);
  fields.malformed += iterations.length - entries.length;
  const fellBack = entries.some(({ type }) => type === 'fallback_message');
  const charges = (types: readonly unknown[]) =>
    entries
      .filter(({ type }) => types.includes(type))
      .map((entry) => chargeOf(entry, whole, fellBack, fields));
  const answering = charges(ANSWERING);
  const beside = charges(BESIDE);
  const output = answering.reduce((sum, { usage }) => sum + usage.outputTokens, 0);
  // In a stream that was cut, entries may be older than the sums.
  if (answering.length === 0 || output < whole.usage.outputTokens) return [whole, ...beside];
  return [...withRest(answering, whole.usage), ...beside];
}

function isKnown(entry: unknown): entry is Json {
  return isObject(entry) && [...ANSWERING, ...BESIDE].some((type) => type === entry['type']);
}

/** @param fellBack whether a model before the last has declined: one that wrote nothing is not billed */
function chargeOf(entry: Json, whole: Charge, fellBack: boolean, fields: UsageFields): Charge {
  const { type, model } = entry;
  const usage = {
    ...NO_USAGE,
    inputTokens: fields.count(entry, 'input_tokens', 0, true),
    outputTokens: fields.count(entry, 'output_tokens', 0, true),
    cacheReadTokens: fields.count(entry, 'cache_read_input_tokens'),
    ...fields.cacheWrites(entry, NO_USAGE),
  };
  const isAdvisor = type === 'advisor_message';
  const hasDeclined = fellBack && type === 'message' && usage.outputTokens === 0;
  return {
    ...whole,
    usage,
    isAdvisor,
    model: typeof model === 'string' && model !== '' ? model : whole.model,
    fast: whole.fast && !isAdvisor,
    isFree: hasDeclined || (whole.isFree && !BESIDE.some((one) => one === type)),
  };
}

/** Thinking is reported for the answer as a whole, and so are searches and the estimate: the last entry gets them. */
function withRest(answering: readonly Charge[], whole: Usage): Charge[] {
  const { estimatedOutputTokens, webSearches } = whole;
  let thinking = whole.thinkingTokens;
  return answering.map((charge, i) => {
    const thinkingTokens = Math.min(thinking, charge.usage.outputTokens);
    thinking -= thinkingTokens;
    const rest = i === answering.length - 1 ? { estimatedOutputTokens, webSearches } : {};
    return { ...charge, usage: { ...charge.usage, thinkingTokens, ...rest } };
  });
}
