/** Parses expressions by the grammars that Prometheus, Loki and Tempo publish of their languages. */
import { parser as logql } from '@grafana/lezer-logql';
import { parser as traceql } from '@grafana/lezer-traceql';
import type { SyntaxNode, Tree } from '@lezer/common';
import { parser as promql } from '@prometheus-io/lezer-promql';
import type { Language } from './expressions.ts';

const PARSERS = { promql, logql, traceql };

/** The nodes of a tree, in the order of the text. */
function nodes(tree: Tree, wanted: (name: string) => boolean): SyntaxNode[] {
  const found: SyntaxNode[] = [];
  tree.iterate({
    enter: ({ name, node }) => {
      if (wanted(name)) found.push(node);
    },
  });
  return found;
}

/** @returns where an expression breaks its grammar; nothing when it does not */
export function syntaxErrors(language: Language, text: string): string[] {
  if (text.trim() === '') return ['it is empty'];
  const tree: Tree = PARSERS[language].parse(text);
  return nodes(tree, (name) => name === '⚠').map(
    ({ from, to }) => `at ${from}: …${text.slice(Math.max(0, from - 20), to + 10)}…`,
  );
}

export interface Matcher {
  readonly label: string;
  readonly op: string;
  readonly value: string;
}

/** What an expression selects from Prometheus: `metric{label="value"}[range]`. */
export interface Selector {
  /** Absent where only labels select. */
  readonly metric?: string;
  readonly matchers: readonly Matcher[];
  readonly text: string;
  /** The range as it stands, without brackets; absent of instant vectors. */
  readonly range?: string;
  /** The functions around it, from the inside out. */
  readonly functions: readonly string[];
}

/** What the parts of an expression of PromQL refer to. */
export interface PromqlParts {
  readonly selectors: readonly Selector[];
  /** The labels of `by`, `without`, `on`, `ignoring` and `group_left`. */
  readonly grouping: readonly string[];
  /** The labels that `label_replace` and `label_join` make. */
  readonly made: readonly string[];
}

/** @param text with Grafana's variables in strings only */
export function readPromql(text: string): PromqlParts {
  const tree = promql.parse(text);
  const cut = ({ from, to }: SyntaxNode) => text.slice(from, to);
  const selectors = nodes(tree, (name) => name === 'VectorSelector').map((node) => {
    const metric = node.getChild('Identifier');
    const around = node.parent?.name === 'MatrixSelector' ? node.parent : undefined;
    const range = around?.getChild('DurationExpr') ?? around?.lastChild;
    return {
      ...(metric && { metric: cut(metric) }),
      matchers: (node.getChild('LabelMatchers')?.getChildren('UnquotedLabelMatcher') ?? []).map(
        (matcher) => matcherOf(matcher, cut),
      ),
      text: cut(node),
      ...(around && range && { range: cut(range) }),
      functions: functionsAround(node, cut),
    };
  });
  const grouping = nodes(tree, (name) => name === 'GroupingLabels').flatMap((node) =>
    node.getChildren('LabelName').map(cut),
  );
  const made = nodes(tree, (name) => name === 'FunctionCall')
    .filter((node) => /^label_(?:replace|join)\(/.test(cut(node)))
    .flatMap(
      (node) => node.getChild('FunctionCallBody')?.getChildren('StringLiteral').slice(0, 1) ?? [],
    )
    .map((node) => cut(node).slice(1, -1));
  return { selectors, grouping, made };
}

function matcherOf(node: SyntaxNode, cut: (node: SyntaxNode) => string): Matcher {
  const part = (name: string) => {
    const child = node.getChild(name);
    return child ? cut(child) : '';
  };
  return {
    label: part('LabelName'),
    op: part('MatchOp'),
    value: part('StringLiteral').slice(1, -1),
  };
}

function functionsAround(node: SyntaxNode, cut: (node: SyntaxNode) => string): string[] {
  const found: string[] = [];
  for (let at = node.parent; at; at = at.parent) {
    const name = at.name === 'FunctionCall' ? at.getChild('FunctionIdentifier') : null;
    if (name) found.push(cut(name));
  }
  return found;
}
