/** The models that the simulator knows, and the pages of their list. https://docs.anthropic.com/en/api/models-list */

const NAMES = ['Opus 5.5', 'Sonnet 5.5', 'Haiku 5.5'];

const DEPRECATED_AT = '2026-01-02T00:00:00Z';
const DAY_MS = 86_400_000;

/** Days from now until a model retires, by its ID; a model that is not here is active. */
export type DaysLeft = ReadonlyMap<string, number>;

const MODELS = NAMES.map((name) => ({
  type: 'model',
  id: `claude-${name.toLowerCase().replaceAll(/[ .]/g, '-')}`,
  display_name: `Claude ${name}`,
  created_at: '2026-01-01T00:00:00Z',
  line: name.split(' ')[0]?.toLowerCase(),
  capabilities: null,
  max_input_tokens: 1_000_000,
  max_tokens: 128_000,
}));

const DEFAULT_LIMIT = 20;
const MAX_DAYS = 3_650;

/**
 * @param id as callers write it; a dated ID belongs to its name
 * @returns undefined for a model that is not known
 */
export function findModel(id: string, daysLeft: DaysLeft): object | undefined {
  const found = MODELS.find((model) => id === model.id || isDated(id, model.id));
  return found && { ...withLifecycle(found, daysLeft), id };
}

/** A model whose day has passed stays deprecated until it has in fact retired, as the API says. */
function withLifecycle(model: (typeof MODELS)[number], daysLeft: DaysLeft) {
  const days = daysLeft.get(model.id);
  if (days === undefined) {
    return { ...model, lifecycle: 'active', deprecated_at: null, retires_at: null };
  }
  const retires_at = new Date(Date.now() + days * DAY_MS).toISOString();
  return { ...model, lifecycle: 'deprecated', deprecated_at: DEPRECATED_AT, retires_at };
}

/**
 * @param value IDs with their days left, as JSON
 * @throws {TypeError} naming what is wrong
 */
export function checkDaysLeft(value: unknown): DaysLeft {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new TypeError('models: must be an object');
  }
  const entries = Object.entries(value);
  for (const [id, days] of entries) {
    if (!MODELS.some((model) => model.id === id)) {
      throw new TypeError(`${id}: must be one of ${MODELS.map((model) => model.id).join(', ')}`);
    }
    if (!(typeof days === 'number' && Math.abs(days) <= MAX_DAYS)) {
      throw new TypeError(`${id}: must be a number of days from -${MAX_DAYS} to ${MAX_DAYS}`);
    }
  }
  return new Map(entries);
}

function isDated(id: string, name: string): boolean {
  return id.startsWith(`${name}-`) && /^\d{8}$/.test(id.slice(name.length + 1));
}

/** @param query `limit`, `after_id` and `before_id` of the request */
export function modelsPage(query: URLSearchParams, daysLeft: DaysLeft): object {
  const limit = Number(query.get('limit') ?? DEFAULT_LIMIT);
  const indexOf = (name: string) => MODELS.findIndex(({ id }) => id === query.get(name));
  const before = query.has('before_id') ? indexOf('before_id') : MODELS.length;
  const after = query.has('after_id') ? indexOf('after_id') + 1 : 0;
  const backwards = query.has('before_id');
  const data = backwards
    ? MODELS.slice(Math.max(0, before - limit), before)
    : MODELS.slice(after, after + limit);
  const hasMore = backwards ? before > limit : after + limit < MODELS.length;
  return {
    data: data.map((model) => withLifecycle(model, daysLeft)),
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
    has_more: hasMore,
  };
}
