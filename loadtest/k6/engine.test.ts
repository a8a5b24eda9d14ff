/**
 * The k6 script in k6's JavaScript engine, against the real service and the simulator: the engine can run it, its
 * options are those that k6 takes, and its calls count. k6's schedule, sockets and summary are stood in for, so this is
 * not a k6 run (docs/unproven.md).
 */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { after, before, describe, test } from 'node:test';
import { listen } from '../../app/testing/http.ts';
import { useSimulatedService } from '../../app/testing/simulated-service.ts';
import { bundleK6Script } from '../bundle.ts';
import { SCENARIO_NAMES, SCENARIOS } from '../scenarios/all.ts';
import { callOfLine } from '../scenarios/notable-calls.ts';
import { callsIn, countedPhases } from '../scenarios/scenario.ts';
import type { Summary } from '../scenarios/summary.ts';
import { runInEngine, Scripts, WITHOUT_ENGINE } from './testing-engine.ts';

/** As many as there are kinds in the turns of the mixed scenario. */
const ITERATIONS = 20;

describe('k6 script in its engine', { skip: WITHOUT_ENGINE, concurrency: false }, () => {
  const api = useSimulatedService();
  const scripts = new Scripts();
  let script = '';
  before(async () => {
    script = scripts.add(await bundleK6Script());
  });
  after(() => scripts.remove());

  const run = (env: Record<string, string>, iterations = ITERATIONS) =>
    runInEngine(
      script,
      { TARGET: api.service.url, SIMULATOR: api.simulator.url, ...env },
      iterations,
    );

  for (const name of SCENARIO_NAMES) {
    const scenario = SCENARIOS[name]({});

    test(`${name}: options are valid, calls of every phase are good, and the summary has them`, async () => {
      const { failure, problems, options, files } = await run({ SCENARIO: name, RESULT: 'r' });
      assert.equal(failure, undefined);
      assert.deepEqual(problems, []);
      for (const phase of scenario.phases) assert(options.scenarios[phase.name], phase.name);
      const summary = JSON.parse(files['r.json'] ?? '') as Summary;
      assert.equal(summary.scenario, name);
      assert.match(files['stdout'] ?? '', /verdict: /);
      const counted = countedPhases(scenario);
      assert.deepEqual(
        summary.phases.map((row) => [row.name, row.calls, row.answered]),
        counted.map((phase) => [phase.name, Math.min(ITERATIONS, callsIn(phase)), 1]),
      );
      const calls = counted.length * ITERATIONS;
      assert.equal(
        summary.kinds.reduce((sum, row) => sum + row.calls, 0),
        calls,
      );
      assert.deepEqual(summary.failed, []);
    });
  }

  test('breakpoint: only its first step is a gate of k6, and the others are shown', async () => {
    const { options } = await run({ SCENARIO: 'breakpoint' }, 1);
    const conditions = (step: number) =>
      options.thresholds[`claude_call_duration_ms{scenario:step_${step}}`];
    assert.deepEqual(conditions(1), ['p(99)<500']);
    assert.deepEqual(conditions(2), ['p(99)>=0']);
  });

  test('chaos: faults are switched on and off in the simulator, and count as changes', async () => {
    const { metrics } = await run({ SCENARIO: 'chaos' });
    // With so few calls it is left to chance whether each fault was injected, which the second change tells.
    assert((metrics['claude_fault_changes']?.['count'] ?? 0) >= 1);
    const active = await fetch(`${api.simulator.url}/__sim/faults`);
    assert.deepEqual(await active.json(), []);
  });

  test('chaos: a simulator that cannot be reached is told, and counts as no change', async () => {
    const { metrics, console } = await run({ SCENARIO: 'chaos', SIMULATOR: 'http://127.0.0.1:1' });
    assert.equal(metrics['claude_fault_changes']?.['count'], 0);
    assert.match(console.join('\n'), /error: faults_0_on: the simulator did not do it/);
  });

  test('failed calls are counted, and told by a line that leads to their trace', async () => {
    await api.withFaults([{ kind: 'error_code:organization_on_hold' }], async () => {
      const { metrics, console, files } = await run({ RESULT: 'r' });
      assert.equal(metrics['claude_call_success{scenario:smoke}']?.['rate'], 0);
      const told = console.map(callOfLine).filter((call) => call !== undefined);
      assert.equal(told.length, ITERATIONS);
      assert.match(told[0]?.reason ?? '', /^status_4\d\d$/);
      assert(api.simulator.requests().some((r) => r.headers['x-correlation-id'] === told[0]?.id));
      assert.equal((JSON.parse(files['r.json'] ?? '') as Summary).verdict, 'missed');
    });
  });

  test('slow calls are told only to a reader of the lines, and failures once a virtual user', async () => {
    const linesOf = async (env: Record<string, string>) =>
      (await run(env)).console.filter((line) => callOfLine(line) !== undefined).length;
    assert((await linesOf({ RESULT: 'r' })) >= 10);
    assert.equal(await linesOf({}), 0);
    await api.withFaults([{ kind: 'error_code:organization_on_hold' }], async () => {
      assert.equal(await linesOf({}), 1);
    });
  });

  test('several instances divide the numbers of calls, and none demands to have switched the faults', async () => {
    const { options, failure } = await run({ SCENARIO: 'chaos', RATE: '80', INSTANCES: '4' }, 1);
    assert.equal(failure, undefined);
    const conditions = options.thresholds['claude_calls{scenario:after}'];
    const all = SCENARIOS.chaos({ perSecond: 80 }).thresholds.find(
      ({ metric }) => metric === 'claude_calls{scenario:after}',
    );
    assert.deepEqual(conditions, [`count>=${Math.floor((all?.limit ?? 0) / 4)}`]);
    assert.equal(options.thresholds['claude_fault_changes'], undefined);
  });

  const BAD: [string, Record<string, string>, RegExp][] = [
    ['an unknown scenario', { SCENARIO: 'x' }, /SCENARIO: must be one of smoke, /],
    ['a bad rate', { RATE: '0' }, /RATE: must be a whole number/],
    ['a bad number of instances', { INSTANCES: '0' }, /INSTANCES: must be a whole number/],
  ];
  for (const [name, env, expected] of BAD) {
    test(`${name} ends the script before any call`, async () => {
      const seen = api.simulator.seen();
      const { failure } = await run(env);
      assert.match(failure ?? '', expected);
      assert.equal(api.simulator.seen(), seen);
    });
  }

  test('setup: an upstream that is not the simulator gets no call', async (t) => {
    let calls = 0;
    const server = createServer((request, response) => {
      if (request.url !== '/v1/models') calls += 1;
      response.end('{"data":[]}');
    });
    const TARGET = `http://127.0.0.1:${await listen(t, server)}`;
    const { failure } = await run({ TARGET });
    assert.match(failure ?? '', /refused: the upstream is not the simulator/);
    assert.equal(calls, 0);
  });
});

const LACKING = [
  'URL',
  'TextDecoder',
  'structuredClone',
  'performance',
  'setTimeout',
  'fetch',
  'process',
];

describe('what the engine lacks', { skip: WITHOUT_ENGINE }, () => {
  for (const name of LACKING) {
    test(`a script that uses ${name} when it is loaded fails`, async (t) => {
      const scripts = new Scripts();
      t.after(() => scripts.remove());
      const path = scripts.add(`export const options = ${name}.name;`);
      const { failure } = await runInEngine(path, {}, 1);
      assert.match(failure ?? '', new RegExp(`ReferenceError: ${name} is not defined`));
    });
  }
});
