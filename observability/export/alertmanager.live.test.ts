/** The real Alertmanager with the fragment in somebody's own configuration: their alerts go where they went. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { parse, stringify } from 'yaml';
import {
  type Labels,
  quickened,
  TestingAlertmanager,
} from '../alertmanager/testing-alertmanager.ts';
import { alertmanagerFragment } from './alertmanager.ts';

const { route, inhibit_rules, receivers } = parse(alertmanagerFragment('production').text);
const webhook_configs = [{ url_file: 'receiver.url', send_resolved: true }];
/** As its header says: routes first, the rest beside, and every receiver with an integration. */
const MERGED = stringify({
  route: {
    receiver: 'theirs',
    group_by: ['alertname', 'job'],
    group_wait: '30s',
    group_interval: '5m',
    routes: [...route.routes, { receiver: 'their-database', matchers: ['team="database"'] }],
  },
  inhibit_rules,
  receivers: [{ name: 'theirs' }, { name: 'their-database' }, ...receivers].map(
    ({ name }: { readonly name: string }) =>
      name === 'claude-nobody' ? { name } : { name, webhook_configs },
  ),
});
const ours = (alertname: string, labels: object) => ({
  alertname,
  pack: 'claude-observatory',
  job: 'shared',
  ...labels,
});
const isOurs = ({ pack }: Labels) => pack === 'claude-observatory';
const PAGE = ours('AllCallsFailing', {
  severity: 'page',
  kind: 'symptom',
  objective: 'availability',
  speed: 'fast',
});

const alertmanager = new TestingAlertmanager();
before(() => alertmanager.start(quickened(MERGED)));
after(() => alertmanager.stop());

test('fragment: alerts of the pack go to its receivers, and its inhibitions hold among them', async () => {
  await alertmanager.push([PAGE]);
  await alertmanager.told('claude-pager', 'shared', 'AllCallsFailing');
  await alertmanager.push([
    ours('ClaudeCircuitOpen', { severity: 'ticket', kind: 'cause' }),
    ours('ClaudeKeyTooOld', { severity: 'ticket', kind: 'cause', job: 'another' }),
  ]);
  await alertmanager.told('claude-tickets', 'another', 'ClaudeKeyTooOld');
  assert.deepEqual(
    alertmanager.about('shared').map(({ receiver }) => receiver),
    ['claude-pager'],
  );
});

/** Of the same job as our page, and with labels that our routes and inhibitions look at besides. */
const FOREIGN: readonly [
  name: string,
  receiver: string,
  labels: Readonly<Record<string, string>>,
][] = [
  ['AllCallsFailing', 'theirs', { severity: 'page', pack: 'another' }],
  ['Watchdog', 'theirs', { severity: 'none' }],
  ['HighClaudeErrorRate', 'theirs', { severity: 'critical' }],
  ['TicketOnACause', 'theirs', { severity: 'ticket', kind: 'cause' }],
  ['SlowBurn', 'theirs', { severity: 'ticket', speed: 'slow', objective: 'availability' }],
  ['TableFull', 'their-database', { severity: 'page', team: 'database' }],
];
for (const [alertname, receiver, labels] of FOREIGN) {
  test(`fragment: ${alertname} of others goes to ${receiver} while the pack pages for the job`, async () => {
    await alertmanager.push([PAGE, { alertname, job: 'shared', ...labels }]);
    await alertmanager.told(receiver, 'shared', alertname);
    const told = alertmanager.messages.filter(({ alerts }) =>
      alerts.some((alert) => alert.labels['alertname'] === alertname && !isOurs(alert.labels)),
    );
    assert.deepEqual(new Set(told.map((message) => message.receiver)), new Set([receiver]));
  });
}

test('fragment: a page of others silences no ticket of the pack', async () => {
  const job = 'theirs';
  await alertmanager.push([{ alertname: 'Down', severity: 'page', kind: 'symptom', job }]);
  await alertmanager.told('theirs', job, 'Down');
  await alertmanager.push([ours('ClaudeQueueFull', { severity: 'ticket', kind: 'cause', job })]);
  await alertmanager.told('claude-tickets', job, 'ClaudeQueueFull');
});

test('fragment: the route of the documented rule comes with the profile that has the rule', () => {
  const matchersOf = (profile: 'documented' | 'production') =>
    parse(alertmanagerFragment(profile).text).route.routes.map(
      ({ matchers }: { readonly matchers: readonly string[] }) => matchers.join(),
    );
  const pack = 'pack="claude-observatory"';
  assert.deepEqual(matchersOf('production'), [pack]);
  assert.deepEqual(matchersOf('documented'), ['alertname="HighClaudeErrorRate"', pack]);
});
