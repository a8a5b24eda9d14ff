/**
 * The groups in which Anthropic limits requests: several models share one limit, fast mode has another, and
 * so have some routes. The SDK calls them rate-limit groups (`BetaOrganizationRateLimitModelGroup`).
 */
import type { HeaderPrefix } from '../anthropic/rate-limits.ts';
import { createModelFamilies, OTHER } from '../telemetry/model-labels.ts';
import type { Operation } from '../telemetry/vocabulary.ts';

/** There is one object for each group, and no request can add one. */
export interface LimitGroup {
  /** The value of the label `model_family`; the groups of models that are not configured share `other`. */
  readonly label: string;
  /** Which headers report its limits. */
  readonly headers: HeaderPrefix;
}

/** The groups that a request is about. */
export interface LimitUse {
  /** Whose limits it counts against: a 429 is about these, and about no others. */
  readonly own: LimitGroup;
  /** Those whose limits its answer may report: a model's at standard speed and in fast mode. */
  readonly reported: readonly LimitGroup[];
}

/** What decides which limit a request counts against. */
export interface Limited {
  readonly operation: Operation;
  /** The model as the caller named it; '' where the route has none. */
  readonly model: string;
  /** Whether it asks for fast mode. */
  readonly fast?: boolean | undefined;
}

/** @param upstreamModel the name under which the upstream is asked for the model, where it has one of its own */
export type LimitUseOf = (request: Limited, upstreamModel?: string) => LimitUse;

/**
 * The groups of models that Anthropic published on 2026-10-17, each with its models. A model of a later day is
 * a group of its own if `CLAUDE_MODELS` names it, and belongs to `other` if not.
 * https://platform.claude.com/docs/en/api/rate-limits
 */
const PUBLISHED: Readonly<Record<string, readonly string[]>> = {
  'claude-fable-5-x': ['claude-fable-5', 'claude-fable-5-1', 'claude-fable-5-2'],
  'claude-opus-5-5': ['claude-opus-5-5'],
  'claude-opus-5': ['claude-opus-5'],
  'claude-opus-4-x': ['claude-opus-4-5', 'claude-opus-4-6', 'claude-opus-4-7', 'claude-opus-4-8'],
  'claude-sonnet-5-5': ['claude-sonnet-5-5'],
  'claude-sonnet-5': ['claude-sonnet-5'],
  'claude-sonnet-4-x': ['claude-sonnet-4-5', 'claude-sonnet-4-6'],
  'claude-haiku-5-5': ['claude-haiku-5-5'],
  'claude-haiku-4-5': ['claude-haiku-4-5'],
  'claude-haiku-3-5': ['claude-haiku-3-5', 'claude-3-5-haiku'],
};
const GROUP_OF_MODEL: ReadonlyMap<string, string> = new Map(
  Object.entries(PUBLISHED).flatMap(([name, models]) => models.map((model) => [model, name])),
);

/** Both speeds of one group of models. */
interface Speeds {
  readonly standard: LimitUse;
  readonly fast: LimitUse;
}

/** Whether models share their limit in fast mode is not published, so each group has one of its own. */
function speedsOf(label: string): Speeds {
  const standard: LimitGroup = { label, headers: 'anthropic-ratelimit' };
  const fast: LimitGroup = { label: `${label}-fast`, headers: 'anthropic-fast' };
  const reported = [standard, fast];
  return { standard: { own: standard, reported }, fast: { own: fast, reported } };
}

function useOfRoute(label: string): LimitUse {
  const own: LimitGroup = { label, headers: 'anthropic-ratelimit' };
  return { own, reported: [own] };
}

/** These routes have limits of their own, whatever model they name. */
const ROUTES: Readonly<Record<Exclude<Operation, 'chat'>, LimitUse>> = {
  count_tokens: useOfRoute('count_tokens'),
  batches: useOfRoute('batches'),
  models: useOfRoute('models'),
};

/**
 * @param configured the models in the settings, whose groups have a label of their own
 * @returns what finds the groups of a request
 */
export function createLimitGroups(configured: readonly string[]): LimitUseOf {
  const nameOf = (model: string) => GROUP_OF_MODEL.get(model) ?? model;
  const labels = new Set(configured.map(nameOf));
  const models = [...new Set([...GROUP_OF_MODEL.keys(), ...configured])];
  const groups = new Map<string, Speeds>();
  for (const name of models.map(nameOf)) {
    if (!groups.has(name)) groups.set(name, speedsOf(labels.has(name) ? name : OTHER));
  }
  const speeds = new Map(models.map((model) => [model, groups.get(nameOf(model))]));
  const familyOf = createModelFamilies(models);
  const others = speedsOf(OTHER);
  const find = (model = '') => speeds.get(familyOf(model) ?? '');
  return ({ operation, model, fast = false }, upstreamModel) => {
    if (operation !== 'chat') return ROUTES[operation];
    const { standard, fast: inFastMode } = find(upstreamModel) ?? find(model) ?? others;
    return fast ? inFastMode : standard;
  };
}
