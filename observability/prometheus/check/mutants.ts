/** Breaks a rule in each of the ways that its tests have to notice. */
import type { SyntaxNode } from '@lezer/common';
import { parser } from '@prometheus-io/lezer-promql';
import { secondsOf } from '../../generate/rules/durations.ts';
import type { Rule } from './rule-files.ts';

/** A rule with one thing wrong. */
export interface Mutant {
  /** What is wrong, for people and for the list of survivors: `> to < at 12`. */
  readonly what: string;
  readonly rule: Rule;
}

/** A text in place of a part of an expression. */
interface Change {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

const FLIPPED: Readonly<Record<string, string>> = {
  Gtr: '<',
  Lss: '>',
  Gte: '<=',
  Lte: '>=',
  Eql: '!=',
  Neq: '==',
};
/** A rule is evaluated every minute in the tests, so half a minute is no time at all. */
const SHORTEST_SECONDS = 60;

/**
 * @returns a mutant for each number (doubled, and 0 becomes 1), each comparison (turned round), each matcher of a
 *   label (dropped), and each window, offset and time to wait (halved)
 */
export function mutantsOf(rule: Rule): Mutant[] {
  const changed = changesOf(rule.expr).map(({ from, to, text }) => {
    const before = rule.expr.slice(from, to);
    return {
      what: `${before} to ${text || 'nothing'} at ${from}`,
      rule: { ...rule, expr: rule.expr.slice(0, from) + text + rule.expr.slice(to) },
    };
  });
  const hurried = (['for', 'keep_firing_for'] as const).flatMap((field) => {
    const time = rule[field];
    if (!time) return [];
    const shorter = secondsOf(time) < 2 * SHORTEST_SECONDS ? '0s' : halved(time);
    return [{ what: `${field} ${time} to ${shorter}`, rule: { ...rule, [field]: shorter } }];
  });
  return [...changed, ...hurried];
}

function changesOf(expr: string): Change[] {
  const changes: Change[] = [];
  parser.parse(expr).iterate({
    enter({ node }) {
      const text = changed(node, expr);
      if (text === undefined) return;
      const matcher = node.name === 'UnquotedLabelMatcher';
      const { from, to } = matcher ? withComma(node, expr) : node;
      changes.push({ from, to, text });
    },
  });
  return changes;
}

/** @returns what a part of the expression becomes; undefined if it stays */
function changed(node: SyntaxNode, expr: string): string | undefined {
  const text = expr.slice(node.from, node.to);
  switch (node.name) {
    case 'NumberDurationLiteral':
      return Number(text) === 0 ? '1' : String(Number((Number(text) * 2).toPrecision(12)));
    case 'NumberDurationLiteralInDurationContext':
      // The second duration of a subquery is how finely it looks, not how far back.
      return node.parent?.prevSibling?.name === 'DurationExpr' ? undefined : halved(text);
    case 'UnquotedLabelMatcher':
      return '';
    default:
      return node.parent?.name === 'BinaryExpr' ? FLIPPED[node.name] : undefined;
  }
}

/** @throws {Error} on a duration of several units, which no rule has */
function halved(duration: string): string {
  const milliseconds = secondsOf(duration) * 500;
  if (Number.isNaN(milliseconds)) throw new Error(`${duration} cannot be halved`);
  return milliseconds % 1_000 === 0 ? `${milliseconds / 1_000}s` : `${milliseconds}ms`;
}

/** The matcher with the comma that keeps it apart from the others. */
function withComma({ from, to }: SyntaxNode, expr: string): { from: number; to: number } {
  const after = /^\s*,\s*/.exec(expr.slice(to))?.[0].length ?? 0;
  if (after > 0) return { from, to: to + after };
  const before = /,\s*$/.exec(expr.slice(0, from))?.[0].length ?? 0;
  return { from: from - before, to };
}
