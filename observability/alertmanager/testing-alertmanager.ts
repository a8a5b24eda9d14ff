/** For tests: the real Alertmanager with a configuration of theirs, and the webhook behind all of its receivers. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { findTool } from '../local/paths.ts';
import { eventually } from '../local/testing-stack.ts';

export type Labels = Readonly<Record<string, string>>;

/** What the webhook got: one group of alerts for one receiver. */
export interface Message {
  readonly path: string;
  readonly receiver: string;
  readonly status: string;
  readonly groupLabels: Labels;
  readonly alerts: readonly { readonly status: string; readonly labels: Labels }[];
}

/** @returns a configuration with its waits of seconds and minutes as milliseconds */
export function quickened(configuration: string): string {
  return configuration
    .replaceAll(/(?<=group_wait: )[1-9]\w+/g, '200ms')
    .replaceAll(/(?<=group_interval: )\w+/g, '400ms')
    .replaceAll(/(?<=repeat_interval: )1m/g, '400ms');
}

/** @returns the names of a message's alerts, sorted */
export function namesOf({ alerts }: Message): (string | undefined)[] {
  return alerts.map(({ labels }) => labels['alertname']).toSorted();
}

async function freePort(): Promise<number> {
  const server = createTcpServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

export class TestingAlertmanager {
  readonly messages: Message[] = [];
  readonly #folder = mkdtempSync(join(tmpdir(), 'observatory-alertmanager-'));
  readonly #webhook = createServer(async (request, response) => {
    this.messages.push({ path: request.url ?? '', ...JSON.parse(await text(request)) });
    response.end();
  });
  #process: ChildProcess | undefined;
  #url = '';

  /** @param configuration its receivers read their addresses from receiver.url and watchdog.url */
  async start(configuration: string): Promise<void> {
    this.#webhook.listen(0, '127.0.0.1');
    await once(this.#webhook, 'listening');
    const hook = `http://127.0.0.1:${(this.#webhook.address() as AddressInfo).port}`;
    writeFileSync(join(this.#folder, 'alertmanager.yml'), configuration);
    writeFileSync(join(this.#folder, 'receiver.url'), `${hook}/`);
    writeFileSync(join(this.#folder, 'watchdog.url'), `${hook}/watchdog`);
    const port = await freePort();
    this.#url = `http://127.0.0.1:${port}`;
    const args = [
      '--config.file=alertmanager.yml',
      `--storage.path=${this.#folder}`,
      `--web.listen-address=127.0.0.1:${port}`,
      '--cluster.listen-address=',
    ];
    const program = findTool('alertmanager') ?? 'alertmanager';
    this.#process = spawn(program, args, { cwd: this.#folder, stdio: 'ignore' });
    await eventually('Alertmanager', async () => {
      const ready = await fetch(`${this.#url}/-/ready`).catch(() => undefined);
      return ready?.ok || undefined;
    });
  }

  async stop(): Promise<void> {
    if (this.#process) {
      const exited = once(this.#process, 'exit');
      this.#process.kill();
      await exited;
    }
    this.#webhook.close();
    this.#webhook.closeAllConnections();
    rmSync(this.#folder, { recursive: true });
  }

  /** Tells Alertmanager of alerts, as Prometheus does. */
  async push(alerts: readonly Labels[], ended = false): Promise<void> {
    const endsAt = new Date(Date.now() + (ended ? -1_000 : 600_000)).toISOString();
    // Without a start it starts now, so Alertmanager waits for the rest of its group.
    const body = JSON.stringify(alerts.map((labels) => ({ labels, endsAt })));
    const headers = { 'content-type': 'application/json' };
    const response = await fetch(`${this.#url}/api/v2/alerts`, { method: 'POST', headers, body });
    assert.equal(response.status, 200, await response.text());
  }

  /** Every message that is about a job, newest last. */
  about(job: string): Message[] {
    return this.messages.filter(({ alerts }) => alerts.some(({ labels }) => labels['job'] === job));
  }

  /** Waits for a message to a receiver with exactly these alerts. */
  told(receiver: string, job: string, ...names: readonly string[]): Promise<Message> {
    return eventually(`${receiver} is told of ${names}`, () =>
      this.about(job).find(
        (message) => message.receiver === receiver && namesOf(message).join() === names.join(),
      ),
    );
  }
}
