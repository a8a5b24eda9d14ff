/** Runs in which the driver itself is at its limits, or is answered so that its own code fails. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { execute } from '../../observability/local/testing-stack.ts';
import { type CallKind, MAX_ANSWER_BYTES } from '../calls/kinds.ts';
import { EXIT } from '../scenarios/run-verdict.ts';
import type { LoadScenario, Phase } from '../scenarios/scenario.ts';
import type { MadeCall } from './drive.ts';
import { drive } from './drive.ts';
import { openFilesWarning } from './open-files.ts';
import { Tally } from './tally.ts';

type Listener = (req: IncomingMessage, res: ServerResponse) => void;

async function listen(t: TestContext, messages: Listener): Promise<string> {
  const server = createServer((req, res) => {
    if (req.url !== '/v1/models') return messages(req, res);
    res.writeHead(200, { 'x-simulator': 'claude-observatory' }).end('{"data":[]}');
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Ten calls of a kind. */
function phaseOf(kind: CallKind): Phase {
  return {
    name: 'load',
    startS: 0,
    fromPerSecond: 50,
    maxInFlight: 100,
    counted: true,
    stages: [{ seconds: 0.2, perSecond: 50 }],
    models: ['claude-haiku-5-5'],
    calls: [{ kind, weight: 1 }],
  };
}

/** Makes the calls of a phase. @returns why each has failed */
async function reasonsOf(phase: Phase, target: string): Promise<(string | undefined)[]> {
  const scenario: LoadScenario = {
    name: 'trial',
    question: '',
    phases: [phase],
    faults: [],
    thresholds: [],
    verdict: 'thresholds',
  };
  const calls: MadeCall[] = [];
  await drive({
    settings: { scenario, target, simulator: target, tokens: [], paidCalls: undefined },
    tally: new Tally([phase]),
    signal: new AbortController().signal,
    onCall: (call) => calls.push(call),
  });
  return calls.map(({ seen: { verdict } }) => (verdict.ok ? undefined : verdict.reason));
}

test('drive: a call whose code throws has failed, and the others go on', async (t) => {
  const target = await listen(t, (_, res) => res.end('[]'));
  // No model of any scenario, but one that no JSON can be made of.
  const models = ['claude-haiku-5-5', 1n as unknown as string];
  const reasons = await reasonsOf({ ...phaseOf('complete'), models }, target);
  assert.deepEqual(reasons.toSorted(), [
    ...Array(5).fill('not_json'),
    ...Array(5).fill('not_judged'),
  ]);
});

test('drive: an ID of a batch that no URL can be made of is a failed call, and the others go on', async (t) => {
  let made = 0;
  const target = await listen(t, ({ method }, res) => {
    if (method === 'POST') made += 1;
    const id = made === 3 ? '\\ud800' : 'none';
    res.end(`{"id":"${id}","type":"message_batch","processing_status":"ended"}`);
  });
  const reasons = await reasonsOf(phaseOf('batch'), target);
  assert.equal(reasons.length, 10);
  assert(reasons.every((reason) => reason !== undefined));
  assert(reasons.some((reason) => reason !== 'results_missing'));
});

test('drive: answers that are too large are failed calls with that reason', async (t) => {
  const large = Buffer.alloc(MAX_ANSWER_BYTES + 1, ' ');
  const target = await listen(t, (_, res) => res.end(large));
  assert.deepEqual(
    await reasonsOf(phaseOf('complete'), target),
    Array(10).fill('answer_too_large'),
  );
});

test('run: a driver that may open too few files says so, and its own want is no miss of the service', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'observatory-limits-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const target = await listen(t, (_, res) => setTimeout(() => res.writeHead(529).end(), 600));
  const env = {
    PATH: process.env['PATH'],
    ENV_FILE: '/dev/null',
    RUN_DIR: folder,
    RESULTS_DIR: folder,
    TARGET: target,
    RATE: '100',
    DURATION: '3s',
    SCENARIO: 'smoke',
  };
  const command = `ulimit -n 45; exec ${process.execPath} loadtest/run.ts node`;
  const { code, output } = await execute('bash', ['-c', command], env);
  assert.equal(code, EXIT.inconclusive, output);
  assert.match(output, /may be in flight, but this process may open 45 files/);
  assert.match(output, /because: \d+ requests failed because the driver ran out .*: driver_EMFILE/);
  assert.match(output, /driver_EMFILE +smoke\/complete/);
});

test('openFilesWarning: as many calls as this process may open connections for need none', () => {
  assert.equal(openFilesWarning([phaseOf('complete')]), undefined);
  assert.match(openFilesWarning([{ ...phaseOf('complete'), maxInFlight: 1e9 }]) ?? '', /ulimit -n/);
});
