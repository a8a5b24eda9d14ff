/** The data of panels, of the variables that they are filtered by, and of the events that are marked in them. */
import type { Parts } from './ask.ts';
import {
  type Annotation,
  type Dashboard,
  dashboardOf,
  panelOf,
  type Target,
  type Variable,
} from './dashboards.ts';
import { type Chosen, chosenOf, fillIn, type Times } from './expression.ts';
import {
  askPrometheus,
  type QueryData,
  queryInstant,
  queryRange,
  type Range,
} from './prometheus.ts';
import { Refusal } from './refusal.ts';

/** The scrape interval of prometheus.yml; Grafana's data source has the same. */
const SCRAPE_S = 5;
/** About as many points as a panel is wide enough for. */
const POINTS = 180;
/** The ranges that the page offers, seconds. */
export const RANGES_S = [300, 900, 3_600, 10_800, 21_600, 86_400, 604_800] as const;

export interface PanelsDeps {
  readonly parts: Parts;
  readonly dashboards: ReadonlyMap<string, Dashboard>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
}

/** @throws {Refusal} for a range that the page does not offer */
function rangeOf(query: URLSearchParams, nowMs: number): Range & Times {
  const rangeS = RANGES_S.find((seconds) => String(seconds) === (query.get('range') ?? '3600'));
  if (rangeS === undefined) throw new Refusal(400, 'There is no such range of time.');
  const step = Math.ceil(rangeS / POINTS / SCRAPE_S) * SCRAPE_S;
  // Aligned, so that a panel does not flicker from one refresh to the next.
  const end = Math.floor(nowMs / 1_000 / step) * step;
  return {
    ...{ start: end - rangeS, end, step, rangeS, intervalS: step },
    // As Grafana has it: four scrapes at least.
    rateIntervalS: Math.max(step + SCRAPE_S, 4 * SCRAPE_S),
  };
}

interface TargetData {
  readonly refId: string;
  /** What Prometheus was asked. */
  readonly expr: string;
  readonly data?: QueryData;
  readonly error?: string;
}

async function dataOf(
  { parts }: PanelsDeps,
  { refId, expr = '', instant = false }: Target,
  variables: readonly Variable[],
  chosen: Chosen,
  range: Range & Times,
): Promise<TargetData> {
  const asked = fillIn(expr, variables, chosen, range);
  try {
    const data = await (instant ? queryInstant(parts, asked) : queryRange(parts, asked, range));
    return { refId, expr: asked, data };
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    return { refId, expr: asked, error: error.message };
  }
}

/** `dashboard`, `panel`, `range` in seconds and `var-<name>` choose it. @throws {Refusal} */
export async function panelData(deps: PanelsDeps, query: URLSearchParams) {
  const dashboard = dashboardOf(deps.dashboards, query.get('dashboard'));
  const panel = panelOf(dashboard, query.get('panel'));
  const { list } = dashboard.templating;
  const chosen = chosenOf(query, list);
  const range = rangeOf(query, deps.now());
  if (panel.datasource?.type !== 'prometheus') {
    throw new Refusal(400, 'The console asks Prometheus alone, and this panel asks another store.');
  }
  const asked = (panel.targets ?? []).map((each) => dataOf(deps, each, list, chosen, range));
  return {
    start: range.start,
    end: range.end,
    step: range.step,
    rateIntervalS: range.rateIntervalS,
    targets: await Promise.all(asked),
  };
}

/** `label_values(<metric with matchers>, <label>)`, the one form that our variables have. */
const LABEL_VALUES = /^label_values\((?<selector>.+), (?<label>\w+)\)$/s;

/** @returns whose values of which label a variable offers; undefined for one that has no such list */
export function selectorOf({ query }: Variable) {
  const definition = typeof query === 'object' ? query.query : '';
  const { selector, label } = LABEL_VALUES.exec(definition)?.groups ?? {};
  return selector && label ? { selector, label } : undefined;
}

/** The values of the variable `variable` of `dashboard`, given those of the others. @throws {Refusal} */
export async function variableValues(deps: PanelsDeps, query: URLSearchParams): Promise<string[]> {
  const { templating } = dashboardOf(deps.dashboards, query.get('dashboard'));
  const variable = templating.list.find(({ name }) => name === query.get('variable'));
  const asked = variable && selectorOf(variable);
  if (!asked) throw new Refusal(404, 'The dashboard has no such list of values.');
  const chosen = chosenOf(query, templating.list);
  const match = fillIn(asked.selector, templating.list, chosen, rangeOf(query, deps.now()));
  const path = `/label/${asked.label}/values?${new URLSearchParams({ 'match[]': match })}`;
  return (await askPrometheus(deps.parts, path)) as string[];
}

/** The events that `dashboard` marks in its panels, each as its series over time. @throws {Refusal} */
export async function annotationData(deps: PanelsDeps, query: URLSearchParams) {
  const { templating, annotations } = dashboardOf(deps.dashboards, query.get('dashboard'));
  const chosen = chosenOf(query, templating.list);
  const range = rangeOf(query, deps.now());
  const seriesOf = async ({ name, expr = '' }: Annotation) => {
    const asked = fillIn(expr, templating.list, chosen, range);
    return { name, data: await queryRange(deps.parts, asked, range) };
  };
  const marked = (annotations?.list ?? []).filter(({ expr }) => expr);
  return { step: range.step, annotations: await Promise.all(marked.map(seriesOf)) };
}
