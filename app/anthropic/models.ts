/** Reads what the API says about its models: when they retire. https://docs.anthropic.com/en/api/models-list */
import { timeOf } from './api-time.ts';

/** When one model retires, as far as the API says. */
export interface ModelFacts {
  /** In full, with its date if it has one. */
  readonly id: string;
  /** Milliseconds since the epoch; null while no day is set. */
  readonly retiresAtMs: number | null;
}

/** A page of the list. */
export interface ModelsPage {
  readonly models: readonly ModelFacts[];
  /** What the next page begins after; undefined for the last page. */
  readonly next: string | undefined;
}

type Json = Readonly<Record<string, unknown>>;

/** The API's own largest page. */
export const MAX_PAGE = 1_000;
const MAX_ID_LENGTH = 128;
/** The first Claude came in 2023; a day outside this range is a mistake, or a way to say that there is none. */
const EARLIEST_MS = Date.UTC(2023, 0, 1);
const LATEST_MS = Date.UTC(2100, 0, 1);

/** @param body a page of models, one model, or anything else, which has no models */
export function readModels(body: Json): ModelsPage {
  const { data, has_more: hasMore, last_id: lastId } = body;
  const listed: readonly unknown[] = Array.isArray(data) ? data.slice(0, MAX_PAGE) : [body];
  const next = hasMore === true && isId(lastId) ? lastId : undefined;
  return { models: listed.flatMap(factsOf), next };
}

/** @returns nothing for what is no model, or says nothing that can be read */
function factsOf(value: unknown): readonly ModelFacts[] {
  if (typeof value !== 'object' || value === null) return [];
  const { type, id, retires_at: retiresAt } = value as Json;
  if (type !== 'model' || !isId(id)) return [];
  if (retiresAt === null) return [{ id, retiresAtMs: null }];
  const retiresAtMs = typeof retiresAt === 'string' ? timeOf(retiresAt) : Number.NaN;
  return retiresAtMs >= EARLIEST_MS && retiresAtMs < LATEST_MS ? [{ id, retiresAtMs }] : [];
}

function isId(value: unknown): value is string {
  return typeof value === 'string' && value !== '' && value.length <= MAX_ID_LENGTH;
}
