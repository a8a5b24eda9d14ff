/** Reads what an answer used: `usage` comes once in a complete one, in two parts in a stream. */
import { isObject, type Json } from './messages.ts';
import { type Charge, NO_USAGE, promptTokens, type Usage, type UsageReport } from './usage.ts';
import { isCount, MAX_SEARCHES, UsageFields } from './usage-fields.ts';
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
  #reports = 0;
  #leastOutput = 0;
  #iterations: readonly unknown[] = [];
  #fast = false;
  #batch = false;
  #inUs = false;

  /** Output tokens as reported so far; undefined before the first report. */
  get outputTokens(): number | undefined {
    return this.#usage?.outputTokens;
  }

  /** Tokens of thinking as reported so far; 0 before the first report. */
  get thinkingTokens(): number {
    return this.#usage?.thinkingTokens ?? 0;
  }

  /**
   * Reads one report. Counts are running sums: one that this report lacks is kept from the report before, and so is
   * one that would take back what was reported.
   * @param value `usage` of a message, or of `message_delta`
   * @param hasWritten whether the answer has had content by now, which is not written with 0 tokens
   * @returns whether it says how much output there was
   */
  read(value: unknown, hasWritten = false): boolean {
    const fields = this.#fields;
    this.#reports += 1;
    if (!isObject(value)) {
      fields.malformed += 1;
      return false;
    }
    const before = this.#usage ?? NO_USAGE;
    const thinking = fields.part(value, 'output_tokens_details');
    const tools = fields.part(value, 'server_tool_use');
    const iterations = fields.list(value, 'iterations');
    const output = this.#outputOf(value, hasWritten);
    this.#usage = {
      ...this.#promptOf(value, before, iterations !== undefined),
      outputTokens: output ?? before.outputTokens,
      thinkingTokens: fields.sum(thinking, 'thinking_tokens', before.thinkingTokens),
      estimatedOutputTokens: 0,
      webSearches: fields.sum(tools, 'web_search_requests', before.webSearches, MAX_SEARCHES),
    };
    this.#fast = fields.isText(value, 'speed', 'fast', this.#fast);
    this.#batch = fields.isText(value, 'service_tier', 'batch', this.#batch);
    this.#inUs = fields.isText(value, 'inference_geo', 'us', this.#inUs);
    this.#iterations = iterations ?? this.#iterations;
    return output !== undefined;
  }

  /**
   * The first report of a stream is made before there is any output, so that the second may have less.
   * @returns undefined where the report has no count, or one that cannot be
   */
  #outputOf(value: Json, hasWritten: boolean): number | undefined {
    const count = value['output_tokens'];
    if (!isCount(count) || count < Math.max(this.#leastOutput, Number(hasWritten))) {
      this.#fields.malformed += 1;
      return undefined;
    }
    if (this.#reports > 1) this.#leastOutput = count;
    return count;
  }

  /**
   * A report may move tokens between the parts of a prompt, which does not become smaller by that; but where
   * iterations are listed, the sums may leave out the prompts of the first ones.
   */
  #promptOf(value: Json, before: Usage, hasIterations: boolean): Usage {
    const fields = this.#fields;
    const prompt = {
      ...NO_USAGE,
      inputTokens: fields.count(value, 'input_tokens', before.inputTokens, !this.#usage),
      cacheReadTokens: fields.count(value, 'cache_read_input_tokens', before.cacheReadTokens),
      ...fields.cacheWrites(value, before),
    };
    const now = promptTokens(prompt);
    if (now >= promptTokens(before) || (hasIterations && now > 0)) return prompt;
    fields.malformed += 1;
    return before;
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
