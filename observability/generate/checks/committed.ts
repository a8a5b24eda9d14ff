/** Reads what the pack has committed: dashboards, rules and runbooks, as files and not as their generators. */
import { globSync, readFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { parse } from 'yaml';
import { ROOT } from '../../local/paths.ts';

interface DataSource {
  readonly type?: string;
  readonly uid?: string;
}
export interface Target {
  readonly refId?: string;
  readonly expr?: string;
  readonly query?: string;
  readonly datasource?: DataSource;
}
interface Link {
  readonly title?: string;
  readonly url?: string;
}
export interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title?: string;
  readonly description?: string;
  readonly gridPos: Readonly<Record<'x' | 'y' | 'w' | 'h', number>>;
  readonly datasource?: DataSource;
  readonly targets?: readonly Target[];
  readonly fieldConfig?: {
    readonly defaults: {
      readonly unit?: string;
      readonly noValue?: string;
      readonly mappings?: readonly unknown[];
      readonly links?: readonly Link[];
      readonly thresholds?: { readonly steps: readonly { readonly value: number | null }[] };
    };
    readonly overrides?: readonly {
      readonly properties: readonly { readonly id: string; readonly value?: unknown }[];
    }[];
  };
  readonly options?: { readonly yAxis?: { readonly unit?: string } };
}
export interface Variable {
  readonly type: string;
  readonly name: string;
  readonly label?: string;
  readonly query?: string | { readonly query?: string };
  readonly datasource?: DataSource;
  readonly multi?: boolean;
  readonly includeAll?: boolean;
  readonly allValue?: string;
  readonly refresh?: number;
}
export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly schemaVersion: number;
  readonly editable: boolean;
  readonly panels: readonly Panel[];
  readonly templating: { readonly list?: readonly Variable[] };
  readonly annotations: {
    readonly list?: readonly { readonly name: string; readonly expr?: string }[];
  };
  readonly links?: readonly { readonly type: string; readonly tags?: readonly string[] }[];
  readonly tags: readonly string[];
}

const files = (pattern: string) =>
  globSync(`observability/${pattern}`, { cwd: ROOT })
    .toSorted()
    .map((file) => ({
      file: basename(file),
      text: readFileSync(join(ROOT, file), 'utf8'),
    }));

/** The dashboards as Grafana gets them. */
export function committedDashboards() {
  return files('grafana/dashboards/*.json').map(({ file, text }) => ({
    file,
    text,
    dashboard: JSON.parse(text) as Dashboard,
  }));
}

export interface Rule {
  readonly record?: string;
  readonly alert?: string;
  readonly expr: string;
  readonly annotations?: { readonly dashboard_url?: string };
}

interface CommittedRule {
  readonly file: string;
  readonly rule: Rule;
  /** How often its group is evaluated, where that is not Prometheus' default. */
  readonly interval?: string;
}

/** Every recording and alert, with the file that it stands in. */
export function committedRules(): CommittedRule[] {
  return files('prometheus/rules/*.yml').flatMap(({ file, text }) => {
    const { groups } = parse(text) as { groups: { interval?: string; rules: Rule[] }[] };
    return groups.flatMap(({ interval, rules }) =>
      rules.map((rule) => ({ file, rule, ...(interval !== undefined && { interval }) })),
    );
  });
}

/** The pages that people read when an alert fires. */
export function committedRunbooks() {
  return files('runbooks/*.md');
}
