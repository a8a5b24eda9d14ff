/** The alerts of the rules that Prometheus has loaded, each with its state and its runbook. */
import { readdirSync, readFileSync } from 'node:fs';
import type { Parts } from './ask.ts';
import { askPrometheus } from './prometheus.ts';
import { Refusal } from './refusal.ts';

const RUNBOOKS = new URL('../runbooks/', import.meta.url);
const NAMES: ReadonlySet<string> = new Set(readdirSync(RUNBOOKS));

/** @param file the name of a runbook with its ending @throws {Refusal} 404 */
export function runbook(file: string): string {
  if (!NAMES.has(file)) throw new Refusal(404, 'There is no such runbook.');
  return readFileSync(new URL(file, RUNBOOKS), 'utf8');
}

/** As `/api/v1/rules` has it. */
interface Rule {
  readonly name: string;
  readonly state: 'inactive' | 'pending' | 'firing';
  /** Seconds for which the expression has to hold. */
  readonly duration: number;
  readonly labels: Readonly<Record<string, string>>;
  readonly alerts: readonly {
    readonly state: string;
    readonly activeAt: string;
    readonly labels: Readonly<Record<string, string>>;
    readonly annotations: Readonly<Record<string, string>>;
  }[];
}

const STATES = ['inactive', 'pending', 'firing'];

/** @returns every alert by name: its worst state, since when, and about what */
export async function alertsData(parts: Parts) {
  const data = (await askPrometheus(parts, '/rules?type=alert')) as {
    readonly groups: readonly { readonly rules: readonly Rule[] }[];
  };
  const byName = Object.groupBy(
    data.groups.flatMap(({ rules }) => rules),
    ({ name }) => name,
  );
  return Object.entries(byName).map(([name, rules = []]) => {
    const active = rules.flatMap(({ alerts }) => alerts);
    const worst = Math.max(...rules.map(({ state }) => STATES.indexOf(state)));
    return {
      name,
      severity: rules[0]?.labels['severity'] ?? '',
      state: STATES[worst] ?? 'inactive',
      runbook: NAMES.has(`${name}.md`) ? `/runbooks/${name}.md` : undefined,
      active: active.map(({ state, activeAt, labels, annotations }) => ({
        ...{ state, activeAt, labels },
        summary: annotations['summary'] ?? '',
      })),
    };
  });
}
