/** Writes the documented alert rule, word for word, as a Prometheus rule file. */
import { documentedRule } from '../slo.ts';

/** @returns the file's text; strings are quoted as JSON, which YAML takes */
export function documentedRules(): string {
  const { alert, expr, labels, annotations } = documentedRule;
  return `# Generated from observability/slo.ts by \`make generate\`; do not edit.
# The unit is errors per second and series, not a share: at 1,000 req/s it fires at 0.005 % errors,
# at 1 req/min never. See docs/article.md.
groups:
  - name: documented
    rules:
      - alert: ${alert}
        expr: ${expr}
        for: ${documentedRule.for}
        labels:
          severity: ${labels.severity}
        annotations:
          summary: ${JSON.stringify(annotations.summary)}
`;
}
