/** Finds the configured model that a name belongs to, so that only configured names become labels. */
import { plainPart } from '../anthropic/plain-text.ts';
import type { Operation } from './vocabulary.ts';

/** Callers and upstreams may name a model of any length; telemetry keeps this much of it. */
const MAX_MODEL_LENGTH = 128;

/** The label of a call whose models are not configured, and of one without a model. */
export const OTHER = 'other';
/** The label of a call that was refused before its model was read. */
export const UNKNOWN = 'unknown';

/**
 * What surrounds a name where it is sold: a region and a vendor (`eu.anthropic.claude-…`), a date or `latest`,
 * a version (`-v1:0`).
 */
const BEFORE = /^(?:[a-z]{2,8}\.)?anthropic[./]/;
const VERSION = /-v\d{1,2}(?::\d{1,4})?$/;
const DATE = /[-@](?:20\d{6}|latest)$/;

/** @returns a model's name as spans and log lines show it, whoever made it up */
export function shownModel(name: string): string {
  return plainPart(name, MAX_MODEL_LENGTH);
}

/** @returns what finds a name's configured model, itself or without its date; undefined if there is none */
export function createModelFamilies(
  models: readonly string[],
): (name: string) => string | undefined {
  const configured = new Set(models);
  const known = (name: string) => (configured.has(name) ? name : undefined);
  return (name) => {
    // Most names are configured as they are, which this finds without a regular expression.
    if (name.length > MAX_MODEL_LENGTH) return undefined;
    return known(name) ?? known(name.replace(BEFORE, '').replace(VERSION, '').replace(DATE, ''));
  };
}

const NAMES_A_MODEL: ReadonlySet<Operation> = new Set(['chat', 'count_tokens']);

/** @returns the label of a call whose models are not configured: a refused one has no model yet */
export function labelWithoutFamily(call: {
  readonly model: string;
  readonly operation: Operation;
}): string {
  return call.model === '' && NAMES_A_MODEL.has(call.operation) ? UNKNOWN : OTHER;
}
