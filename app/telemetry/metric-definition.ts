/** The form of a metric in the catalogue, and the label values that several metrics share. */

/** Label values that come from the settings. */
export interface LabelValues {
  readonly models: readonly string[];
  readonly upstreams: readonly string[];
  readonly callers: readonly string[];
}

/** A label whose values are known only at run time. */
export interface ConfiguredLabel {
  /** For the documentation. */
  readonly text: string;
  /** How many values it has at most. */
  readonly count: (values: LabelValues) => number;
}

/** One metric of the catalogue. */
export type MetricDefinition = {
  readonly name: string;
  readonly unit: string;
  /** One sentence without its full stop. */
  readonly help: string;
  /** Each label's values, or where they come from. */
  readonly labels: Readonly<Record<string, readonly string[] | ConfiguredLabel>>;
} & (
  | { readonly kind: 'histogram'; readonly buckets: readonly number[] }
  | {
      /** A `produced_gauge` is not an instrument: its series are produced at each scrape. */
      readonly kind:
        | 'counter'
        | 'gauge'
        | 'up_down_counter'
        | 'observable_gauge'
        | 'produced_gauge';
      readonly buckets?: never;
    }
);

/** @param others how many values there are besides the configured ones */
const configured = (text: string, from: keyof LabelValues, others = 0): ConfiguredLabel => ({
  text,
  count: (values) => values[from].length + others,
});

export const MODEL = configured('configured models, other', 'models', 1);
/** Of metrics that count refused calls too. */
export const MODEL_OR_UNKNOWN = configured(
  'configured models, other, unknown (refused before its body was read)',
  'models',
  2,
);
/** Of durations: which models fail, and what else is asked about them, is told by counters. */
export const MODEL_OF_DURATION = configured(
  'configured models, other; absent unless it is a chat that did not fail',
  'models',
  2,
);
export const UPSTREAM = configured('configured upstreams', 'upstreams');
/** With callers configured, whoever has no valid token counts as anybody. */
export const CALLER = configured('configured callers, anybody', 'callers', 1);
/** The owners of keys. */
export const KEY_UPSTREAM = configured('configured upstreams, signing', 'upstreams', 1);
export const KEY_CALLER = configured('configured callers, shared, signing', 'callers', 2);
/** A configured model is limited alone or with others; each such family has limits of its own in fast mode. */
export const LIMIT_FAMILY: ConfiguredLabel = {
  text: 'models that share a rate limit, of the configured models, and other; …-fast in fast mode; count_tokens, batches, models for those routes',
  count: ({ models }) => 2 * (models.length + 1) + 3,
};
export const STREAM = ['true', 'false'];
