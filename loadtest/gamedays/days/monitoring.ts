/** Game days of the monitoring itself: a part of it dies, or is given a configuration that it cannot read. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { GameDay, World } from '../game-day.ts';
import { RULES } from '../layout.ts';
import { page, ticket } from './expectations.ts';
import { mayPage } from './injected.ts';

/** A rule file more, and Prometheus reads all of them again. */
function withRules(text: string): Pick<GameDay, 'on'> {
  return {
    on({ folder, prometheus: { program } }) {
      const file = join(folder, RULES, 'broken.yml');
      writeFileSync(file, text);
      program.reload();
      return () => {
        rmSync(file);
        program.reload();
      };
    },
  };
}

const RELOADED = mayPage(
  'after a reload Prometheus takes five real seconds to find Alertmanager again, five minutes of compressed time',
  'PrometheusNotificationsFailing',
);

/** Alertmanager's configuration, with this done to it, is read again. */
function reroute({ folder, alertmanager }: World, change: (text: string) => string): void {
  const file = join(folder, 'alertmanager.yml');
  writeFileSync(file, change(readFileSync(file, 'utf8')));
  alertmanager.program.reload();
}

/** What is seen at once, and waited for five minutes. */
const AT_ONCE = { notBefore: 5, within: 8, clearsWithin: 4 };

export const MONITORING_DAYS: readonly GameDay[] = [
  {
    name: 'rules_broken',
    fault: 'a rule file that is no YAML is rolled out',
    ...withRules('nonsense'),
    expected: [ticket('PrometheusConfigInvalid', AT_ONCE)],
    companions: RELOADED,
  },
  {
    name: 'rule_failing',
    fault: 'a rule is rolled out that cannot be evaluated',
    ...withRules('groups: [{name: broken, rules: [{record: broken, expr: "up * on () up"}]}]'),
    expected: [page('PrometheusRuleFailing', { notBefore: 5, within: 9, clearsWithin: 8 })],
    companions: RELOADED,
  },
  {
    name: 'alertmanager_down',
    fault: 'Alertmanager is killed',
    async on({ alertmanager: { program } }) {
      await program.stop('SIGKILL');
      return () => program.start();
    },
    toldAfterwards: true,
    expected: [
      page('PrometheusNotificationsFailing', {
        notBefore: 5,
        within: 9,
        toldWithin: 4,
        clearsWithin: 9,
      }),
      ticket('ScrapeTargetDown', {
        ...AT_ONCE,
        clearsWithin: 6,
        labels: { component: 'alertmanager' },
        untold: 'it ends with the first scrape of the Alertmanager that would tell of it',
      }),
    ],
  },
  {
    name: 'webhook_down',
    fault: 'the webhook takes no notifications',
    async on({ receiver }) {
      await receiver.close();
      return () => receiver.open();
    },
    toldAfterwards: true,
    expected: [
      // Alertmanager tries for ten real seconds before it counts a failure.
      ticket('AlertmanagerNotificationsFailing', {
        notBefore: 14,
        within: 24,
        clearsWithin: 20,
        labels: { integration: 'webhook' },
      }),
    ],
  },
  {
    name: 'routes_broken',
    fault: 'Alertmanager is given a configuration that it refuses',
    on(world) {
      reroute(world, (text) => text.replace(/^route:/m, 'rout:'));
      return () => reroute(world, (text) => text.replace(/^rout:/m, 'route:'));
    },
    expected: [ticket('AlertmanagerConfigInvalid', AT_ONCE)],
  },
];
