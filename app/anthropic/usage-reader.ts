/** Reads what an answer used: `usage` comes once in a complete one, in two parts in a stream. */
import { isObject } from './messages.ts';
import { type Charge, NO_USAGE, type Usage, type UsageReport } from './usage.ts';
import { isCount, UsageFields } from './usage-fields.ts';
import { chargesOfIterations } from './usage-iterations.ts';

/** What is known of an answer besides its `usage`. */
export interface AnswerFacts {
  readonly model: string;
  readonly stopReason?: string | undefined;
  /** Whether it is part of a Message Batch, even where its tier is not reported. */
  readonly batch?: boolean;
  readonly estimatedOutputTokens?: number;
}

export class UsageReader {
  readonly #fields = new UsageFields();
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
    const fields = this.#fields;
    if (!isObject(value)) {
      fields.malformed += 1;
      return false;
    }
    const before = this.#usage;
    const thinking = fields.part(value, 'output_tokens_details');
    const tools = fields.part(value, 'server_tool_use');
    this.#usage = {
      inputTokens: fields.count(value, 'input_tokens', before?.inputTokens, !before),
      outputTokens: fields.count(value, 'output_tokens', before?.outputTokens, true),
      thinkingTokens: fields.count(thinking, 'thinking_tokens', before?.thinkingTokens),
      cacheReadTokens: fields.count(value, 'cache_read_input_tokens', before?.cacheReadTokens),
      ...fields.cacheWrites(value, before ?? NO_USAGE),
      estimatedOutputTokens: 0,
      webSearches: fields.count(tools, 'web_search_requests', before?.webSearches),
    };
    this.#fast = fields.isText(value, 'speed', 'fast', this.#fast);
    this.#batch = fields.isText(value, 'service_tier', 'batch', this.#batch);
    this.#inUs = fields.isText(value, 'inference_geo', 'us', this.#inUs);
    this.#iterations = fields.list(value, 'iterations') ?? this.#iterations;
    return isCount(value['output_tokens']);
  }

  /** @returns what was read, once there is no more to read; call it once */
  report({ estimatedOutputTokens = 0, ...facts }: AnswerFacts): UsageReport {
    const fields = this.#fields;
    if (!this.#usage && estimatedOutputTokens === 0)
      return { charges: [], malformed: fields.malformed };
    const usage = { ...(this.#usage ?? NO_USAGE), estimatedOutputTokens };
    if (usage.thinkingTokens > usage.outputTokens) {
      fields.malformed += 1;
      usage.thinkingTokens = usage.outputTokens;
    }
    const charge = this.#chargeOf(usage, facts);
    const charges =
      this.#iterations.length > 0
        ? chargesOfIterations(this.#iterations, charge, fields)
        : [charge];
    return { charges, malformed: fields.malformed };
  }

  #chargeOf(usage: Usage, { model, stopReason, batch = false }: AnswerFacts): Charge {
    return {
      model,
      isAdvisor: false,
      usage,
      fast: this.#fast,
      batch: batch || this.#batch,
      inUs: this.#inUs,
      isFree: stopReason === 'refusal' && usage.outputTokens + usage.estimatedOutputTokens === 0,
    };
  }
}
