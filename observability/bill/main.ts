/**
 * Holds what the service has counted against the organisation's bill: `make bill` (docs/cost.md). It prints the
 * comparison and ends; with BILL_PORT it stays, reads every hour, and serves its gauges at `/metrics`.
 */
import { once } from 'node:events';
import { createServer } from 'node:http';
import { createHostCheck } from '../../app/http/hosts.ts';
import { gaugesText } from './gauges.ts';
import { BillReader } from './reader.ts';
import { totalOf } from './reconcile.ts';
import { type BillSettings, BillSettingsError, readBillSettings } from './settings.ts';

/** EX_CONFIG of sysexits.h. */
const EXIT_CONFIG = 78;
/** The report is said to be refreshed about as often. */
const EVERY_MS = 3_600_000;

const say = (text: string) => void process.stdout.write(`${text}\n`);

/** @returns the comparison as lines of text */
function table({ state: { last } }: BillReader): string[] {
  if (!last) return [];
  const { models, uncounted, ratio } = last.found;
  const dollars = (value: number) => value.toFixed(2).padStart(12);
  const line = (name: string, billed: string, counted: string) =>
    `${name.padEnd(28)}${billed}${counted}`;
  const [from, to] = [last.window.startMs, last.window.endMs].map((ms) =>
    new Date(ms).toISOString(),
  );
  const total = totalOf(models);
  return [
    `${from} to ${to}, US dollars at list price`,
    line('model', 'billed'.padStart(12), 'counted'.padStart(12)),
    ...[...models].map(([model, { list, counted }]) =>
      line(model, dollars(list), dollars(counted)),
    ),
    line('all', dollars(total.list), dollars(total.counted)),
    `counted / billed: ${ratio === undefined ? 'nothing was billed' : ratio.toFixed(4)}`,
    ...[...uncounted]
      .filter(([, value]) => value > 0)
      .map(([kind, value]) => `billed and not counted here: ${kind} ${value.toFixed(2)}`),
  ];
}

async function runOnce(reader: BillReader): Promise<number> {
  const problem = await reader.read();
  if (problem === undefined) for (const line of table(reader)) say(line);
  else process.stderr.write(`bill: ${problem}\n`);
  return problem === undefined ? 0 : 1;
}

async function serve(reader: BillReader, { host, port }: BillSettings): Promise<void> {
  const check = createHostCheck({ allowed: [], anyAddress: true });
  const server = createServer((request, response) => {
    const isScrape = request.method === 'GET' && request.url === '/metrics';
    if (check(request) !== 'served' || !isScrape) return void response.writeHead(404).end();
    response.setHeader('content-type', 'text/plain; version=0.0.4; charset=utf-8');
    response.end(gaugesText(reader.state));
  });
  server.listen(port, host);
  await once(server, 'listening');
  say(JSON.stringify({ msg: 'listening', address: server.address() }));
  const read = async () => {
    const problem = await reader.read();
    if (problem !== undefined) say(JSON.stringify({ level: 'warn', msg: 'not read', problem }));
  };
  await read();
  const timer = setInterval(read, EVERY_MS);
  await Promise.race([once(process, 'SIGTERM'), once(process, 'SIGINT')]);
  clearInterval(timer);
  server.close();
  server.closeAllConnections();
}

async function main(): Promise<number> {
  let settings: BillSettings;
  try {
    settings = readBillSettings(process.env);
  } catch (error) {
    if (!(error instanceof BillSettingsError)) throw error;
    process.stderr.write(`bill: ${error.message}\n`);
    return EXIT_CONFIG;
  }
  const reader = new BillReader(settings);
  if (settings.port === undefined) return runOnce(reader);
  await serve(reader, settings);
  return 0;
}

if (import.meta.main) process.exitCode = await main();
