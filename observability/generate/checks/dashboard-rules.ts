/**
 * The 17 rules of grafana/dashboard-linter, which is a Go program that cannot be installed here: each looks at one
 * dashboard and says what is wrong with it. https://github.com/grafana/dashboard-linter/tree/main/docs
 */
import * as units from '@grafana/grafana-foundation-sdk/units';
import type { Dashboard, Panel, Variable } from './committed.ts';
import { type Expression, expressionsOf, substitute, WINDOWS } from './expressions.ts';
import { readPromql, type Selector, syntaxErrors } from './grammars.ts';

export interface DashboardRule {
  /** Its name in dashboard-linter. */
  readonly name: string;
  /** What it demands, for the title of its test. */
  readonly demands: string;
  /** @returns a line for each thing that is wrong, which begins with where it is */
  readonly check: (dashboard: Dashboard) => string[];
}

const UNITS = new Set<unknown>(Object.values(units));
const WITH_UNIT = ['stat', 'singlestat', 'graph', 'table', 'timeseries', 'gauge'];
const RATES = ['rate', 'irate', 'increase'];
/** A duration that nobody writes stands for `$__rate_interval`. */
const RATE_INTERVAL = '1m1s1ms';
/** `VariableRefresh.OnTimeRangeChanged`. */
const ON_TIME_RANGE = 2;

const variables = ({ templating }: Dashboard) => templating.list ?? [];
const queried = (dashboard: Dashboard) =>
  variables(dashboard).filter(({ type }) => type === 'query');
/** What Grafana draws itself asks no data source. */
const asking = ({ panels }: Dashboard) =>
  panels.filter(({ type }) => !['row', 'text'].includes(type));

const problem = (found: boolean, text: string) => (found ? [text] : []);

/** The expressions of the panels, without those of variables and annotations, which choose nothing. */
function shown(dashboard: Dashboard, language: Expression['language']): Expression[] {
  return expressionsOf(dashboard).filter(
    (each) => each.language === language && each.where.startsWith('panel '),
  );
}

function parsed(dashboard: Dashboard, language: Expression['language']): string[] {
  return shown(dashboard, language).flatMap(({ where, text }) =>
    syntaxErrors(language, substitute(text)).map((error) => `${where}: ${error}`),
  );
}

/** @returns a line for each selector of PromQL in the panels that `isWrong` */
function selectors(
  dashboard: Dashboard,
  isWrong: (selector: Selector) => string | false,
): string[] {
  return shown(dashboard, 'promql').flatMap(({ where, text }) =>
    readPromql(substitute(text, { ...WINDOWS, rate_interval: RATE_INTERVAL })).selectors.flatMap(
      (selector) => {
        const wrong = isWrong(selector);
        return wrong ? [`${where}: ${selector.text} ${wrong}`] : [];
      },
    ),
  );
}

function chooses(dashboard: Dashboard, name: string): string[] {
  const variable = variables(dashboard).find((each) => each.name === name);
  const isRight = (v: Variable) =>
    v.type === 'query' && v.multi === true && v.includeAll === true && v.allValue === '.+';
  return problem(
    !variable || !isRight(variable),
    `variable ${name}: no choice of several, all as .+`,
  );
}

function narrowed(dashboard: Dashboard, name: string): string[] {
  return selectors(
    dashboard,
    ({ matchers }) =>
      !matchers.some(
        ({ label, op, value }) => label === name && op === '=~' && value === `$${name}`,
      ) && `lacks ${name}=~"$${name}"`,
  );
}

function dataSources(dashboard: Dashboard): string[] {
  const sources = variables(dashboard).filter(({ type }) => type === 'datasource');
  const main = sources.filter(({ query }) => query === 'prometheus');
  const [first] = main;
  return [
    ...problem(main.length !== 1, `${main.length} data source variables of Prometheus`),
    ...problem(first?.name !== 'datasource', 'no variable named datasource'),
    ...problem(first?.label !== 'Data Source', 'its label is not "Data Source"'),
    ...sources
      .filter(({ name, query }) => query !== 'prometheus' && name !== `${query}_datasource`)
      .map(({ name }) => `variable ${name}: not named after its type`),
  ];
}

const titled = (panel: Panel) => `panel ${panel.title || panel.id}`;

function hasUnit({ fieldConfig }: Panel): boolean {
  const { unit = '', mappings = [] } = fieldConfig?.defaults ?? {};
  return mappings.length > 0 || UNITS.has(unit);
}

const usesVariable = (uid = '') => /^\$\{(?:\w+_)?datasource\}$/.test(uid);

export const DASHBOARD_RULES: readonly DashboardRule[] = [
  {
    name: 'template-datasource',
    demands: 'one data source variable, `datasource`, with the label "Data Source"',
    check: dataSources,
  },
  {
    name: 'template-job',
    demands: 'a variable `job` of several values',
    check: (dashboard) => chooses(dashboard, 'job'),
  },
  {
    name: 'template-instance',
    demands: 'a variable `instance` of several values',
    check: (dashboard) => chooses(dashboard, 'instance'),
  },
  {
    name: 'template-label-promql',
    demands: 'variables ask valid PromQL',
    check: (dashboard) =>
      queried(dashboard).flatMap(({ name, query }) => {
        const asked = expressionsOf({ ...dashboard, panels: [], annotations: {} }).filter(
          ({ where }) => where.endsWith(`› ${name}`),
        );
        if (asked.length === 0)
          return [`variable ${name}: not label_values: ${JSON.stringify(query)}`];
        return asked.flatMap(({ text }) =>
          syntaxErrors('promql', substitute(text)).map((error) => `variable ${name}: ${error}`),
        );
      }),
  },
  {
    name: 'template-on-time-change-reload',
    demands: 'variables ask again when the time range changes',
    check: (dashboard) =>
      queried(dashboard).flatMap(({ name, refresh }) =>
        problem(refresh !== ON_TIME_RANGE, `variable ${name}: refresh is ${refresh}`),
      ),
  },
  {
    name: 'panel-datasource',
    demands: 'panels use the data source variables',
    check: (dashboard) =>
      asking(dashboard).flatMap((panel) =>
        [panel, ...(panel.targets ?? [])].flatMap(({ datasource }) =>
          problem(!usesVariable(datasource?.uid), `${titled(panel)}: uses ${datasource?.uid}`),
        ),
      ),
  },
  {
    name: 'panel-title-description',
    demands: 'panels have a title and a description',
    check: ({ panels }) =>
      panels
        .filter(({ type }) => type !== 'row')
        .flatMap((panel) => [
          ...problem(!panel.title, `${titled(panel)}: no title`),
          ...problem(!panel.description, `${titled(panel)}: no description`),
        ]),
  },
  {
    name: 'panel-units',
    demands: 'panels of numbers have a unit that Grafana knows, or words for their values',
    check: (dashboard) =>
      asking(dashboard)
        .filter(({ type, datasource }) => WITH_UNIT.includes(type) && datasource?.type !== 'tempo')
        .filter((panel) => !hasUnit(panel))
        .map((panel) => `${titled(panel)}: unit ${panel.fieldConfig?.defaults.unit}`),
  },
  {
    name: 'panel-no-targets',
    demands: 'panels ask something',
    check: (dashboard) =>
      asking(dashboard).flatMap((panel) =>
        problem((panel.targets ?? []).length === 0, `${titled(panel)}: no target`),
      ),
  },
  {
    name: 'target-promql',
    demands: 'PromQL keeps to its grammar',
    check: (dashboard) => parsed(dashboard, 'promql'),
  },
  {
    name: 'target-logql',
    demands: 'LogQL keeps to its grammar',
    check: (dashboard) => parsed(dashboard, 'logql'),
  },
  {
    name: 'target-logql-auto',
    demands: 'ranges of LogQL are $__auto',
    check: (dashboard) =>
      shown(dashboard, 'logql').flatMap(({ where, text }) =>
        [...text.matchAll(/\[([^\]]+)\]/g)].flatMap(([, range]) =>
          problem(range !== '$__auto', `${where}: [${range}]`),
        ),
      ),
  },
  {
    name: 'target-rate-interval',
    demands: 'rates are over $__rate_interval',
    check: (dashboard) =>
      selectors(
        dashboard,
        ({ range, functions: [nearest = ''] }) =>
          RATES.includes(nearest) && range !== RATE_INTERVAL && `is a ${nearest} over ${range}`,
      ),
  },
  {
    name: 'target-job',
    demands: 'selectors have job=~"$job"',
    check: (dashboard) => narrowed(dashboard, 'job'),
  },
  {
    name: 'target-instance',
    demands: 'selectors have instance=~"$instance"',
    check: (dashboard) => narrowed(dashboard, 'instance'),
  },
  {
    name: 'target-counter-agg',
    demands: 'counters are read as rates',
    check: (dashboard) =>
      selectors(
        dashboard,
        ({ metric = '', functions }) =>
          metric.endsWith('_total') && !functions.some((f) => RATES.includes(f)) && 'has no rate',
      ),
  },
  {
    name: 'uneditable-dashboard',
    demands: 'dashboards cannot be edited in place',
    check: ({ editable }) => problem(editable !== false, 'editable is not false'),
  },
];
