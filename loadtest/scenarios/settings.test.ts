/** The settings of a run: defaults, limits, and bad options, whose values are never shown. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SCENARIO_NAMES } from './all.ts';
import { countedPhases, secondsOf } from './scenario.ts';
import { type Env, readLoadSettings } from './settings.ts';

function settingsOf(env: Env) {
  const read = readLoadSettings(env);
  assert(read.ok, read.ok ? '' : read.problems.join('\n'));
  return read.settings;
}

function problemsOf(env: Env): readonly string[] {
  const read = readLoadSettings(env);
  assert(!read.ok);
  return read.problems;
}

test('load settings: absent and empty values give the defaults', () => {
  const empty = {
    SCENARIO: '',
    RATE: '',
    DURATION: '',
    TARGET: '',
    TOKEN: '',
    ALLOW_PAID_LOAD: '',
  };
  for (const env of [{}, empty]) {
    const { scenario, target, simulator, tokens, paidCalls } = settingsOf(env);
    assert.equal(scenario.name, 'smoke');
    assert.deepEqual([target, simulator], ['http://127.0.0.1:8080', 'http://127.0.0.1:8081']);
    assert.deepEqual([tokens, paidCalls], [[], undefined]);
  }
});

test('load settings: RATE and DURATION become those of the scenario', () => {
  for (const [DURATION, seconds] of [
    ['90s', 90],
    ['2m', 120],
    ['1h', 3600],
    ['1h2m3s', 3723],
  ] as const) {
    const phase = countedPhases(settingsOf({ RATE: '70', DURATION }).scenario)[0];
    assert(phase);
    assert.equal(secondsOf(phase), seconds);
    assert.equal(phase.fromPerSecond, 70);
  }
});

test('load settings: a slash at the end of a URL is removed, a path is kept', () => {
  assert.equal(
    settingsOf({ TARGET: 'https://[::1]:8443/claude/' }).target,
    'https://[::1]:8443/claude',
  );
});

test('load settings: several tokens are several callers', () => {
  assert.deepEqual(settingsOf({ TOKEN: 'one,two' }).tokens, ['one', 'two']);
});

const BAD: [key: string, values: string[]][] = [
  ['SCENARIO', ['Smoke', 'smoke ', 'toString', '__proto__', 'smoke,load']],
  ['RATE', ['0', '-1', '1.5', '1e3', '10001', 'fast', '99999999', ' 5']],
  [
    'DURATION',
    ['0s', '30', '30 s', '-5m', '1d', '25h', 'h', '0h0m0s', '1m30', 'PT1M', '99999999s'],
  ],
  [
    'TARGET',
    [
      ...[
        'ftp://h',
        'h:8080',
        'http://',
        'http://a b',
        'http://h/?q',
        'http://h\n',
        'http://u:p@h',
      ],
      ...['http://127.0.0.1:99999', 'http://[', 'http://1.2.3.4.5', 'http://[::g]:80'],
    ],
  ],
  ['SIMULATOR', ['h:8081', 'http://h:0', 'http://[']],
  ['TOKEN', ['a b', 'a,', ',', 'a\nb', 'ä', 'x'.repeat(513)]],
  ['ALLOW_PAID_LOAD', ['0', 'yes', '-1', '2000000']],
];

for (const [key, values] of BAD) {
  test(`load settings: a bad ${key} is named with what is allowed, and without its value`, () => {
    for (const value of values) {
      const problems = problemsOf({ [key]: value });
      assert.equal(problems.length, 1, value);
      assert.match(problems[0] ?? '', new RegExp(`^${key}: must be `));
      if (value.length > 7) assert(!problems[0]?.includes(value), value);
    }
  });
}

test('load settings: all bad options are named at once', () => {
  const problems = problemsOf({ SCENARIO: 'x', RATE: '0', DURATION: 'x', TARGET: 'x', TOKEN: ' ' });
  const keys = problems.map((line) => line.split(':')[0]);
  assert.deepEqual(keys, ['SCENARIO', 'RATE', 'DURATION', 'TARGET', 'TOKEN']);
});

test('load settings: an unknown scenario is told of all that there are', () => {
  const [problem = ''] = problemsOf({ SCENARIO: 'x' });
  for (const name of SCENARIO_NAMES) assert(problem.includes(name));
});

test('load settings: too few calls to be judged, or too many to be held, are refused with both numbers', () => {
  assert.match(
    problemsOf({ RATE: '5', DURATION: '10s' }).join(),
    /^RATE, DURATION: 50 calls in the phase smoke are too few, 201 /,
  );
  assert.equal(problemsOf({ SCENARIO: 'breakpoint', RATE: '1', DURATION: '12s' }).length, 12);
  assert.match(
    problemsOf({ RATE: '10000', DURATION: '1h' }).join(),
    /^RATE, DURATION: \d+ calls in all are too many/,
  );
});

test('load settings: a soak, whose parts are compared, needs more calls in each', () => {
  assert.match(
    problemsOf({ SCENARIO: 'soak', RATE: '20', DURATION: '3m' }).join(),
    /^RATE, DURATION: 1200 calls in the phase early are too few, 1500 /,
  );
  assert(settingsOf({ SCENARIO: 'soak', RATE: '20', DURATION: '5m' }));
});

test('load settings: the limit of RATE holds for the fastest phase', () => {
  const env = { SCENARIO: 'stress', RATE: '2000', DURATION: '10s' };
  assert.match(
    problemsOf(env).join(),
    /^RATE: 16000 calls a second in the phase times_8 are too many, 10000 are allowed/,
  );
});

test('load settings: paid load has to be permitted for as many messages as the scenario asks for', () => {
  const sizes = { RATE: '20', DURATION: '11s' };
  assert.match(
    problemsOf({ ...sizes, ALLOW_PAID_LOAD: '250' }).join(),
    /^ALLOW_PAID_LOAD: smoke asks for 251 messages/,
  );
  assert.equal(settingsOf({ ...sizes, ALLOW_PAID_LOAD: '251' }).paidCalls, 251);
});

test('load settings: each request for a message counts as one, those of a batch too', () => {
  const problem = problemsOf({
    SCENARIO: 'batch',
    RATE: '100',
    DURATION: '10s',
    ALLOW_PAID_LOAD: '1',
  });
  const [, messages] = /asks for (\d+) messages/.exec(problem.join()) ?? [];
  // 1,000 calls and a warm-up of five seconds, of which every fifth is a batch of three.
  assert(Number(messages) > 1_400 * 1.2 && Number(messages) > (1_000 / 5) * 3 + 800, messages);
});

test('load settings: faults go to the simulator of the target, which must be named with it', () => {
  const TARGET = 'http://10.0.0.1:8080';
  assert.match(
    problemsOf({ SCENARIO: 'chaos', TARGET }).join(),
    /^SIMULATOR: must be given with TARGET/,
  );
  const SIMULATOR = 'http://10.0.0.2:8081/';
  assert.equal(
    settingsOf({ SCENARIO: 'chaos', TARGET, SIMULATOR }).simulator,
    'http://10.0.0.2:8081',
  );
  assert.equal(settingsOf({ SCENARIO: 'smoke', TARGET }).target, TARGET);
});
