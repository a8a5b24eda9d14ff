/** Collects what the real Prometheus says to each expression, until it has been seen to say enough. */
import { committedRules } from '../generate/checks/committed.ts';
import { type Expression, substitute } from '../generate/checks/expressions.ts';
import { readPromql } from '../generate/checks/grammars.ts';

/** What has been seen of an expression so far, best last. */
export const SEEN = ['an error', 'nothing', 'no finite value', 'zero', 'a value'] as const;
export type Seen = (typeof SEEN)[number];

export interface Question {
  readonly where: string;
  readonly query: string;
}

/** Grafana's variables, each with everything chosen. */
const all = (text: string) =>
  substitute(text).replaceAll(/\$(?:job|instance|model|upstream)\b/g, '.+');

/** Recordings of groups that are evaluated each minute, too seldom for a short run: their expressions, by name. */
const SELDOM = new Map(
  committedRules().flatMap(({ rule, interval }): [string, string][] =>
    rule.record !== undefined && interval !== undefined ? [[rule.record, rule.expr]] : [],
  ),
);

/** Steps of minutes would find no sample yet. */
const withShortSteps = (text: string) => text.replaceAll(/:\d+[mh]\]/g, ':5s]');

/** Puts the expression of such a recording in place of its name. */
function expanded(text: string): string {
  const [found] = readPromql(text).selectors.filter(({ metric = '' }) => SELDOM.has(metric));
  if (!found) return withShortSteps(text);
  return expanded(text.replace(found.text, () => `(${SELDOM.get(found.metric ?? '')})`));
}

/**
 * The questions of an expression: itself, or of a rule and a runbook each thing that they read, because an alert
 * has no value while all is well.
 */
export function questionsOf({ where, text }: Expression): Question[] {
  if (!/^(?:rule|runbook) /.test(where)) return [{ where, query: expanded(all(text)) }];
  const selectors = new Set(readPromql(text).selectors.map((selector) => selector.text));
  return [...selectors].map((query) => ({ where, query: expanded(query) }));
}

interface Answer {
  readonly status: string;
  readonly data?: { readonly result: readonly { readonly value: readonly [number, string] }[] };
}

/** @returns what Prometheus says to a query now */
export async function ask(prometheus: string, query: string): Promise<Seen> {
  const body = new URLSearchParams({ query });
  const response = await fetch(`${prometheus}/api/v1/query`, { method: 'POST', body });
  const { status, data } = (await response.json()) as Answer;
  if (status !== 'success' || !data) return 'an error';
  if (data.result.length === 0) return 'nothing';
  const values = data.result.map(({ value }) => Number(value[1]));
  if (!values.some(Number.isFinite)) return 'no finite value';
  return values.some((value) => Number.isFinite(value) && value !== 0) ? 'a value' : 'zero';
}

/** The best that has been seen of each question. */
export class Evidence {
  readonly #prometheus: string;
  readonly #seen = new Map<string, Seen>();

  constructor(prometheus: string) {
    this.#prometheus = prometheus;
  }

  of({ query }: Question): Seen {
    return this.#seen.get(query) ?? 'nothing';
  }

  /** Asks again whatever has not yet had a value. */
  async gather(questions: readonly Question[]): Promise<void> {
    const open = new Set(questions.filter((q) => this.of(q) !== 'a value').map((q) => q.query));
    for (const query of open) {
      const now = await ask(this.#prometheus, query);
      const before = this.#seen.get(query) ?? 'an error';
      if (SEEN.indexOf(now) >= SEEN.indexOf(before)) this.#seen.set(query, now);
    }
  }
}
