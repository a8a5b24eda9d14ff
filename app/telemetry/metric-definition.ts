/** The form of a metric in the catalogue, and the label values that several metrics share. */

/** One metric of the catalogue. */
export type MetricDefinition = {
  readonly name: string;
  readonly unit: string;
  /** One sentence without its full stop. */
  readonly help: string;
  /** Each label's values, or a description of where they come from. */
  readonly labels: Readonly<Record<string, readonly string[] | string>>;
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

/** Label values that are known only at run time, described for the documentation. */
export const MODEL = 'configured models, other, unknown (refused before its body was read)';
export const UPSTREAM = 'configured upstreams';
export const CALLER = 'configured callers, or anybody';
export const STREAM = ['true', 'false'];
