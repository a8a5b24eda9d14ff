/** Game days of the monitoring itself: a part of it dies, or is given a configuration that it cannot read. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { GameDay, World } from '../game-day.ts';
import { RULES } from '../layout.ts';
import { page, ticket } from './expectations.ts';
import { mayFire } from './injected.ts';

/** A rule file more, and Prometheus reads all of them again. */
function withRules(text: string): Pick<GameDay, 'on' | 'off'> {
  const file = ({ folder }: World) => join(folder, RULES, 'broken.yml');
  return {
    on(world) {
      writeFileSync(file(world), text);
      world.prometheus.program.reload();
    },
    off(world) {
      rmSync(file(world));
      world.prometheus.program.reload();
    },
  };
}

const RELOADED = mayFire(
  'after a reload Prometheus takes five real seconds to find Alertmanager again, five minutes of compressed time',
  'PrometheusNotificationsFailing',
);

/** Alertmanager's configuration, with this done to it, is read again. */
function reroute({ folder, alertmanager }: World, change: (text: string) => string): void {
  const file = join(folder, 'alertmanager.yml');
  writeFileSync(file, change(readFileSync(file, 'utf8')));
  alertmanager.program.reload();
}

export const MONITORING_DAYS: readonly GameDay[] = [
  {
    name: 'rules_broken',
    fault: 'a rule file that is no YAML is rolled out',
    ...withRules('nonsense'),
    expected: [ticket('PrometheusConfigInvalid', 15)],
    companions: RELOADED,
  },
  {
    name: 'rule_failing',
    fault: 'a rule is rolled out that cannot be evaluated',
    ...withRules('groups: [{name: broken, rules: [{record: broken, expr: "up * on () up"}]}]'),
    expected: [page('PrometheusRuleFailing', 16)],
    companions: RELOADED,
  },
  {
    name: 'alertmanager_down',
    fault: 'Alertmanager is killed',
    on: ({ alertmanager }) => alertmanager.program.stop('SIGKILL'),
    off: ({ alertmanager }) => alertmanager.program.start(),
    toldAfterwards: true,
    expected: [
      page('PrometheusNotificationsFailing', 18),
      ticket('ScrapeTargetDown', 14, {
        labels: { component: 'alertmanager' },
        untold: 'it ends with the first scrape of the Alertmanager that would tell of it',
      }),
    ],
  },
  {
    name: 'webhook_down',
    fault: 'the webhook takes no notifications',
    on: ({ receiver }) => receiver.close(),
    off: ({ receiver }) => receiver.open(),
    toldAfterwards: true,
    expected: [
      ticket('AlertmanagerNotificationsFailing', 28, { labels: { integration: 'webhook' } }),
    ],
  },
  {
    name: 'routes_broken',
    fault: 'Alertmanager is given a configuration that it refuses',
    on: (world) => reroute(world, (text) => text.replace(/^route:/m, 'rout:')),
    off: (world) => reroute(world, (text) => text.replace(/^rout:/m, 'route:')),
    expected: [ticket('AlertmanagerConfigInvalid', 15)],
  },
];
