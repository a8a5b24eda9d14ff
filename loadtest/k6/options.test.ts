/** Scenarios as k6's options, and when k6 begins a call. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SCENARIOS } from '../scenarios/all.ts';
import type { Phase } from '../scenarios/scenario.ts';
import { dueInK6S, k6Options, mostUsers } from './options.ts';

const SPIKE = SCENARIOS.spike({ perSecond: 50, seconds: 50 });
const phaseOf = (name: string) => SPIKE.phases.find((phase) => phase.name === name) as Phase;

test('k6 options: a constant rate and a changing one have the executors of k6 for them', () => {
  const { scenarios = {} } = k6Options(SPIKE);
  assert.deepEqual(scenarios['before'], {
    executor: 'constant-arrival-rate',
    exec: 'makeCall',
    startTime: '5s',
    timeUnit: '1s',
    rate: 50,
    duration: '20s',
    preAllocatedVUs: 50,
    gracefulStop: '30s',
  });
  assert.deepEqual(scenarios['spike'], {
    executor: 'ramping-arrival-rate',
    exec: 'makeCall',
    startTime: '25s',
    timeUnit: '1s',
    startRate: 50,
    stages: [
      { duration: '1s', target: 400 },
      { duration: '10s', target: 400 },
    ],
    preAllocatedVUs: 400,
    gracefulStop: '30s',
  });
});

test('k6 options: faults are switched by scenarios of their own, at their times', () => {
  const { scenarios = {} } = k6Options(SCENARIOS.chaos({ perSecond: 40, seconds: 60 }));
  const times = ['faults_0_on', 'faults_0_off'].map((name) => scenarios[name]?.startTime);
  assert.deepEqual(times, ['25s', '45s']);
});

test('k6: at a constant rate the first call is due at once', () => {
  const before = phaseOf('before');
  assert.deepEqual([dueInK6S(before, 0), dueInK6S(before, 50)], [0, 1]);
});

test('k6: while the rate changes the first call is due when the rate has added up to one', () => {
  const spike = phaseOf('spike');
  // 50·t + 350·t²/2 = 1
  assert(Math.abs(dueInK6S(spike, 0) - 0.018_79) < 1e-4, `${dueInK6S(spike, 0)}`);
  // The first second has 225 calls, from then on one is due every 2.5 ms.
  assert(Math.abs(dueInK6S(spike, 226) - 1.005) < 1e-9, `${dueInK6S(spike, 226)}`);
});

test('k6: a phase keeps its virtual users for half a minute after its end, beside those of all that follow', () => {
  const phase = (startS: number, seconds: number, maxInFlight: number): Phase => {
    const stages = [{ seconds, perSecond: 50 }];
    return { ...phaseOf('before'), startS, stages, maxInFlight };
  };
  const usersOf = (...phases: Phase[]) => mostUsers({ ...SPIKE, phases });
  assert.equal(usersOf(phase(0, 60, 50)), 50);
  assert.equal(usersOf(phase(0, 10, 50), phase(10, 10, 100), phase(20, 10, 20)), 170);
  // The first has let go of its users when the third begins.
  assert.equal(usersOf(phase(0, 10, 50), phase(10, 30, 100), phase(40, 10, 90)), 190);
});

test('k6: faults are switched by one virtual user more each', () => {
  const chaos = SCENARIOS.chaos({});
  const without = mostUsers({ ...chaos, faults: [] });
  assert.equal(mostUsers(chaos), without + 2);
});
