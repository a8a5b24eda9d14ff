/** Which port is used, and what is said of a bad one. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { choosePort, nextFreePort, type Ports, portProblems } from './ports.ts';

const up: Ports = {
  PORT: 9001,
  METRICS_PORT: 9002,
  SIMULATOR_PORT: 9003,
  OTLP_PORT: 9004,
  PROMETHEUS_PORT: 9005,
  ALERTMANAGER_PORT: 9006,
  PAGES_PORT: 9007,
  GRAFANA_PORT: 9008,
  TEMPO_PORT: 9009,
  LOKI_PORT: 9010,
  COLLECTOR_PORT: 9011,
};

test('what is typed wins over the stack that is up, that over .env, that over the default', () => {
  const file = { PORT: '7000' };
  assert.equal(choosePort('PORT', { shell: { PORT: '8000' }, up, file }), 8000);
  assert.equal(choosePort('PORT', { shell: { PORT: '' }, up, file }), 9001);
  assert.equal(choosePort('PORT', { shell: {}, file }), 7000);
  assert.equal(choosePort('PORT', { shell: {}, file: { PORT: '' } }), 8080);
});

test('good ports have no problem', () => assert.deepEqual(portProblems(up), []));

for (const bad of [Number.NaN, 0, -1, 65_536, 80.5]) {
  test(`${bad} is no port`, () => {
    const [problem, ...rest] = portProblems({ ...up, OTLP_PORT: bad });
    assert.match(problem ?? '', /^OTLP_PORT is no port/);
    assert.deepEqual(rest, []);
  });
}

test('one port for two parts is named with both variables', () => {
  const problems = portProblems({ ...up, SIMULATOR_PORT: up.PORT });
  assert.deepEqual(problems, ['SIMULATOR_PORT and PORT are both 9001: change one of them']);
});

test('the port proposed is nobody else’s and none of ours', async () => {
  // 8081 is the simulator's own, 8082 is somebody's.
  assert.equal(await nextFreePort(8080, async (port) => port !== 8082), 8083);
  await assert.rejects(
    nextFreePort(65_535, async () => true),
    /no port above 65535/,
  );
});
