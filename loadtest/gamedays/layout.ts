/** The folder of a game day's stack: the compressed configurations and rules, and the addresses of its parts. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parser } from '@prometheus-io/lezer-promql';
import {
  compressAlertmanager,
  compressPrometheus,
  compressRules,
  GAME_DAY_SPEED,
} from '../../observability/generate/rules/compress.ts';
import { ROOT } from '../../observability/local/paths.ts';
import { readRuleFiles, rulesOf } from '../../observability/prometheus/check/rule-files.ts';

export interface Addresses {
  readonly service: string;
  readonly alertmanager: string;
  /** URL of the webhook. */
  readonly receiver: string;
  /** Further programs of the stack that are scraped, by component. */
  readonly stack: Readonly<Record<string, string>>;
}

const shipped = (path: string) => readFileSync(join(ROOT, 'observability', path), 'utf8');

/** Where the rules lie in the folder. */
export const RULES = 'rules';

/** Changes the text of a file, given by its path in the folder: the controls break a rule or a route with it. */
export type Change = (path: string, text: string) => string;

/** Writes all that Prometheus and Alertmanager read. */
export function layOut(
  folder: string,
  { service, alertmanager, receiver, stack }: Addresses,
  change: Change = (_, text) => text,
): void {
  for (const child of [RULES, 'targets', 'data']) mkdirSync(join(folder, child));
  const write = (path: string, text: string) =>
    writeFileSync(join(folder, path), change(path, text));
  write('prometheus.yml', compressPrometheus(shipped('prometheus/prometheus.yml'), GAME_DAY_SPEED));
  for (const { name } of readRuleFiles()) {
    write(join(RULES, name), compressRules(shipped(`prometheus/rules/${name}`), GAME_DAY_SPEED));
  }
  const routes = shipped('alertmanager/alertmanager.yml');
  write('alertmanager.yml', compressAlertmanager(routes, GAME_DAY_SPEED));
  write('receiver.url', `${receiver}/`);
  write('watchdog.url', `${receiver}/watchdog`);
  const targets = (name: string, groups: readonly object[]) =>
    write(`targets/${name}.json`, JSON.stringify(groups));
  targets('service', [{ targets: [service] }]);
  targets('alertmanager', [{ targets: [alertmanager] }]);
  targets(
    'stack',
    Object.entries(stack).map(([component, address]) => ({
      targets: [address],
      labels: { component },
    })),
  );
}

/** The names of the recordings that rules read over hours and days, by subqueries. */
export function readOverTime(): Set<string> {
  const names = new Set<string>();
  for (const { expr } of readRuleFiles().flatMap(rulesOf)) {
    parser.parse(expr).iterate({
      enter({ name, node }) {
        if (name !== 'SubqueryExpr') return;
        const metric = node.firstChild?.getChild('Identifier') ?? node.firstChild;
        if (metric) names.add(expr.slice(metric.from, metric.to));
      },
    });
  }
  return names;
}
