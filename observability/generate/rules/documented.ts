/** Writes the alert rules as Prometheus rule files. */
import { Document } from 'yaml';
import { documentedRule } from '../../slo.ts';

const HEADER = ` Generated from observability/slo.ts by \`make generate\`; do not edit.
 The unit is errors per second and series, not a share: at 1,000 req/s it fires at 0.005 % errors,
 at 1 req/min never. See docs/article.md.`;

/** @returns the text of the file with the documented rule */
export function documentedRules(): string {
  const rules = new Document({ groups: [{ name: 'documented', rules: [documentedRule] }] });
  rules.commentBefore = HEADER;
  // Expressions stay on one line, as they are copied.
  return rules.toString({ lineWidth: 0 });
}
