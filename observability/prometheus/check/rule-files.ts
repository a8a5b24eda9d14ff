/** Reads the rule files of Prometheus and the test files of promtool. */
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parse } from 'yaml';
import { ROOT } from '../../local/paths.ts';

export const RULES_DIR = join(ROOT, 'observability/prometheus/rules');
export const TESTS_DIR = join(ROOT, 'observability/prometheus/tests');

/** A rule as it stands in its file. */
export interface Rule {
  readonly alert?: string;
  readonly record?: string;
  readonly expr: string;
  readonly for?: string;
  readonly keep_firing_for?: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface Group {
  readonly name: string;
  readonly interval?: string;
  readonly rules: readonly Rule[];
}

export interface RuleFile {
  /** Such as `objectives.yml`. */
  readonly name: string;
  readonly groups: readonly Group[];
}

/** What is expected of an alert at one time. */
export interface AlertCheck {
  readonly eval_time: string;
  readonly alertname: string;
  readonly exp_alerts?: readonly {
    readonly exp_labels?: Readonly<Record<string, string>>;
    readonly exp_annotations?: Readonly<Record<string, string>>;
  }[];
}

/** One history, and what is expected of it. */
export interface TestCase {
  readonly name?: string;
  readonly interval: string;
  readonly input_series?: readonly { readonly series: string; readonly values: string }[];
  readonly alert_rule_test?: readonly AlertCheck[];
  readonly promql_expr_test?: readonly { readonly expr: string }[];
}

export interface TestFile {
  readonly name: string;
  readonly rule_files: readonly string[];
  readonly evaluation_interval: string;
  /** Groups by name; without it promtool takes them in any order. */
  readonly group_eval_order?: readonly string[];
  readonly tests: readonly TestCase[];
}

export function readRuleFiles(folder = RULES_DIR): RuleFile[] {
  return globSync('*.yml', { cwd: folder })
    .toSorted()
    .map((name) => ({ name, ...parse(readFileSync(join(folder, name), 'utf8')) }));
}

export function readTestFiles(folder = TESTS_DIR): TestFile[] {
  return globSync('*.test.yml', { cwd: folder })
    .toSorted()
    .map((name) => ({ name, ...parse(readFileSync(join(folder, name), 'utf8'), { merge: true }) }));
}

/** The rule files that a test loads, by their names. */
export function loadedBy({ rule_files }: TestFile): string[] {
  return rule_files.map((path) => basename(path));
}

/** The rules of a file, in order. */
export function rulesOf({ groups }: RuleFile): Rule[] {
  return groups.flatMap(({ rules }) => rules);
}
