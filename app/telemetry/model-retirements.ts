/** When the configured models retire, as upstreams have said in lists of models. */
import type { MetricProducer } from '@opentelemetry/sdk-metrics';
import type { ModelFacts } from '../anthropic/models.ts';
import { METRICS } from './metric-catalogue.ts';
import { createModelFamilies } from './model-labels.ts';
import { createProducer, gauge } from './produced-gauges.ts';

/** IDs that are kept of one family: what an upstream invents beyond them fills no memory. */
const MAX_IDS = 64;

export class ModelRetirements {
  readonly #familyOf: (name: string) => string | undefined;
  /** Milliseconds since the epoch by ID, by family; of IDs with a day alone. */
  readonly #days = new Map<string, Map<string, number>>();

  /** @param models configured names */
  constructor(models: readonly string[]) {
    this.#familyOf = createModelFamilies(models);
  }

  /** Learns from an answer that names some models: the others stay as they were. */
  learn(models: readonly ModelFacts[]): void {
    for (const { id, retiresAtMs } of models) {
      const family = this.#familyOf(id);
      if (family === undefined) continue;
      const days = this.#days.get(family) ?? new Map<string, number>();
      this.#days.set(family, days);
      if (retiresAtMs === null) days.delete(id);
      else if (days.has(id) || days.size < MAX_IDS) days.set(id, retiresAtMs);
    }
  }

  /**
   * Learns from the whole list. IDs that have left it are forgotten while others of their family are in it;
   * a family that is gone entirely has retired, and keeps the day on which it did.
   */
  learnAll(models: readonly ModelFacts[]): void {
    for (const { id } of models) this.#days.delete(this.#familyOf(id) ?? '');
    this.learn(models);
  }

  /** @returns for each family with a day the first one, milliseconds since the epoch */
  first(): readonly (readonly [model: string, ms: number])[] {
    return [...this.#days]
      .filter(([, days]) => days.size > 0)
      .map(([family, days]) => [family, Math.min(...days.values())]);
  }
}

/** @param now milliseconds since the epoch @returns the gauge of the days that are known at each scrape */
export function createRetirementProducer(
  retirements: ModelRetirements,
  now: () => number,
): MetricProducer {
  return createProducer((nowMs) => {
    const points = retirements.first().map(([model, ms]) => [ms / 1_000, { model }] as const);
    return [gauge(METRICS.modelRetirement, points, nowMs)];
  }, now);
}
