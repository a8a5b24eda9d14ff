/**
 * Reads `usage` of an answer: once of a complete one, in two parts of a stream. What is no count is ignored
 * field by field, because a gateway's odd field must not cost the rest, and never becomes a number.
 */
import { isObject, type Json } from './messages.ts';
import { type Charge, NO_USAGE, type Usage, type UsageReport } from './usage.ts';

/** No answer comes near it, and one absurd report must not spoil a counter for good. */
const MAX_COUNT = 100_000_000;
/** A server-side loop stops after ten by itself. */
const MAX_ITERATIONS = 100;
/** Iterations whose tokens are in the top-level sums of output, and those that are in none. */
const ANSWERING: ReadonlySet<unknown> = new Set(['message', 'fallback_message']);
const BESIDE: ReadonlySet<unknown> = new Set(['compaction', 'advisor_message']);

/** What is known of an answer besides its `usage`. */
export interface AnswerFacts {
  readonly model: string;
  readonly stopReason?: string | undefined;
  /** Whether it is part of a Message Batch, even where its tier is not reported. */
  readonly batch?: boolean;
  readonly estimatedOutputTokens?: number;
}

export class UsageReader {
  #malformed = 0;
  #usage: Usage | undefined;
  #iterations: readonly unknown[] = [];
  #fast = false;
  #batch = false;
  #inUs = false;

  /** Output tokens as reported so far; undefined before the first report. */
  get outputTokens(): number | undefined {
    return this.#usage?.outputTokens;
  }

  /**
   * Reads one report. Counts are cumulative, so the last one of each holds even where it is smaller, and one
   * that this report lacks is kept from the report before.
   * @param value `usage` of a message, or of `message_delta`
   * @returns whether it says how much output there was
   */
  read(value: unknown): boolean {
    if (!isObject(value)) {
      this.#malformed += 1;
      return false;
    }
    const before = this.#usage;
    const thinking = this.#part(value, 'output_tokens_details');
    const tools = this.#part(value, 'server_tool_use');
    this.#usage = {
      inputTokens: this.#count(value, 'input_tokens', before?.inputTokens, !before),
      outputTokens: this.#count(value, 'output_tokens', before?.outputTokens, true),
      thinkingTokens: this.#count(thinking, 'thinking_tokens', before?.thinkingTokens),
      cacheReadTokens: this.#count(value, 'cache_read_input_tokens', before?.cacheReadTokens),
      ...this.#cacheWrites(value, before ?? NO_USAGE),
      estimatedOutputTokens: 0,
      webSearches: this.#count(tools, 'web_search_requests', before?.webSearches),
    };
    this.#fast = this.#isText(value, 'speed', 'fast', this.#fast);
    this.#batch = this.#isText(value, 'service_tier', 'batch', this.#batch);
    this.#inUs = this.#isText(value, 'inference_geo', 'us', this.#inUs);
    this.#iterations = this.#list(value, 'iterations') ?? this.#iterations;
    return isCount(value['output_tokens']);
  }

  /** @returns what was read, once there is no more to read; call it once */
  report(facts: AnswerFacts): UsageReport {
    const { model, stopReason, batch = false, estimatedOutputTokens = 0 } = facts;
    const read = this.#usage;
    if (!read && estimatedOutputTokens === 0) return { charges: [], malformed: this.#malformed };
    const usage = { ...(read ?? NO_USAGE), estimatedOutputTokens };
    if (usage.thinkingTokens > usage.outputTokens) {
      this.#malformed += 1;
      usage.thinkingTokens = usage.outputTokens;
    }
    const charge: Charge = {
      model,
      isAdvisor: false,
      usage,
      fast: this.#fast,
      batch: batch || this.#batch,
      inUs: this.#inUs,
      isFree: stopReason === 'refusal' && usage.outputTokens + estimatedOutputTokens === 0,
    };
    const charges = this.#iterations.length > 0 ? this.#chargesOfIterations(charge) : [charge];
    return { charges, malformed: this.#malformed };
  }

  /** A stream reports the split by lifetime at its start alone, and later sums; without a split it is five minutes. */
  #cacheWrites(value: Json, before: Usage) {
    const { cacheWrite5mTokens: five, cacheWrite1hTokens: hour } = before;
    const split = this.#part(value, 'cache_creation');
    const sum = this.#count(value, 'cache_creation_input_tokens', five + hour);
    if (split) {
      const malformed = this.#malformed;
      const ofHour = this.#count(split, 'ephemeral_1h_input_tokens');
      const ofFive = this.#count(split, 'ephemeral_5m_input_tokens');
      // A split that has nothing of a sum splits nothing.
      if (malformed === this.#malformed && ofHour + ofFive > 0)
        return { cacheWrite5mTokens: ofFive, cacheWrite1hTokens: ofHour };
    }
    const stillHour = five === 0 && hour > 0 ? sum : Math.min(hour, sum);
    return { cacheWrite5mTokens: sum - stillHour, cacheWrite1hTokens: stillHour };
  }

  /**
   * Some sums leave out what is billed: every entry has tokens of its own, and a model of its own where it is not
   * the one that answers.
   */
  #chargesOfIterations(whole: Charge): readonly Charge[] {
    const entries = this.#iterations.slice(0, MAX_ITERATIONS);
    const answering = this.#entries(entries, ANSWERING, whole);
    const output = answering.reduce((sum, { usage }) => sum + usage.outputTokens, 0);
    const beside = this.#entries(entries, BESIDE, whole);
    const known = entries.filter((one) => isEntry(one, ANSWERING) || isEntry(one, BESIDE)).length;
    this.#malformed += this.#iterations.length - known;
    // A stream that was cut has entries that are older than its sums.
    if (answering.length === 0 || output < whole.usage.outputTokens) return [whole, ...beside];
    return [...withRest(answering, whole.usage), ...beside];
  }

  #entries(entries: readonly unknown[], types: ReadonlySet<unknown>, whole: Charge): Charge[] {
    const fellBack = entries.some((one) => isObject(one) && one['type'] === 'fallback_message');
    return entries
      .filter((one): one is Json => isEntry(one, types))
      .map((entry) => {
        const usage = this.#usageOfEntry(entry);
        const isAdvisor = entry['type'] === 'advisor_message';
        const { model } = entry;
        const declined = fellBack && entry['type'] === 'message' && usage.outputTokens === 0;
        return {
          ...whole,
          usage,
          isAdvisor,
          model: typeof model === 'string' && model !== '' ? model : whole.model,
          fast: whole.fast && !isAdvisor,
          isFree: declined || (whole.isFree && ANSWERING.has(entry['type'])),
        };
      });
  }

  #usageOfEntry(entry: Json): Usage {
    return {
      ...NO_USAGE,
      inputTokens: this.#count(entry, 'input_tokens', 0, true),
      outputTokens: this.#count(entry, 'output_tokens', 0, true),
      cacheReadTokens: this.#count(entry, 'cache_read_input_tokens'),
      ...this.#cacheWrites(entry, NO_USAGE),
    };
  }

  /** @returns the count of this name; `before` where there is none, null included */
  #count(value: Json | undefined, name: string, before = 0, required = false): number {
    const count = value?.[name];
    if (isCount(count)) return count;
    if (required || (count !== undefined && count !== null)) this.#malformed += 1;
    return before;
  }

  #part(value: Json, name: string): Json | undefined {
    const part = value[name];
    if (isObject(part)) return part;
    if (part !== undefined && part !== null) this.#malformed += 1;
    return undefined;
  }

  #list(value: Json, name: string): readonly unknown[] | undefined {
    const list = value[name];
    if (Array.isArray(list)) return list;
    if (list !== undefined && list !== null) this.#malformed += 1;
    return undefined;
  }

  #isText(value: Json, name: string, wanted: string, before: boolean): boolean {
    const text = value[name];
    if (typeof text === 'string') return text === wanted;
    if (text !== undefined && text !== null) this.#malformed += 1;
    return before;
  }
}

function isCount(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) <= MAX_COUNT;
}

function isEntry(entry: unknown, types: ReadonlySet<unknown>): boolean {
  return isObject(entry) && types.has(entry['type']);
}

/** Thinking, searches and the estimate are reported for the answer as a whole: its last iteration gets what fits. */
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
