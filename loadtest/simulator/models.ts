/** The models that the simulator knows, and the pages of their list. https://docs.anthropic.com/en/api/models-list */

const NAMES = ['Opus 5.5', 'Sonnet 5.5', 'Haiku 5.5'];

export const MODELS = NAMES.map((name) => ({
  type: 'model',
  id: `claude-${name.toLowerCase().replaceAll(/[ .]/g, '-')}`,
  display_name: `Claude ${name}`,
  created_at: '2026-01-01T00:00:00Z',
  line: name.split(' ')[0]?.toLowerCase(),
  capabilities: null,
  lifecycle: 'active',
  deprecated_at: null,
  retires_at: null,
  max_input_tokens: 1_000_000,
  max_tokens: 128_000,
}));

const DEFAULT_LIMIT = 20;

/**
 * @param id as callers write it; a dated ID belongs to its name
 * @returns undefined for a model that is not known
 */
export function findModel(id: string): (typeof MODELS)[number] | undefined {
  const found = MODELS.find((model) => id === model.id || isDated(id, model.id));
  return found && { ...found, id };
}

function isDated(id: string, name: string): boolean {
  return id.startsWith(`${name}-`) && /^\d{8}$/.test(id.slice(name.length + 1));
}

/** @param query `limit`, `after_id` and `before_id` of the request */
export function modelsPage(query: URLSearchParams): object {
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
    data,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
    has_more: hasMore,
  };
}
