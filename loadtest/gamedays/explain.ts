/** Says what Prometheus had when an alert did not fire or clear as it should. */
import type { SyntaxNode } from '@lezer/common';
import { parser } from '@prometheus-io/lezer-promql';
import { activeAlerts, alertingRules, valuesOf } from './prometheus-api.ts';

const COMPARISONS = ['Gtr', 'Lss', 'Gte', 'Lte', 'Eql', 'Neq'];

/** Whether a text joins vectors outside of parentheses: then a grammar has taken too much for one side. */
function joins(text: string): boolean {
  const outside = text.replaceAll(/\([^()]*\)/g, '');
  return outside === text ? /\b(?:and|or|unless)\b/.test(text) : joins(outside);
}

/**
 * The two sides of each comparison of an expression, and what stands between them. Lezer's grammar takes `offset` to be
 * about all that stands before it; Prometheus takes it to be about the last selector, so such sides are left out.
 */
export function comparisonsOf(expr: string): { left: string; operator: string; right: string }[] {
  const found: { left: string; operator: string; right: string }[] = [];
  const cut = (node: SyntaxNode | null) => (node ? expr.slice(node.from, node.to) : '');
  parser.parse(expr).iterate({
    enter({ name, node }) {
      const operator = COMPARISONS.map((each) => node.getChild(each)).find(Boolean);
      if (name !== 'BinaryExpr' || !operator || joins(cut(node.firstChild))) return;
      found.push({
        left: cut(node.firstChild),
        operator: cut(operator),
        right: cut(node.lastChild),
      });
    },
  });
  return found;
}

const shown = (values: readonly string[]) => values.slice(0, 5).join('; ') || 'nothing';

/** @returns what state the alert is in, and the value of each side of its comparisons; never rejects */
export async function explain(prometheus: string, alert: string): Promise<string> {
  try {
    const rules = (await alertingRules(prometheus)).filter(({ name }) => name === alert);
    if (rules.length === 0) return 'Prometheus has no such rule.';
    const active = (await activeAlerts(prometheus)).find(
      ({ labels }) => labels['alertname'] === alert,
    );
    const lines = [`It is ${active ? `${active.state} since ${active.activeAt}` : 'inactive'}.`];
    for (const { query, health, lastError } of rules) {
      if (health !== 'ok') lines.push(`  health ${health} ${lastError ?? ''}`);
      for (const { left, operator, right } of comparisonsOf(query)) {
        const values = [await valuesOf(prometheus, left), await valuesOf(prometheus, right)];
        lines.push(`  ${left}\n    = ${values.map(shown).join(` ${operator} `)}`);
      }
    }
    return lines.join('\n');
  } catch (error) {
    return `Prometheus cannot be asked: ${(error as Error).message}`;
  }
}
