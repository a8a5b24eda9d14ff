/** Collects every expression that dashboards, rules and runbooks hold, in PromQL, LogQL and TraceQL. */
import {
  committedDashboards,
  committedRules,
  committedRunbooks,
  type Dashboard,
  type Target,
} from './committed.ts';

export type Language = 'promql' | 'logql' | 'traceql';

export interface Expression {
  /** Where it stands: `panel claude-calls › Calls by outcome`. */
  readonly where: string;
  readonly language: Language;
  /** As it is committed, with Grafana's variables. */
  readonly text: string;
}

const LANGUAGES: Readonly<Record<string, Language>> = {
  prometheus: 'promql',
  loki: 'logql',
  tempo: 'traceql',
};

/** What Grafana's variables of time stand for when an expression is read here. */
export const WINDOWS = { rate_interval: '1m', interval: '1m', range: '1h', auto: '1m' } as const;
type Windows = Readonly<Record<keyof typeof WINDOWS, string>>;

/** @returns an expression as a data source gets it; in strings, variables stay as they are */
export function substitute(text: string, windows: Windows = WINDOWS): string {
  return text
    .replaceAll(/\$__(\w+)/g, (all, name: string) => windows[name as keyof Windows] ?? all)
    .replaceAll(/\$\{\w+:doublequote\}/g, '"typed"');
}

function ofTarget(where: string, { expr, query, datasource }: Target): Expression[] {
  const language = LANGUAGES[datasource?.type ?? ''];
  const text = expr ?? query;
  return language && text !== undefined ? [{ where, language, text }] : [];
}

/** The query that a link to Explore holds. */
function ofLink(where: string, url = ''): Expression[] {
  const panes = new URLSearchParams(url.split('?')[1]).get('panes');
  if (panes === null) return [];
  const opened = Object.values(JSON.parse(panes) as Record<string, { queries: Target[] }>);
  return opened.flatMap(({ queries }) => queries.flatMap((query) => ofTarget(where, query)));
}

/** The argument of `label_values(…, label)`, which is all that variables ask. */
function ofVariable(where: string, query: string | { query?: string } | undefined): Expression[] {
  const text = typeof query === 'string' ? query : (query?.query ?? '');
  const selector = /^label_values\((.+), \w+\)$/.exec(text)?.[1];
  return selector === undefined ? [] : [{ where, language: 'promql', text: selector }];
}

/** @returns every expression of a dashboard: of its panels, links, variables and annotations */
export function expressionsOf({ uid, panels, templating, annotations }: Dashboard): Expression[] {
  return [
    ...panels.flatMap(({ title = '', targets = [], fieldConfig }) => {
      const where = `panel ${uid} › ${title}`;
      const links = fieldConfig?.defaults.links ?? [];
      return [
        ...targets.flatMap((target) => ofTarget(where, target)),
        ...links.flatMap((link) => ofLink(`${where} › ${link.title}`, link.url)),
      ];
    }),
    ...(templating.list ?? []).flatMap(({ type, name, query }) =>
      type === 'query' ? ofVariable(`variable ${uid} › ${name}`, query) : [],
    ),
    ...(annotations.list ?? []).map(({ name, expr = '' }) => ({
      where: `annotation ${uid} › ${name}`,
      language: 'promql' as const,
      text: expr,
    })),
  ];
}

/** The queries that a runbook tells people to ask: its blocks of PromQL. */
function ofRunbook(file: string, text: string): Expression[] {
  return [...text.matchAll(/```promql\n([\s\S]*?)```/g)].map(([, query = '']) => ({
    where: `runbook ${file}`,
    language: 'promql',
    text: query.replaceAll(/^ +/gm, '').trim(),
  }));
}

/** @returns every expression of the committed dashboards, rules and runbooks */
export function committedExpressions(): Expression[] {
  const rules = committedRules().map(({ file, rule }) => ({
    where: `rule ${file} › ${rule.alert ?? rule.record}`,
    language: 'promql' as const,
    text: rule.expr,
  }));
  return [
    ...committedDashboards().flatMap(({ dashboard }) => expressionsOf(dashboard)),
    ...rules,
    ...committedRunbooks().flatMap(({ file, text }) => ofRunbook(file, text)),
  ];
}
