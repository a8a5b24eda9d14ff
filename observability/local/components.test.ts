/** The ports of the components: a bad one is reported, and a free one is proposed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { nextFreePort, type Ports, portProblems } from './components.ts';

const ports: Ports = {
  PORT: 9001,
  METRICS_PORT: 9002,
  SIMULATOR_PORT: 9003,
  OTLP_PORT: 9004,
  PROMETHEUS_PORT: 9005,
  ALERTMANAGER_PORT: 9006,
  RECEIVER_PORT: 9007,
  GRAFANA_PORT: 9008,
  TEMPO_PORT: 9009,
  LOKI_PORT: 9010,
  COLLECTOR_PORT: 9011,
  CONSOLE_PORT: 9012,
};

test('portProblems: good ports have none', () => assert.deepEqual(portProblems(ports), []));

for (const bad of [Number.NaN, 0, -1, 65_536, 80.5]) {
  test(`portProblems: ${bad} is no port`, () => {
    const [problem, ...rest] = portProblems({ ...ports, OTLP_PORT: bad });
    assert.match(problem ?? '', /^OTLP_PORT is no port/);
    assert.deepEqual(rest, []);
  });
}

test('portProblems: one port for two components is reported with both variables', () => {
  const problems = portProblems({ ...ports, SIMULATOR_PORT: ports.PORT });
  assert.deepEqual(problems, ['SIMULATOR_PORT and PORT are both 9001: change one of them']);
});

test('nextFreePort: proposes a port that is free and that no component uses', async () => {
  // The simulator has 8081, another program 8082.
  assert.equal(await nextFreePort(8080, ports, async (port) => port !== 8082), 8083);
  await assert.rejects(
    nextFreePort(65_535, ports, async () => true),
    /no port above 65535/,
  );
});
