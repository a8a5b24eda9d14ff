/** The real Alertmanager with the committed routes: who is told what, when, with what else, and what is kept quiet. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { eventually } from '../local/testing-stack.ts';
import { type Labels, namesOf, quickened, TestingAlertmanager } from './testing-alertmanager.ts';

const PACK = { pack: 'claude-observatory' };
const alertmanager = new TestingAlertmanager();
const push = (alerts: readonly Labels[], ended?: boolean) => alertmanager.push(alerts, ended);
const about = (job: string) => alertmanager.about(job);
const told = (receiver: string, job: string, ...names: string[]) =>
  alertmanager.told(`claude-${receiver}`, job, ...names);

before(() =>
  alertmanager.start(quickened(readFileSync(new URL('alertmanager.yml', import.meta.url), 'utf8'))),
);
after(() => alertmanager.stop());

/** Waits until every receiver has been told of something that was pushed after all else. */
async function untilAllIsTold(job: string): Promise<void> {
  const marker = `${job}-marker`;
  await push([
    { ...PACK, alertname: 'MarkerPage', severity: 'page', job: marker },
    { ...PACK, alertname: 'MarkerTicket', severity: 'ticket', job: marker },
  ]);
  await told('pager', marker, 'MarkerPage');
  await told('tickets', marker, 'MarkerTicket');
}

const burn = (speed: string, severity: string, job: string, objective = 'availability') => ({
  alertname: `Burn-${objective}-${speed}`,
  ...PACK,
  kind: 'symptom',
  speed,
  severity,
  job,
  objective,
});
const cause = (alertname: string, severity: string, job: string) => ({
  alertname,
  ...PACK,
  kind: 'cause',
  severity,
  job,
});

test('alertmanager: all pages of a job are one message to the pager, and another job is another message', async () => {
  await push([
    burn('fast', 'page', 'grouped'),
    cause('KeyRejected', 'page', 'grouped'),
    cause('KeyRejected', 'page', 'grouped-too'),
  ]);
  const message = await told('pager', 'grouped', 'Burn-availability-fast', 'KeyRejected');
  assert.deepEqual(message.groupLabels, { job: 'grouped' });
  assert.equal(message.status, 'firing');
  await told('pager', 'grouped-too', 'KeyRejected');
});

test('alertmanager: tickets are a message for each alert and job, and none goes to the pager', async () => {
  await push([cause('Unpriced', 'ticket', 'tickets'), cause('KeyTooOld', 'ticket', 'tickets')]);
  await told('tickets', 'tickets', 'Unpriced');
  await told('tickets', 'tickets', 'KeyTooOld');
  assert.deepEqual(
    new Set(about('tickets').map(({ receiver }) => receiver)),
    new Set(['claude-tickets']),
  );
});

test('alertmanager: what ends is told as resolved, to the same receiver', async () => {
  const alert = cause('QueueFull', 'page', 'resolved');
  await push([alert]);
  await told('pager', 'resolved', 'QueueFull');
  await push([alert], true);
  const last = await eventually('it is resolved', () =>
    about('resolved').find(({ status }) => status === 'resolved'),
  );
  assert.equal(last.receiver, 'claude-pager');
  assert.deepEqual(
    last.alerts.map(({ status }) => status),
    ['resolved'],
  );
});

test('alertmanager: the documented rule and what only informs are told to nobody', async () => {
  await push([
    { alertname: 'HighClaudeErrorRate', severity: 'critical', job: 'quiet' },
    cause('FailoverInUse', 'info', 'quiet'),
  ]);
  await untilAllIsTold('quiet');
  assert.deepEqual(about('quiet'), []);
});

test('alertmanager: an alert of the pack without a severity of ours, and any of another, becomes a ticket', async () => {
  await push([{ ...PACK, alertname: 'Odd', severity: 'critical', job: 'odd' }]);
  await push([{ alertname: 'Foreign', severity: 'page', job: 'foreign' }]);
  await told('tickets', 'odd', 'Odd');
  await told('tickets', 'foreign', 'Foreign');
});

test('alertmanager: the watchdog goes to the dead-man’s switch alone, again and again', async () => {
  await push([{ ...PACK, alertname: 'Watchdog', severity: 'info', kind: 'monitoring' }]);
  const beats = await eventually('two heartbeats', () => {
    const found = alertmanager.messages.filter((message) => namesOf(message).includes('Watchdog'));
    return found.length >= 2 ? found : undefined;
  });
  for (const { receiver, path } of beats) {
    assert.deepEqual([receiver, path], ['claude-dead-mans-switch', '/watchdog']);
  }
});

test('alertmanager: a fast burn silences the slower ones of its objective, and no other', async () => {
  await push([burn('fast', 'page', 'burning')]);
  await told('pager', 'burning', 'Burn-availability-fast');
  await push([
    burn('medium', 'page', 'burning'),
    burn('slow', 'ticket', 'burning'),
    burn('trickle', 'ticket', 'burning'),
    burn('slow', 'ticket', 'burning', 'latency'),
    burn('slow', 'ticket', 'burning-too'),
  ]);
  await told('tickets', 'burning', 'Burn-latency-slow');
  await told('tickets', 'burning-too', 'Burn-availability-slow');
  await untilAllIsTold('burning');
  assert.deepEqual(
    new Set(about('burning').flatMap(namesOf)),
    new Set(['Burn-availability-fast', 'Burn-latency-slow']),
  );
});

test('alertmanager: a medium burn silences slow ones, and a slow one the trickle', async () => {
  await push([burn('medium', 'page', 'medium'), burn('slow', 'ticket', 'slow')]);
  await told('pager', 'medium', 'Burn-availability-medium');
  await told('tickets', 'slow', 'Burn-availability-slow');
  await push([
    burn('slow', 'ticket', 'medium'),
    burn('trickle', 'ticket', 'medium'),
    burn('trickle', 'ticket', 'slow'),
  ]);
  await untilAllIsTold('medium');
  assert.deepEqual(
    new Set(about('medium').flatMap(namesOf)),
    new Set(['Burn-availability-medium']),
  );
  assert.deepEqual(new Set(about('slow').flatMap(namesOf)), new Set(['Burn-availability-slow']));
});

test('alertmanager: a page for users silences the tickets of its causes and of its objective, until it ends', async () => {
  const page = { ...burn('none', 'page', 'symptom'), alertname: 'AllCallsFailing' };
  const budget = { ...burn('none', 'ticket', 'symptom'), alertname: 'BudgetExhausted' };
  await push([page]);
  await told('pager', 'symptom', 'AllCallsFailing');
  await push([
    cause('CircuitOpen', 'ticket', 'symptom'),
    cause('KeyRejected', 'page', 'symptom'),
    cause('CircuitOpen', 'ticket', 'symptom-too'),
    budget,
  ]);
  await told('pager', 'symptom', 'AllCallsFailing', 'KeyRejected');
  await told('tickets', 'symptom-too', 'CircuitOpen');
  await untilAllIsTold('symptom');
  assert(!about('symptom').some(({ receiver }) => receiver === 'claude-tickets'));
  await push([page], true);
  await told('tickets', 'symptom', 'CircuitOpen');
  await told('tickets', 'symptom', 'BudgetExhausted');
});
