/** Faults of a scenario, switched in the real simulator. */
import assert from 'node:assert/strict';
import { after, before, beforeEach, test } from 'node:test';
import { request } from 'undici';
import { DEFAULT_KEY, type Simulator, startSimulator } from '../simulator/server.ts';
import { faultsOff, faultsOn } from './fault-calls.ts';
import { messageRequest } from './prompts.ts';
import { ASKED, answerOf, runSteps } from './testing-calls.ts';

let simulator: Simulator;
before(async () => {
  simulator = await startSimulator({ profile: 'none' });
});
after(() => simulator.close());
beforeEach(() => simulator.setFaults([]));

const ON = [{ kind: 'overloaded' }, { kind: 'reset', path: '/v1/models' }] as const;

async function ask(path: string, body?: string): Promise<number> {
  const headers = { 'x-api-key': DEFAULT_KEY, 'anthropic-version': '2023-06-01' };
  const method = body === undefined ? 'GET' : 'POST';
  const response = await request(simulator.url + path, { method, headers, body: body ?? null });
  await response.body.dump();
  return response.statusCode;
}

test('faults: they are switched on and off', async () => {
  const { path, body } = messageRequest(ASKED);
  assert.equal(await runSteps(faultsOn(ON.slice(0, 1)), simulator.url), true);
  assert.equal(await ask(path, body), 529);
  assert.equal(await runSteps(faultsOff(), simulator.url), true);
  assert.equal(await ask(path, body), 200);
});

test('faults: one that was injected into no request has not happened', async () => {
  const { path, body } = messageRequest(ASKED);
  await runSteps(faultsOn([...ON].reverse()), simulator.url);
  assert.equal(await ask(path, body), 529);
  assert.equal(await runSteps(faultsOff(), simulator.url), false);
});

test('faults: switching off what is not on is no success', async () => {
  assert.equal(await runSteps(faultsOff(), simulator.url), false);
});

test('faults: a simulator that refuses or is not there has done nothing', async () => {
  const bad = [{ kind: 'unheard_of' }] as unknown as typeof ON;
  assert.equal(await runSteps(faultsOn(bad), simulator.url), false);
  assert.equal(await runSteps(faultsOn(ON), 'http://127.0.0.1:1'), false);
  assert.equal(await runSteps(faultsOff(), 'http://127.0.0.1:1'), false);
});

test('faults: an answer that is no list of faults is no success', () => {
  const steps = faultsOff();
  steps.next();
  steps.next(answerOf({ body: '<html>' }));
  assert.deepEqual(steps.next(answerOf({ body: '[]' })), { done: true, value: false });
});

test('faults: the simulator is addressed by a name of loopback, the only one that it serves admin routes by', () => {
  const step = faultsOn(ON).next().value;
  assert(typeof step === 'object' && 'request' in step);
  assert.equal(step.request.headers['host'], 'localhost');
});
