/** Cuts rules and tests down to what one rule can change, so that a mutant costs a fraction of a second. */
import {
  type Group,
  loadedBy,
  type Rule,
  type RuleFile,
  rulesOf,
  type TestCase,
  type TestFile,
} from './rule-files.ts';

/** The rules and cases of one test file that matter for a rule. */
export interface Trial {
  readonly name: string;
  readonly groups: readonly Group[];
  readonly evaluation_interval: string;
  readonly group_eval_order?: readonly string[];
  readonly tests: readonly TestCase[];
}

export const nameOf = ({ alert, record }: Rule) => alert ?? record ?? '';

/** @returns for each test file that sees the rule, the part that depends on it */
export function trialsOf(
  target: Rule,
  files: readonly RuleFile[],
  tests: readonly TestFile[],
): Trial[] {
  return tests.flatMap((test) => {
    const loaded = files.filter(({ name }) => loadedBy(test).includes(name));
    const rules = loaded.flatMap(rulesOf);
    if (!rules.includes(target)) return [];
    const needs = neededBy(rules);
    const cases = test.tests.flatMap((each) => dependentPart(each, nameOf(target), needs));
    if (cases.length === 0) return [];
    const needed = new Set(
      cases.flatMap((each) => [...namesIn(each)].flatMap((n) => [...needs(n)])),
    );
    const groups = loaded
      .flatMap((file) => file.groups)
      .map((group) => ({
        ...group,
        rules: group.rules.filter((rule) => needed.has(nameOf(rule))),
      }))
      .filter((group) => group.rules.length > 0);
    const { rule_files: _, ...settings } = test;
    return [{ ...settings, groups, tests: cases }];
  });
}

const IDENTIFIER = /[a-zA-Z_:][\w:]*/g;

/** @returns a function that gives a name, and the names of all rules that it is made of */
function neededBy(rules: readonly Rule[]): (name: string) => ReadonlySet<string> {
  const byName = Map.groupBy(rules, nameOf);
  const known = new Map<string, ReadonlySet<string>>();
  const needs = (name: string): ReadonlySet<string> => {
    const cached = known.get(name);
    if (cached) return cached;
    const own = byName.get(name) ?? [];
    const used = own.flatMap(({ expr }) => expr.match(IDENTIFIER) ?? []).filter((n) => n !== name);
    const all = new Set([name, ...used.filter((n) => byName.has(n)).flatMap((n) => [...needs(n)])]);
    known.set(name, all);
    return all;
  };
  return needs;
}

/** The names that a case asks for. */
function namesIn({ alert_rule_test = [], promql_expr_test = [] }: TestCase): Set<string> {
  return new Set([
    ...alert_rule_test.map(({ alertname }) => alertname),
    ...promql_expr_test.flatMap(({ expr }) => expr.match(IDENTIFIER) ?? []),
  ]);
}

function dependentPart(
  test: TestCase,
  target: string,
  needs: (name: string) => ReadonlySet<string>,
): TestCase[] {
  const depends = (names: Iterable<string>) => [...names].some((name) => needs(name).has(target));
  const alerts = test.alert_rule_test?.filter(({ alertname }) => depends([alertname])) ?? [];
  const exprs =
    test.promql_expr_test?.filter(({ expr }) => depends(expr.match(IDENTIFIER) ?? [])) ?? [];
  if (alerts.length + exprs.length === 0) return [];
  return [{ ...test, alert_rule_test: alerts, promql_expr_test: exprs }];
}
