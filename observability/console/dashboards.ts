/** The committed dashboards, and what of them the console may ask Prometheus: nothing but their own expressions. */
import { readdirSync, readFileSync } from 'node:fs';
import { Refusal } from './refusal.ts';

export interface Target {
  readonly refId: string;
  readonly expr?: string;
  readonly instant?: boolean;
}

export interface Panel {
  readonly id: number;
  readonly type: string;
  readonly title: string;
  readonly datasource?: { readonly type: string };
  readonly targets?: readonly Target[];
  readonly panels?: readonly Panel[];
}

export interface Variable {
  readonly name: string;
  readonly type: string;
  readonly query?: string | { readonly query: string };
  readonly allValue?: string;
}

export interface Annotation {
  readonly name: string;
  readonly expr?: string;
}

export interface Dashboard {
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  readonly panels: readonly Panel[];
  readonly templating: { readonly list: readonly Variable[] };
  readonly annotations?: { readonly list: readonly Annotation[] };
}

const FOLDER = new URL('../grafana/dashboards/', import.meta.url);

/** Newcomers look at them in this order. */
const ORDER = ['objectives', 'calls', 'cost', 'service', 'telemetry', 'load-test', 'one-id'];

/** @returns the committed dashboards, by their `uid` */
export function readDashboards(): ReadonlyMap<string, Dashboard> {
  const place = (name: string) => (ORDER.indexOf(name) + 1 || ORDER.length + 1) * 1_000;
  const names = readdirSync(FOLDER)
    .filter((file) => file.endsWith('.json'))
    .map((file) => file.slice(0, -5))
    .toSorted((a, b) => place(a) - place(b) || a.localeCompare(b));
  return new Map(
    names.map((name) => {
      const text = readFileSync(new URL(`${name}.json`, FOLDER), 'utf8');
      const dashboard = JSON.parse(text) as Dashboard;
      return [dashboard.uid, dashboard];
    }),
  );
}

/** @throws {Refusal} 404 */
export function dashboardOf(all: ReadonlyMap<string, Dashboard>, uid: string | null): Dashboard {
  const dashboard = all.get(uid ?? '');
  if (!dashboard) throw new Refusal(404, 'There is no such dashboard.');
  return dashboard;
}

/** @param id as text, as a request has it @throws {Refusal} 404 */
export function panelOf({ panels }: Dashboard, id: string | null): Panel {
  const all = panels.flatMap((panel) => [panel, ...(panel.panels ?? [])]);
  const panel = all.find((each) => String(each.id) === id);
  if (!panel) throw new Refusal(404, 'The dashboard has no such panel.');
  return panel;
}
