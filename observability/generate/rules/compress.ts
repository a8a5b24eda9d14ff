/**
 * Makes the shipped rules and configurations faster: every duration is divided by one factor, and nothing else changes.
 * So what game days prove within minutes are the rules that production loads, with their thresholds, labels and names.
 */
import type { SyntaxNode } from '@lezer/common';
import { parser } from '@prometheus-io/lezer-promql';
import { type Document, isMap, isScalar, isSeq, parseDocument, type YAMLMap } from 'yaml';
import { secondsOf } from './durations.ts';

export interface Speed {
  /** By what durations are divided. */
  readonly factor: number;
  /** Between two scrapes, milliseconds; shorter would be too much for a small machine. */
  readonly scrapeMs: number;
  /** Between two evaluations of the rules, milliseconds. */
  readonly evaluationMs: number;
}

/** An hour takes a minute. The shortest wait of the rules, a minute, still sees four evaluations. */
export const GAME_DAY_SPEED: Speed = { factor: 60, scrapeMs: 500, evaluationMs: 250 };

/** A window has to hold so many scrapes, and a wait so many evaluations. */
const LEAST = 4;

/** @throws {RangeError} when the text is no duration of one unit */
function divided(duration: string, { factor }: Speed): number {
  const ms = Math.round((secondsOf(duration) * 1_000) / factor);
  if (Number.isNaN(ms)) throw new RangeError(`${duration} is not a duration of one unit`);
  return ms;
}

const written = (ms: number) => (ms % 1_000 === 0 ? `${ms / 1_000}s` : `${ms}ms`);

/** The duration literals of an expression: ranges, offsets, and of subqueries the step too. */
function durationsOf(expr: string): SyntaxNode[] {
  const found: SyntaxNode[] = [];
  parser.parse(expr).iterate({
    enter({ name, node }) {
      if (name === 'NumberDurationLiteralInDurationContext') found.push(node);
    },
  });
  return found;
}

/** How finely a subquery looks counts evaluations, because it reads what rules record. */
const isStep = (node: SyntaxNode) => node.parent?.prevSibling?.name === 'DurationExpr';

/** @throws {RangeError} when a duration would be shorter than four scrapes or evaluations */
function checked(duration: string, speed: Speed, leastMs: number): string {
  const ms = divided(duration, speed);
  if (ms >= leastMs) return written(ms);
  throw new RangeError(`${duration} would be ${written(ms)}, less than ${written(leastMs)}`);
}

/** @returns the expression with every duration divided @throws {RangeError} as `checked` does */
export function compressExpression(expr: string, speed: Speed): string {
  let text = expr;
  for (const node of durationsOf(expr).toReversed()) {
    const leastMs = LEAST * (isStep(node) ? speed.evaluationMs : speed.scrapeMs);
    const shorter = checked(expr.slice(node.from, node.to), speed, leastMs);
    text = text.slice(0, node.from) + shorter + text.slice(node.to);
  }
  return text;
}

/** Replaces a value where there is one; comments, quotes and the order of keys stay. */
function replace(map: unknown, key: string, change: (value: string) => string): void {
  const node = isMap(map) ? map.get(key, true) : undefined;
  if (isScalar<string>(node)) node.value = change(node.value);
}

const mapsIn = (parent: unknown, key: string): YAMLMap[] => {
  const list = isMap(parent) ? parent.get(key) : undefined;
  return isSeq(list) ? list.items.filter(isMap) : [];
};

const textOf = (document: Document) =>
  document.toString({ lineWidth: 0, flowCollectionPadding: false });

/**
 * @param text of a rule file
 * @returns the same, with the windows of expressions, `for`, `keep_firing_for` and intervals divided
 * @throws {RangeError} that names the rule in which a duration would be too short
 */
export function compressRules(text: string, speed: Speed): string {
  const document = parseDocument(text);
  const leastMs = LEAST * speed.evaluationMs;
  for (const group of mapsIn(document.contents, 'groups')) {
    replace(group, 'interval', (interval) => checked(interval, speed, leastMs));
    for (const rule of mapsIn(group, 'rules')) {
      try {
        replace(rule, 'expr', (expr) => compressExpression(expr, speed));
        for (const wait of ['for', 'keep_firing_for']) {
          replace(rule, wait, (time) => checked(time, speed, leastMs));
        }
      } catch (error) {
        const name = rule.get('alert') ?? rule.get('record');
        throw new RangeError(`${name}: ${(error as Error).message}`);
      }
    }
  }
  return textOf(document);
}

/** @returns Prometheus' configuration with its intervals divided, though none below what `speed` allows */
export function compressPrometheus(text: string, speed: Speed): string {
  const document = parseDocument(text);
  const root = document.contents;
  const slowest = (leastMs: number) => (interval: string) =>
    written(Math.max(leastMs, divided(interval, speed)));
  const global = isMap(root) ? root.get('global') : undefined;
  replace(global, 'evaluation_interval', slowest(speed.evaluationMs));
  for (const config of [global, ...mapsIn(root, 'scrape_configs')]) {
    replace(config, 'scrape_interval', slowest(speed.scrapeMs));
  }
  return textOf(document);
}

const WAITS = ['group_wait', 'group_interval', 'repeat_interval'];

/** @returns Alertmanager's configuration with the waits of every route divided */
export function compressAlertmanager(text: string, speed: Speed): string {
  const document = parseDocument(text);
  const visit = (route: unknown): void => {
    for (const wait of WAITS) {
      replace(route, wait, (time) => (time === '0s' ? time : written(divided(time, speed))));
    }
    for (const child of mapsIn(route, 'routes')) visit(child);
  };
  visit(isMap(document.contents) ? document.contents.get('route') : undefined);
  return textOf(document);
}
