/** The real Alertmanager with the committed routes: who is told what, when, with what else, and what is kept quiet. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { after, before, test } from 'node:test';
import { findTool } from '../local/paths.ts';
import { eventually } from '../local/testing-stack.ts';

type Labels = Readonly<Record<string, string>>;

/** What the webhook got: one group of alerts for one receiver. */
interface Message {
  readonly path: string;
  readonly receiver: string;
  readonly status: string;
  readonly groupLabels: Labels;
  readonly alerts: readonly { readonly status: string; readonly labels: Labels }[];
}

const messages: Message[] = [];
const folder = mkdtempSync(join(tmpdir(), 'observatory-alertmanager-'));
let url = '';
let alertmanager: ChildProcess | undefined;

/** The committed configuration with its waits of seconds and minutes as milliseconds. */
function quickened(): string {
  const committed = readFileSync(new URL('alertmanager.yml', import.meta.url), 'utf8');
  return committed
    .replaceAll(/(?<=group_wait: )[1-9]\w+/g, '200ms')
    .replaceAll(/(?<=group_interval: )\w+/g, '400ms')
    .replaceAll(/(?<=repeat_interval: )1m/g, '400ms');
}

async function freePort(): Promise<number> {
  const server = createTcpServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

const webhook = createServer(async (request, response) => {
  messages.push({ path: request.url ?? '', ...JSON.parse(await text(request)) });
  response.end();
});

before(async () => {
  webhook.listen(0, '127.0.0.1');
  await once(webhook, 'listening');
  const hook = `http://127.0.0.1:${(webhook.address() as AddressInfo).port}`;
  writeFileSync(join(folder, 'alertmanager.yml'), quickened());
  writeFileSync(join(folder, 'receiver.url'), `${hook}/`);
  writeFileSync(join(folder, 'watchdog.url'), `${hook}/watchdog`);
  const port = await freePort();
  url = `http://127.0.0.1:${port}`;
  const args = [
    '--config.file=alertmanager.yml',
    `--storage.path=${folder}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--cluster.listen-address=',
  ];
  const program = findTool('alertmanager') ?? 'alertmanager';
  alertmanager = spawn(program, args, { cwd: folder, stdio: 'ignore' });
  await eventually('Alertmanager', async () => {
    const ready = await fetch(`${url}/-/ready`).catch(() => undefined);
    return ready?.ok || undefined;
  });
});

after(async () => {
  if (alertmanager) {
    const exited = once(alertmanager, 'exit');
    alertmanager.kill();
    await exited;
  }
  webhook.close();
  webhook.closeAllConnections();
  rmSync(folder, { recursive: true });
});

/** Tells Alertmanager of alerts, as Prometheus does. */
async function push(alerts: readonly Labels[], ended = false): Promise<void> {
  const endsAt = new Date(Date.now() + (ended ? -1_000 : 600_000)).toISOString();
  // Without a start it starts now, so Alertmanager waits for the rest of its group.
  const body = JSON.stringify(alerts.map((labels) => ({ labels, endsAt })));
  const headers = { 'content-type': 'application/json' };
  const response = await fetch(`${url}/api/v2/alerts`, { method: 'POST', headers, body });
  assert.equal(response.status, 200, await response.text());
}

const namesOf = ({ alerts }: Message) => alerts.map(({ labels }) => labels['alertname']).toSorted();

/** Every message that is about a job, newest last. */
const about = (job: string) =>
  messages.filter(({ alerts }) => alerts.some(({ labels }) => labels['job'] === job));

/** Waits for a message to a receiver with exactly these alerts. */
const told = (receiver: string, job: string, ...names: string[]) =>
  eventually(`${receiver} is told of ${names}`, () =>
    about(job).find(
      (message) => message.receiver === receiver && namesOf(message).join() === names.join(),
    ),
  );

/** Waits until every receiver has been told of something that was pushed after all else. */
async function untilAllIsTold(job: string): Promise<void> {
  const marker = `${job}-marker`;
  await push([
    { alertname: 'MarkerPage', severity: 'page', job: marker },
    { alertname: 'MarkerTicket', severity: 'ticket', job: marker },
  ]);
  await told('pager', marker, 'MarkerPage');
  await told('tickets', marker, 'MarkerTicket');
}

const burn = (speed: string, severity: string, job: string, objective = 'availability') => ({
  alertname: `Burn-${objective}-${speed}`,
  ...{ kind: 'symptom', speed, severity, job, objective },
});
const cause = (alertname: string, severity: string, job: string) => ({
  alertname,
  ...{ kind: 'cause', severity, job },
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
  assert.deepEqual(new Set(about('tickets').map(({ receiver }) => receiver)), new Set(['tickets']));
});

test('alertmanager: what ends is told as resolved, to the same receiver', async () => {
  const alert = cause('QueueFull', 'page', 'resolved');
  await push([alert]);
  await told('pager', 'resolved', 'QueueFull');
  await push([alert], true);
  const last = await eventually('it is resolved', () =>
    about('resolved').find(({ status }) => status === 'resolved'),
  );
  assert.equal(last.receiver, 'pager');
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

test('alertmanager: an alert without a severity of ours becomes a ticket', async () => {
  await push([{ alertname: 'Foreign', severity: 'critical', job: 'foreign' }]);
  await told('tickets', 'foreign', 'Foreign');
});

test('alertmanager: the watchdog goes to the dead-man’s switch alone, again and again', async () => {
  await push([{ alertname: 'Watchdog', severity: 'info', kind: 'monitoring' }]);
  const beats = await eventually('two heartbeats', () => {
    const found = messages.filter((message) => namesOf(message).includes('Watchdog'));
    return found.length >= 2 ? found : undefined;
  });
  for (const { receiver, path } of beats) {
    assert.deepEqual([receiver, path], ['dead-mans-switch', '/watchdog']);
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
  assert(!about('symptom').some(({ receiver }) => receiver === 'tickets'));
  await push([page], true);
  await told('tickets', 'symptom', 'CircuitOpen');
  await told('tickets', 'symptom', 'BudgetExhausted');
});
